import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from broadcasts import sending
from broadcasts.models import Broadcast, Category
from broadcasts.types import State
from tests.factories.broadcasts import BroadcastFactory, SubscribedContactFactory, UserFactory
from tests.factories.whatsapp import StaffPhoneFactory
from whatsapp import channels
from whatsapp.models import Contact, Media, Message
from whatsapp.types import State as MessageState

pytestmark = pytest.mark.django_db
ADD = "/admin/broadcasts/broadcast/add/"
LIST = "/admin/broadcasts/broadcast/"
CLIP = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41"
Page = Callable[[Broadcast, str], str]


def typed(**changes: Any) -> dict[str, Any]:
    """The form as the staff filled it in."""
    category = Category.objects.get(slug="viabilita").pk
    base = {
        "category": category,
        "title": "Via Roma chiusa",
        "text": "Dalle 8 alle 14.",
        "attachment": "none",
    }
    return {**base, **changes}


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_draft_is_saved_and_says_what_is_missing(office: Client, staff: Any) -> None:
    html = text_of(office.post(ADD, typed(_save=""), follow=True))
    notice = Broadcast.objects.get()
    assert (notice.state, notice.author) == (State.DRAFT, staff)
    assert "è salva" in html
    assert "da sottoporre" in html  # the template is not approved yet


def test_the_first_page_is_there(office: Client) -> None:
    assert "Controlla…" in text_of(office.get(ADD))
    assert "Avvisi" in text_of(office.get(LIST))


def test_a_text_of_5000_characters_is_refused_and_kept(office: Client, approved: None) -> None:
    long = "parola " * 714
    html = text_of(office.post(ADD, typed(text=long, _save="")))
    assert "supera di" in html
    assert long.strip() in html
    assert not Broadcast.objects.exists()


def test_a_title_with_markup_and_emoji_stays_text(office: Client, approved: None, people: Any) -> None:
    office.post(ADD, typed(title="<b>Via</b> & 🚧", text="a\r\n\r\nb <script>", _save=""))
    notice = Broadcast.objects.get()
    assert notice.title == "<b>Via</b> & 🚧"
    for page in ("change", "invia", "destinatari", "problemi"):
        html = text_of(office.get(f"{LIST}{notice.pk}/{page}/"))
        assert "<b>Via</b>" not in html
        assert "b <script>" not in html
    assert "&lt;b&gt;Via&lt;/b&gt;" in text_of(office.get(f"{LIST}{notice.pk}/invia/"))


@pytest.mark.parametrize(
    "wrong",
    [{"title": "  "}, {"text": " \n "}, {"title": "x" * 81}, {"text": "a\x00b"}, {"category": "999"},
     {"category": "x"}, {"attachment": "?"}, {"attachment": "place", "coordinates": "9" * 400}],
)  # fmt: skip
def test_what_is_missing_or_wrong_comes_back_with_a_reason(office: Client, wrong: dict[str, str]) -> None:
    assert 'class="errorlist' in text_of(office.post(ADD, typed(_save="", **wrong)))
    assert not Broadcast.objects.exists()


