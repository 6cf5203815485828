import io
import os
import shutil
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client, override_settings
from django.utils import timezone
from hypothesis import settings
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.chromium import CHROMIUM, DESK, PHONE, SharedBrowser
from whatsapp.models import Channel

# The same draws at every run, whatever the machine's speed; `make faults` looks for new ones.
settings.register_profile("short", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None)
settings.load_profile(os.environ.get("FAULTS") or "short")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A case's name, sent to every worker and put into the environment, does not hold a whole file, whose
    bytes may differ from process to process."""
    if isinstance(val, str | bytes) and len(val) > 80:
        return f"{argname}-of-{len(val)}"
    return None


expect.set_options(timeout=20_000)  # milliseconds: five seconds are few for a browser among other tests


@pytest.fixture(scope="session", autouse=True)
def emptied_between_tests() -> Iterator[None]:
    """Tests that commit are followed by a TRUNCATE of everything, which the register's triggers refuse."""
    with pytest.MonkeyPatch.context() as patch:
        flush = DatabaseOperations.execute_sql_flush

        def unprotected(operations: DatabaseOperations, statements: list[str]) -> None:
            off, on = "SET session_replication_role = replica", "SET session_replication_role = DEFAULT"
            flush(operations, [off, *statements, on])

        patch.setattr(DatabaseOperations, "execute_sql_flush", unprotected)
        yield


@pytest.fixture(scope="session", autouse=True)
def open_service() -> Iterator[None]:
    """A channel is born open: the trial mode, in which citizens receive nothing, has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel._meta.get_field("opened_at"), "_get_default", timezone.now)
        yield


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """A real hash takes half a second of processor, and no test is about how hard ours is to guess."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture
def soffice() -> str:
    """LibreOffice without a screen. Without it the test is skipped; in CI that is a failure."""
    program = shutil.which("soffice")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("LibreOffice is missing: .ci/run installs it")
        pytest.skip("LibreOffice non c'è: «apt-get install libreoffice-calc-nogui» per questa prova")
    return program


@pytest.fixture(scope="session")
def shared_browser() -> Iterator[SharedBrowser]:
    """Starts when the first test asks for it."""
    shared = SharedBrowser()
    yield shared
    shared.stop()


@pytest.fixture
def browser(shared_browser: SharedBrowser) -> Iterator[Browser]:
    """Debian's Chromium, headless. Without one the test is skipped; in CI that is a failure."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: .ci/run installs it")
        pytest.skip("Chromium non c'è: «apt-get install chromium» per le prove nel browser")
    with shared_browser.lent() as started:
        yield started


class Visit(Protocol):
    def __call__(self, user: User | None = ..., size: tuple[int, int] = ..., **context: Any) -> Page: ...


@pytest.fixture
def visit(browser: Browser, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    """Opens the site, logged in as somebody or as a stranger, in a browser window of its own.

    Whatever the policy refuses, or an error in a script, fails the test.
    """
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright runs a loop of its own
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def refused(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            problems.append(message.text)

    def open_page(user: User | None = None, size: tuple[int, int] = DESK, **context: Any) -> Page:
        context |= {"viewport": {"width": size[0], "height": size[1]}, "locale": "it-IT"}
        contexts.append(browser.new_context(base_url=live_server.url, **context))
        if user:
            client = Client()
            client.force_login(user)
            key = client.cookies["sessionid"].value
            contexts[-1].add_cookies([{"name": "sessionid", "value": key, "url": live_server.url}])
        contexts[-1].on("console", refused)
        contexts[-1].on("weberror", lambda error: problems.append(str(error.error)))
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()
    connection.close()  # inside Playwright's loop it is another one, which would hold the test database
    assert problems == []


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The window's width and height."""
    width, height = request.param
    return width, height


@pytest.fixture
def picture() -> bytes:
    """A small photograph with EXIF data that tells a position and an orientation."""
    image = Image.new("RGB", (640, 480), "#7a8b99")
    ImageDraw.Draw(image).ellipse((200, 150, 440, 330), fill="#222222")
    exif = image.getexif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    output = io.BytesIO()
    image.save(output, "JPEG", exif=exif)
    return output.getvalue()
