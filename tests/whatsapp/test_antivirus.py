"""An antivirus looks into what the staff may open, in either direction; without an answer nothing opens."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

from regalbuto_urp.local import free_port
from tests.clamd import Clamd, clamd
from tests.files import EICAR, pdf, picture
from whatsapp import antivirus, checks, fetching, health, media
from whatsapp.errors import ContentError
from whatsapp.models import Media
from whatsapp.types import Kind

pytestmark = pytest.mark.django_db
TEXT = b"Buca in via Roma"


@pytest.fixture
def server(settings: Any) -> Iterator[Clamd]:
    with clamd() as running:
        settings.CLAMD = running.address
        yield running


@pytest.fixture
def dead(settings: Any) -> None:
    settings.CLAMD = f"127.0.0.1:{free_port()}"


def received(content: bytes) -> Media:
    file = Media.objects.create(kind=Kind.DOCUMENT, inbound=True, filename="modulo.txt")
    return media.keep_inbound(file, content)


def scan_again() -> None:
    Media.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    fetching.fetch_due()


def test_a_clean_file_opens(server: Clamd) -> None:
    assert received(TEXT).status == Media.Status.FETCHED
    assert server.seen == [TEXT]


def test_a_virus_is_held_back_for_good_and_named(server: Clamd) -> None:
    file = received(EICAR.encode())
    assert file.status == Media.Status.REJECTED
    assert "Eicar-Test-Signature" in file.reason


def test_a_virus_is_not_sent(server: Clamd) -> None:
    upload = SimpleUploadedFile("a.pdf", pdf() + EICAR.encode())
    with pytest.raises(ContentError, match="Eicar"):
        media.save_outgoing(upload)
    assert not Media.objects.exists()


def test_what_is_over_its_limit_opens_with_a_warning(server: Clamd) -> None:
    server.limit = 10
    assert received(TEXT * 50_000).warning == antivirus.NOT_SCANNABLE


def test_without_an_answer_a_file_waits_is_seen_and_opens_after_the_scan(dead: None, settings: Any) -> None:
    file = received(TEXT)
    assert (file.status, file.reason) == (Media.Status.SCANNING, media.WAITING)
    scan_again()
    assert health.snapshot().unscanned_files == 1
    assert any("antivirus" in problem for problem in health.snapshot().problems)
    with clamd() as running:
        settings.CLAMD = running.address
        scan_again()
    file.refresh_from_db()
    assert (file.status, file.reason) == (Media.Status.FETCHED, "")
    assert health.snapshot().unscanned_files == 0


def test_it_waits_as_long_as_it_takes(dead: None) -> None:
    file = received(TEXT)
    Media.objects.update(attempts=fetching.MOST_COUNTED)
    scan_again()
    file.refresh_from_db()
    assert file.status == Media.Status.SCANNING
    assert file.due_at <= timezone.now() + fetching.LONGEST_SCAN_WAIT


def test_a_slow_one_is_no_answer(server: Clamd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(antivirus, "SECONDS", 0.2)
    server.delay = 2
    assert received(TEXT).status == Media.Status.SCANNING


def test_a_photo_drawn_again_does_not_wait(dead: None) -> None:
    """Damage must be seen in an emergency, and nothing of the file that was sent is left in it."""
    assert received(picture()).status == Media.Status.FETCHED
    assert media.save_outgoing(SimpleUploadedFile("foto.jpg", picture())).status == Media.Status.FETCHED
    with pytest.raises(ContentError, match="antivirus non risponde"):
        media.save_outgoing(SimpleUploadedFile("a.pdf", pdf()))


def test_without_one_the_check_says_so(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.CLAMD = ""
    [info] = checks.antivirus()
    assert info.id == "whatsapp.I001"
    settings.CLAMD = "127.0.0.1:3310"
    assert checks.antivirus() == []
    call_command("check")
