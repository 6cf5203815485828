"""Whatever is typed, chosen or clicked: a clear message, and nothing lost."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client

from broadcasts import sending
from broadcasts.models import Broadcast, Category
from broadcasts.types import State
from tests.broadcasts.test_admin import ADD, LIST, text_of, typed
from tests.broadcasts.test_drafts import FILE, KEEP, page
from tests.factories.broadcasts import BroadcastFactory
from tests.factories.whatsapp import StaffPhoneFactory
from whatsapp import media
from whatsapp.errors import ContentError
from whatsapp.models import Media, Message, Template

pytestmark = pytest.mark.django_db
PDF = (Path(__file__).parents[2] / "whatsapp/data/examples/documento.pdf").read_bytes()


def test_a_title_of_5000_characters(office: Client) -> None:
    html = text_of(office.post(ADD, typed(title="x" * 5000, _save="")))
    assert "x" * 5000 in html
    assert "ha 5000 caratteri, il massimo è 80: accorcialo" in html
    assert "Titolo" in office.post(KEEP, page(title="x" * 5000)).json()["problem"]


class _NotRead(TemporaryUploadedFile):
    """A clip of 200 MB of holes, which nobody reads beyond its beginning."""

    def __init__(self, size: int) -> None:
        super().__init__("film.mp4", "video/mp4", size, None)
        self.file.write(b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41")
        self.file.truncate(size)
        self.file.seek(0)
        self.most = 0

    def read(self, *args: Any) -> bytes:
        found: bytes = self.file.read(*args)
        self.most = max(self.most, len(found))
        return found


@pytest.mark.parametrize("megabytes", [17, 200])
def test_a_clip_too_long_is_refused_unread(megabytes: int) -> None:
    clip = _NotRead(megabytes * media.MB)
    with pytest.raises(ContentError, match=f"di {megabytes},0 MB.*qualità più bassa"):
        media.save_outgoing(clip)
    assert clip.most <= 8192
    assert not Media.objects.exists()


def test_a_pdf_called_jpg_goes_as_what_it_is_and_says_so(office: Client) -> None:
    answer = office.post(FILE, {"upload": SimpleUploadedFile("scansione.jpg", PDF, "image/jpeg")}).json()
    assert "«scansione.jpg» in realtà è un PDF" in answer["note"]
    kept = Media.objects.get()
    assert (kept.kind, kept.filename) == ("document", "scansione.pdf")
    upload = SimpleUploadedFile("scansione.jpg", PDF, "image/jpeg")
    html = text_of(office.post(ADD, typed(attachment="file", upload=upload, _save=""), follow=True))
    assert "in realtà è un PDF" in html
    assert Broadcast.objects.get().header == "document"


def test_a_schedule_in_the_past_keeps_the_notice(office: Client, notice: Broadcast, page_of: Any) -> None:
    past = {"digest": "x", "day": "2001-01-01", "clock": "08:00"}
    assert "già passato" in text_of(office.post(page_of(notice, "programma"), past))
    notice.refresh_from_db()
    assert notice.state == State.DRAFT


def test_a_category_that_lost_its_template_between_writing_and_checking(
    office: Client, people: Any, approved: None
) -> None:
    office.post(ADD, typed(_save=""))
    notice = Broadcast.objects.get()
    Template.objects.update(status=Template.Status.PAUSED)
    html = text_of(office.get(f"{LIST}{notice.pk}/invia/"))
    assert "sospeso" in html
    assert "Invia a" not in html
    notice.category.templates.clear()
    assert "non ha un modello di WhatsApp" in text_of(office.get(f"{LIST}{notice.pk}/invia/"))
    assert "Dalle 8 alle 14." in text_of(office.get(f"{LIST}{notice.pk}/change/"))


def test_a_deleted_category_keeps_what_was_typed(office: Client) -> None:
    Category.objects.get(slug="eventi").delete()
    html = text_of(office.post(ADD, typed(category="99", _save="")))
    assert "Questa categoria non c&#x27;è più" in html
    assert "Dalle 8 alle 14." in html


def test_a_double_click_on_save_makes_one_draft(office: Client) -> None:
    for _ in range(2):
        assert "è salva" in text_of(office.post(ADD, page(draft="0" * 32, _save=""), follow=True))
    assert Broadcast.objects.count() == 1


def test_a_double_click_on_the_trial_sends_one(office: Client, staff: Any, approved: None) -> None:
    StaffPhoneFactory(user=staff)
    form = page(_test="")
    assert "in viaggio verso il tuo telefono" in text_of(office.post(ADD, form, follow=True))
    assert "già in viaggio" in text_of(office.post(ADD, form, follow=True))
    assert (Broadcast.objects.count(), Message.objects.count()) == (1, 1)
    assert "prova è in viaggio" in text_of(
        office.post(ADD, {**form, "text": "Corretto.", "seen": "2"}, follow=True)
    )
    assert Message.objects.count() == 2


def test_a_stale_tab_gets_back_what_was_typed(
    office: Client, notice: Broadcast, staff: Any, page_of: Any
) -> None:
    sending.hold(notice, staff)
    form = {"title": "Il titolo <b>mio</b>", "text": "Il testo mio.", "_save": ""}
    html = text_of(office.post(page_of(notice, "change"), form))
    assert "Le modifiche non sono state salvate" in html
    assert "Il titolo &lt;b&gt;mio&lt;/b&gt;" in html
    assert "Il testo mio." in html
    answer = office.post(KEEP, page(draft=str(notice.key)))
    assert answer.status_code == 409
    assert "non più una bozza" in answer.json()["html"]
    notice.refresh_from_db()
    assert (notice.state, notice.title) == (State.HOLDING, notice.title)


def test_a_session_that_ended_while_writing_comes_back_to_the_same_page(office: Client) -> None:
    notice = BroadcastFactory()
    office.logout()
    address = f"{LIST}{notice.pk}/change/"
    answer = office.post(address, typed(), headers={"Referer": f"http://testserver{address}"})
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={address}")
    assert office.post(KEEP, page()).status_code == 302  # the script sees it and keeps the text


def test_nul_bytes_are_named(office: Client) -> None:
    html = text_of(office.post(ADD, typed(text="a\x00b", _save="")))
    assert "errorlist" in html
    assert not Broadcast.objects.exists()


def test_emoji_stay_and_what_turns_the_words_round_goes(office: Client) -> None:
    family = "👨‍👩‍👧 via \u05d0\u200f Roma"
    office.post(ADD, typed(title=f"{family}\u202e", text=f"\u2066{family}\u202e 🚧", _save=""))
    notice = Broadcast.objects.get()
    assert (notice.title, notice.text) == (family, f"{family} 🚧")


def test_a_text_whose_field_is_not_filled_does_not_go(office: Client, people: Any, approved: None) -> None:
    html = text_of(office.post(ADD, typed(title="{via} chiusa", _review=""), follow=True))
    assert "Manca ancora: {via}." in html
    assert "Invia a" not in html
