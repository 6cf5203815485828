"""Drafts save themselves; two people on one draft lose nothing."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from broadcasts import composing, drafts, library
from broadcasts.models import Broadcast, Category, NoticeText
from broadcasts.types import State
from tests.broadcasts.conftest import ALL
from tests.broadcasts.test_admin import ADD, LIST, text_of, typed
from tests.factories.broadcasts import BroadcastFactory, UserFactory
from whatsapp.models import Media

pytestmark = pytest.mark.django_db
KEEP, FILE = f"{LIST}salva/", f"{LIST}allegato/"


def page(**changes: Any) -> dict[str, Any]:
    """As the script sends it."""
    return {**typed(), "draft": str(uuid.uuid4()), "seen": "0", **changes}


@pytest.fixture
def colleague() -> Any:
    client = Client()
    client.force_login(UserFactory(can=ALL, first_name="Serena", last_name="Vitale"))
    return client


def test_the_first_save_makes_the_draft_and_the_next_ones_change_it(office: Client, staff: Any) -> None:
    form = page(title="", text="Via Roma")
    first = office.post(KEEP, form).json()
    notice = Broadcast.objects.get()
    assert (notice.author, notice.title, notice.text, notice.state) == (staff, "", "Via Roma", State.DRAFT)
    assert (first["revision"], first["address"]) == (1, f"{LIST}{notice.pk}/change/")
    office.post(KEEP, {**form, "title": "Via Roma chiusa", "seen": "1"})
    notice.refresh_from_db()
    assert (notice.title, notice.revision) == ("Via Roma chiusa", 2)
    assert "Salvata alle" in text_of(office.get(first["address"]))
    assert "(senza titolo)" in str(BroadcastFactory(title=""))


def test_the_same_first_save_twice_makes_one_draft(office: Client) -> None:
    form = page()
    assert office.post(KEEP, form).json()["revision"] == 1
    assert (
        office.post(KEEP, form).json()["revision"] == 2
    )  # the answer was lost: the same text is no conflict
    office.post(ADD, {**form, "_save": ""})
    office.post(ADD, {**form, "_save": ""})
    assert Broadcast.objects.count() == 1


def test_what_is_missing_is_no_obstacle_to_saving(office: Client) -> None:
    for odd in (
        {"attachment": "file"},
        {"attachment": "place", "coordinates": "qui"},
        {"attachment": ""},
        {"text": "x" * 5000},
    ):
        assert office.post(KEEP, page(**odd)).status_code == 200, odd
    assert Broadcast.objects.count() == 4


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"category": ""}, "Categoria"),
        ({"title": "x" * 5000}, "Titolo"),
        ({"text": "a\x00b"}, "Testo"),
        ({"text": "x" * 20_001}, "accorcialo"),
        ({"category": "999"}, "Questa categoria non c'è più"),
    ],
)
def test_what_cannot_be_saved_says_why(office: Client, wrong: dict[str, str], said: str) -> None:
    answer = office.post(KEEP, page(**wrong))
    assert answer.status_code == 400
    assert said in answer.json()["problem"]
    assert not Broadcast.objects.exists()


def test_nobody_saves_over_what_they_have_not_seen(office: Client, colleague: Client) -> None:
    form = page()
    seen = str(office.post(KEEP, form).json()["revision"])
    notice = Broadcast.objects.get()
    colleague.post(KEEP, {**form, "text": "Il testo di Serena.", "seen": seen})
    answer = office.post(KEEP, {**form, "text": "Il mio testo.", "seen": seen})
    assert answer.status_code == 409
    assert "cambiata da Serena Vitale alle" in answer.json()["html"]
    assert "Il testo di Serena." in answer.json()["html"]
    html = text_of(office.post(f"{LIST}{notice.pk}/change/", {**form, "text": "Il mio testo.", "seen": seen}))
    assert "cambiata da Serena Vitale alle" in html
    assert "Il testo di Serena." in html
    assert "\nIl mio testo.</textarea>" in html
    notice.refresh_from_db()
    assert notice.text == "Il testo di Serena."
    # Having seen it, one may decide for one's own.
    known = {**form, "text": "Il mio testo.", "seen": str(answer.json()["revision"])}
    assert office.post(KEEP, known).status_code == 200
    notice.refresh_from_db()
    assert notice.text == "Il mio testo."


def test_who_is_writing_is_told_for_two_minutes(office: Client, colleague: Client) -> None:
    form = page()
    seen = str(colleague.post(KEEP, form).json()["revision"])
    notice = Broadcast.objects.get()
    said = "Serena Vitale sta scrivendo qui"
    assert said in text_of(office.get(f"{LIST}{notice.pk}/change/"))
    assert said not in text_of(colleague.get(f"{LIST}{notice.pk}/change/"))
    assert said in office.post(KEEP, {**form, "seen": seen}).json()["note"]
    Broadcast.objects.update(edited_at=timezone.now() - drafts.PRESENCE - timedelta(seconds=1))
    assert said not in text_of(office.get(f"{LIST}{notice.pk}/change/"))


def test_a_draft_deleted_meanwhile_is_saved_again(office: Client) -> None:
    form = page()
    office.post(KEEP, form)
    gone = Broadcast.objects.get().pk
    Broadcast.objects.all().delete()
    assert "era stata eliminata" in office.post(KEEP, {**form, "seen": "1"}).json()["note"]
    Broadcast.objects.all().delete()
    html = text_of(office.post(f"{LIST}{gone}/change/", {**form, "seen": "1", "_save": ""}, follow=True))
    assert "era stata eliminata" in html
    assert Broadcast.objects.get().text == form["text"]


def test_a_file_is_checked_when_it_is_chosen(office: Client, picture: bytes) -> None:
    answer = office.post(FILE, {"upload": SimpleUploadedFile("foto.jpg", picture)}).json()
    assert "foto.jpg" in answer["html"]
    office.post(KEEP, page(attachment="file", kept=answer["kept"]))
    assert Broadcast.objects.get().media == Media.objects.get()
    refused = office.post(FILE, {"upload": SimpleUploadedFile("foto.jpg", b"no picture")})
    assert refused.status_code == 400
    assert "non si può inviare" in refused.json()["problem"]
    assert office.post(FILE, {}).status_code == 400


@pytest.mark.parametrize("address", [KEEP, FILE, f"{LIST}anteprima/"])
def test_only_who_writes_notices_saves_them(client: Client, address: str) -> None:
    assert client.post(address, page()).status_code == 302
    client.force_login(UserFactory(can=["view_broadcast"]))
    assert client.post(address, page()).status_code == 403
    client.force_login(UserFactory(can=ALL))
    assert client.get(address).status_code == 403


# --- Ready texts


def test_the_seeded_texts_fit_their_category(approved: None) -> None:
    assert NoticeText.objects.count() == 15
    for ready in NoticeText.objects.all():
        ready.full_clean()
        filled = [library.FIELD.sub("x" * 12, part) for part in (ready.title, ready.text)]
        assert len(filled[0]) <= 80, ready
        assert composing.room(ready.category, "none", *filled) >= 0, ready  # type: ignore[arg-type]


def test_a_ready_text_begins_a_notice_without_a_script(office: Client) -> None:
    ready = NoticeText.objects.get(name="Strada chiusa")
    html = text_of(office.get(ADD, {"modello": ready.pk}))
    assert 'value="{via} chiusa {giorno}"' in html
    assert f'<option value="{ready.category_id}" selected>' in html
    for odd in ("", "x", "99999999999999999999999"):
        assert office.get(ADD, {"modello": odd}).status_code == 200


def test_a_field_left_empty_stops_the_notice_and_is_named(
    office: Client, notice: Broadcast, page_of: Any
) -> None:
    Broadcast.objects.update(text="Dalle {dalle ore} {via} è chiusa, {via}.")
    html = text_of(office.get(page_of(notice, "invia")))
    assert "Manca ancora: {dalle ore}, {via}." in html
    assert "Invia a 3" not in html
    found = office.post(f"{LIST}anteprima/", page(text="Chiusa {via}")).json()
    assert found["problem"].startswith("Manca ancora: {via}.")


def test_a_brace_without_its_pair_is_refused(office: Client, client: Client) -> None:
    client.force_login(UserFactory(is_superuser=True))
    address = "/admin/broadcasts/noticetext/add/"
    row = {
        "category": Category.objects.get(slug="servizi").pk,
        "name": "Prova",
        "title": "{via",
        "text": "x",
        "order": 1,
        "active": "on",
    }
    assert "graffa senza la sua compagna" in text_of(client.post(address, row))
    assert client.post(address, {**row, "title": "{via}"}).status_code == 302
    assert "primo giorno del mese" in text_of(
        client.post("/admin/broadcasts/budget/add/", {"month": "02/11/2026", "euro": "50"})
    )


@given(st.text(), st.text())
def test_a_text_without_fields_is_never_stopped(title: str, text: str) -> None:
    named = library.fields(title, text)
    assert bool(library.unfilled(title, text)) == bool(named)
    assert all("{" not in name and "}" not in name for name in named)
    assert library.fields(library.FIELD.sub("", title), "") == [] or "{" in title
