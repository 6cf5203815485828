import io
import os
from collections.abc import Iterator

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations
from django.utils import timezone
from hypothesis import settings
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, expect, sync_playwright

from tests.chromium import CHROMIUM, launch
from whatsapp.models import Channel

# The same draws at every run, whatever the machine's speed; `make faults` looks for new ones.
settings.register_profile("short", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None)
settings.load_profile(os.environ.get("FAULTS") or "short")

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


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless. Without one the test is skipped; in CI that is a failure.

    One for each test: Playwright's event loop, left running, would follow the thread into other tests.
    """
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: .ci/run installs it")
        pytest.skip("Chromium non c'è: «apt-get install chromium» per le prove nel browser")
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


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
