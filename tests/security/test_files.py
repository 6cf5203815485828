"""Files as a way in: whose they are, where they are fetched from, how slowly they come, what they run."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from reports import casework
from tests.factories.reports import report_of
from tests.files import docx, pdf, picture
from whatsapp import errors, media
from whatsapp.models import Media
from whatsapp.providers import calls
from whatsapp.providers.cloud_api import CloudApi
from whatsapp.providers.dialog360 import Dialog360
from whatsapp.types import Kind

pytestmark = pytest.mark.django_db


def staff(role: str) -> User:
    user = User.objects.create_user(role.lower(), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def address(file: Media) -> str:
    return f"/admin/whatsapp/file/{file.pk}/"


class TestWhoseTheyAre:
    @pytest.fixture
    def answer(self) -> Media:
        """What was sent to one citizen."""
        casework.answer(
            report_of("Buca in via Roma 3"),
            User.objects.create_superuser("capo"),
            "",
            upload=SimpleUploadedFile("verbale.pdf", pdf()),
        )
        return Media.objects.get()

    @pytest.mark.parametrize("role", ["Redazione", "Approvazione", "Revisori", "Amministratori"])
    def test_an_answer_to_one_citizen_is_not_for_who_writes_broadcasts(
        self, answer: Media, role: str, enter: Callable[..., Client]
    ) -> None:
        assert enter(staff(role)).get(address(answer)).status_code == 403

    def test_it_is_for_who_treats_reports(self, answer: Media, enter: Callable[..., Client]) -> None:
        assert enter(staff("Segnalazioni")).get(address(answer)).status_code == 200

    def test_a_broadcasts_file_is_for_who_writes_broadcasts(self, enter: Callable[..., Client]) -> None:
        file = media.save_outgoing(SimpleUploadedFile("foto.jpg", picture()), for_subscribers=True)
        assert enter(staff("Redazione")).get(address(file)).status_code == 200


class TestHeldBack:
    @pytest.fixture
    def macro(self) -> Media:
        announced = Media.objects.create(kind=Kind.DOCUMENT, inbound=True, filename="modulo.docm")
        return media.keep_inbound(announced, docx("word/vbaProject.bin"))

    def test_nothing_leaves_before_the_reason_was_shown(
        self, macro: Media, enter: Callable[..., Client]
    ) -> None:
        client = enter(staff("Segnalazioni"))
        page = client.get(address(macro))
        assert page["Content-Type"].startswith("text/html")
        assert "modulo.docm" in page.text
        assert "contiene macro" in page.text
        assert not LogEntry.objects.get_for_object(macro).exists()
        answer = client.post(address(macro))
        assert 'filename="modulo.docm"' in answer["Content-Disposition"]
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Content-Type"] == "application/octet-stream"
        assert LogEntry.objects.get_for_object(macro).count() == 1

    def test_no_other_site_confirms_it(self, macro: Media) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(staff("Segnalazioni"))
        assert client.post(address(macro)).status_code == 403


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8543\\@lookaside.fbsbx.com/x",
        "https://evil.example\\.whatsapp.net/",
        "https://evil.example\\@lookaside.fbsbx.com",
        "https://user:secret@lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com@evil.example/x",
        "https://evil.example/#@lookaside.fbsbx.com",
        "https://evil.example?.whatsapp.net/",
        "https://lookaside.fbsbx.com .evil.example/x",
        "https://evil.example\t.whatsapp.net/",
        "https://evil.example\n.whatsapp.net/",
        "https://evil.example\u3002whatsapp.net/",
        "http://lookaside.fbsbx.com/x",
        "https://whatsapp.net.evil.example/",
        "https://2130706433/",
        "https://[::ffff:127.0.0.1]/",
        "file:///etc/passwd",
        "//lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com:port/x",
        "",
    ],
)
@pytest.mark.parametrize("provider", [CloudApi, Dialog360])
def test_the_token_goes_to_no_other_host(provider: type[CloudApi], url: str, settings: Any) -> None:
    settings.WHATSAPP_MEDIA_HOSTS = ["lookaside.fbsbx.com", ".fbcdn.net", ".whatsapp.net"]
    with pytest.raises(errors.MessageError):
        provider().media_url(url)


def test_a_true_address_is_asked_for_as_it_is(settings: Any) -> None:
    settings.WHATSAPP_MEDIA_HOSTS = ["lookaside.fbsbx.com", ".whatsapp.net"]
    url = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1234&ext=17&hash=ATt-a_b%3D"
    assert CloudApi().media_url(url) == url


@contextmanager
def dripping(head: bytes, byte: bytes) -> Iterator[str]:
    """A server that sends a beginning and then a byte now and then, without an end."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(head)
            while not over.wait(0.02):
                connection.sendall(byte)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/file"
    over.set()
    listener.close()
    thread.join(5)


@pytest.mark.parametrize(
    ("head", "byte"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
    ],
    ids=["body", "body without a length", "chunks", "headers"],
)
def test_a_download_ends_however_slowly_bytes_come(
    head: bytes, byte: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "DEADLINE", 0.5)
    begun = time.monotonic()
    with dripping(head, byte) as url, pytest.raises(errors.Transient):
        calls.Caller().download(url, {}, media.INBOUND_LIMIT)
    assert time.monotonic() - begun < 60, "far below the time the server would have taken"


def test_a_call_that_was_cut_may_have_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "DEADLINE", 0.5)
    with dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x") as url, pytest.raises(errors.OutcomeUnknown):
        calls.Caller().call("POST", url, json={})