def test_a_picture_is_checked_and_kept(office: Client, picture: bytes) -> None:
    upload = SimpleUploadedFile("foto.jpg", picture)
    office.post(ADD, typed(attachment="file", upload=upload, _save=""))
    notice = Broadcast.objects.get()
    assert notice.media
    assert notice.header == "image"
    assert "foto.jpg" in text_of(office.get(f"{LIST}{notice.pk}/change/"))
    office.post(f"{LIST}{notice.pk}/change/", typed(attachment="file", title="Altro titolo", _save=""))
    notice.refresh_from_db()
    assert (notice.title, notice.header) == ("Altro titolo", "image")  # the file stays without a new one
    office.post(f"{LIST}{notice.pk}/change/", typed(attachment="none", _save=""))
    notice.refresh_from_db()
    assert notice.media is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"this is no picture", "Questo tipo di file non si può inviare"),
        (b"\xff\xd8\xff\xe0" + b"rubbish" * 40, "non è un&#x27;immagine leggibile"),
        (CLIP + bytes(17 * 1024 * 1024), "accetta al massimo"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(office: Client, content: bytes, message: str) -> None:
    upload = SimpleUploadedFile("foto.jpg", content)
    html = text_of(office.post(ADD, typed(attachment="file", upload=upload, _save="")))
    assert message in html
    assert "Dalle 8 alle 14." in html
    assert not Broadcast.objects.exists()


def test_a_good_file_survives_a_bad_text(office: Client, picture: bytes, approved: None) -> None:
    upload = SimpleUploadedFile("foto.jpg", picture)
    html = text_of(office.post(ADD, typed(attachment="file", upload=upload, text="x" * 5000, _save="")))
    assert "foto.jpg" in html
    kept = re.search(r'name="kept" value="([^"]+)"', html)
    assert kept
    office.post(ADD, typed(attachment="file", kept=kept[1], _save=""))
    assert Broadcast.objects.get().media == Media.objects.get()


def test_nobody_points_at_a_file_by_guessing(office: Client, picture: bytes) -> None:
    other = Media.objects.create(kind="image", inbound=False, status="fetched")
    html = text_of(office.post(ADD, typed(attachment="file", kept=str(other.pk), _save="")))
    assert "Scegli il file" in html


def test_a_place_wants_a_point_and_a_name(office: Client) -> None:
    html = text_of(office.post(ADD, typed(attachment="place", coordinates="qui", _save="")))
    assert "Le coordinate non si leggono" in html
    assert "Dai un nome al luogo" in html
    office.post(ADD, typed(attachment="place", coordinates="37,6525 14,6398", place_name="Piazza", _save=""))
    notice = Broadcast.objects.get()
    assert (notice.latitude, notice.longitude, notice.header) == (37.6525, 14.6398, "location")
    assert "37.6525, 14.6398" in text_of(office.get(f"{LIST}{notice.pk}/change/"))


def test_the_preview_says_room_reach_and_problem(office: Client, approved: None, people: Any) -> None:
    address = f"{LIST}anteprima/"
    found = office.post(address, typed(header="none")).json()
    assert "<strong>Via Roma chiusa</strong>" in found["html"]
    assert (found["reached"], found["problem"]) == (3, "")
    assert found["room"] > 700
    assert office.post(address, typed(header="none", text="x" * 5000)).json()["room"] < 0
    Category.objects.get(slug="viabilita").templates.filter(header="video").delete()
    assert "con un video" in office.post(address, typed(header="video")).json()["problem"]
    for odd in (
        {"category": "abc"},
        {"category": "99999999999999999999"},
        {"header": "<x>"},
        {"text": "\x00"},
    ):
        assert office.post(address, typed(**odd)).status_code == 200


def test_before_sending_one_sees_how_many_and_who_not(
    office: Client, notice: Broadcast, people: list[Contact], page_of: Page
) -> None:
    Contact.objects.filter(pk=people[0].pk).update(blocked=True)
    html = text_of(office.get(page_of(notice, "invia")))
    assert "Invia a 2 persone" in html
    assert "bloccati" in html
    assert people[1].display_name in text_of(office.get(page_of(notice, "destinatari")))
    assert str(people[1].phone) not in text_of(office.get(page_of(notice, "destinatari")))


def digest_of(office: Client, notice: Broadcast, page_of: Page) -> str:
    found = re.search(r'name="digest" value="(\w+)"', text_of(office.get(page_of(notice, "invia"))))
    assert found
    return found[1]


def test_a_double_click_sends_once(office: Client, notice: Broadcast, page_of: Page) -> None:
    digest = digest_of(office, notice, page_of)
    first = text_of(office.post(page_of(notice, "invia"), {"digest": digest}, follow=True))
    second = text_of(office.post(page_of(notice, "invia"), {"digest": digest}, follow=True))
    assert "sta partendo" in first
    assert "già in partenza" in second
    notice.refresh_from_db()
    assert (notice.state, Message.objects.count()) == (State.HOLDING, 0)


def test_sending_without_having_seen_it_is_refused(office: Client, notice: Broadcast, page_of: Page) -> None:
    html = text_of(office.post(page_of(notice, "invia"), follow=True))
    assert "è stato modificato" in html
    assert Message.objects.count() == 0


def test_without_approved_template_there_is_no_button(office: Client, people: Any, page_of: Page) -> None:
    notice = BroadcastFactory()
    html = text_of(office.get(page_of(notice, "invia")))
    assert "da sottoporre" in html
    assert "Invia a" not in html
    assert "da sottoporre" in text_of(office.post(page_of(notice, "invia"), {"digest": ""}, follow=True))


def test_a_paused_channel_is_told_before(office: Client, notice: Broadcast, page_of: Page) -> None:
    channels.pause(channels.current(), "prova")
    assert "Gli invii sono in pausa (prova)" in text_of(office.get(page_of(notice, "invia")))


def test_a_small_limit_is_told_before(office: Client, notice: Broadcast, page_of: Page) -> None:
    channel = channels.current()
    channel.tier = "TIER_50"
    channel.save()
    assert "nelle 24 ore" not in text_of(office.get(page_of(notice, "invia")))
    SubscribedContactFactory.create_batch(50)
    assert "scrivere a 50 persone nelle 24 ore" in text_of(office.get(page_of(notice, "invia")))


def test_what_was_sent_is_read_only_and_counted(
    office: Client, notice: Broadcast, staff: Any, page_of: Page
) -> None:
    sent = sending.send(notice, staff)
    first, second, third = Message.objects.filter(content=sent.content)
    Message.objects.filter(pk=first.pk).update(state=MessageState.READ)
    Message.objects.filter(pk=second.pk).update(state=MessageState.FAILED, reason="Numero senza WhatsApp.")
    found = office.get(page_of(notice, "andamento")).json()
    assert (found["total"], found["delivered"], found["read"], found["running"]) == (3, 1, 1, True)
    assert {row["state"]: row["count"] for row in found["rows"]}["queued"] == 1
    assert sum(row["width"] for row in found["rows"]) == pytest.approx(100, abs=0.1)
    html = text_of(office.get(page_of(notice, "change")))
    assert 'data-count="read">1<' in html
    assert 'name="title"' not in html
    problems = text_of(office.get(page_of(notice, "problemi")))
    assert "Numero senza WhatsApp." in problems
    assert str(second.contact.phone) not in problems
    html = text_of(office.post(page_of(notice, "change"), typed(title="Di nascosto"), follow=True))
    assert "non sono state salvate" in html
    notice.refresh_from_db()
    assert notice.title != "Di nascosto"
    assert third.contact.display_name in text_of(office.get(page_of(notice, "destinatari")))


def test_stop_asks_then_stops_once(office: Client, notice: Broadcast, staff: Any, page_of: Page) -> None:
    sending.send(notice, staff)
    assert "3 persone non lo riceveranno" in text_of(office.get(page_of(notice, "ferma")))
    assert Broadcast.objects.get(pk=notice.pk).state == State.SENDING
    assert "L&#x27;invio è fermo" in text_of(office.post(page_of(notice, "ferma"), follow=True))
    assert "già stato fermato" in text_of(office.post(page_of(notice, "ferma"), follow=True))
    assert Broadcast.objects.get(pk=notice.pk).state == State.STOPPED


def test_a_sent_notice_cannot_be_deleted(
    office: Client, notice: Broadcast, staff: Any, page_of: Page
) -> None:
    sending.send(notice, staff)
    assert office.post(page_of(notice, "delete"), {"post": "yes"}).status_code == 403
    draft = BroadcastFactory()
    assert office.post(page_of(draft, "delete"), {"post": "yes"}).status_code == 302


def test_a_trial_saves_the_draft_and_goes_to_my_phone(office: Client, staff: Any, approved: None) -> None:
    html = text_of(office.post(ADD, typed(_test=""), follow=True))
    assert "telefoni del personale" in html
    StaffPhoneFactory(user=staff)
    notice = Broadcast.objects.get()
    html = text_of(office.post(f"{LIST}{notice.pk}/change/", typed(_test=""), follow=True))
    assert "in viaggio verso il tuo telefono" in html
    assert Message.objects.get().content.kind == "template"


@pytest.mark.parametrize("page", ["invia", "ferma"])
def test_who_only_reads_may_look_but_not_act(
    notice: Broadcast, page: str, page_of: Page, client: Client
) -> None:
    client.force_login(UserFactory(can=["view_broadcast"]))
    assert "È una bozza" in text_of(client.get(page_of(notice, "change")))
    assert client.post(page_of(notice, page)).status_code == 403
    assert client.get(page_of(notice, page)).status_code == 403
    assert client.post(f"{LIST}anteprima/", typed()).status_code == 403
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.get(page_of(notice, "andamento")).status_code == 403
    assert Client().get(page_of(notice, "andamento")).status_code == 302


def test_the_list_asks_the_same_however_long(
    office: Client, notice: Broadcast, staff: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        sending.send(BroadcastFactory(), staff)
    with django_assert_max_num_queries(14):
        html = text_of(office.get(LIST))
    assert "0 su 3" in html


def test_categories_can_be_seen_and_changed(client: Client, approved: None) -> None:
    client.force_login(UserFactory(is_superuser=True))
    html = text_of(client.get("/admin/broadcasts/category/"))
    assert "5 su 5" in html
    pk = Category.objects.get(slug="eventi").pk
    assert "filter_horizontal" not in text_of(client.get(f"/admin/broadcasts/category/{pk}/change/"))
