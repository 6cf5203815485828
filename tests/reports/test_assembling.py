"""From chat messages to cases: what opens, what joins, what is answered."""

import itertools
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports import assembling, casework, inbound
from reports.models import ReplyText, Report, ReportEvent
from reports.states import State
from tests.factories.reports import items_of, piece, report_of
from tests.factories.whatsapp import ContactFactory, OutboundMessageFactory, StaffPhoneFactory
from whatsapp import mail, media
from whatsapp.models import Attempt, Channel, Contact, Media, Message
from whatsapp.types import Kind

pytestmark = pytest.mark.django_db
INSIDE = (37.6535, 14.6396)


def answers(contact: Contact) -> list[str]:
    """What the contact was told, in order."""
    said = Message.objects.filter(contact=contact, inbound=False).order_by("pk")
    return [message.text for message in said.select_related("content")]


def receive_all(messages: list[Message]) -> set[int]:
    """The cases that these messages, in this order, end in."""
    return {report.pk for message in messages if (report := assembling.receive(message))}


def test_a_text_opens_a_report_and_the_citizen_gets_its_number_and_page() -> None:
    report = report_of("C'è una buca enorme in via Roma 12")
    assert report.number.startswith(f"{timezone.localdate().year}-")
    assert report.category is not None
    assert (report.category.slug, report.address, report.level) == ("strade", "via Roma 12", 2)
    [answer] = answers(report.contact)
    assert report.number in answer
    assert f"/segnalazioni/{report.token}/" in answer


def test_numbers_follow_each_other() -> None:
    first, second = report_of("Lampione spento"), report_of("Cane randagio")
    assert int(second.number.split("-")[1]) == int(first.number.split("-")[1]) + 1


def test_photo_text_and_position_make_one_report_in_any_order() -> None:
    for order in itertools.permutations(range(3)):
        contact = ContactFactory(reachable=True)
        start = timezone.now()
        pieces = [
            piece(contact, kind=Kind.IMAGE, at=start),
            piece(contact, "Cassonetto rovesciato", at=start, after=20),
            piece(contact, place=INSIDE, at=start, after=40),
        ]
        [pk] = receive_all([pieces[n] for n in order])
        report = Report.objects.get(pk=pk)
        assert items_of(report) == {message.pk for message in pieces}
        assert (report.summary, report.inside_town) == ("Cassonetto rovesciato", True)


BURST = st.lists(
    st.tuples(
        st.sampled_from(["image", "audio", "video", "document", "place", "text", "hello"]),
        st.integers(min_value=0, max_value=590),
    ),
    min_size=2,
    max_size=6,
)
WORDS = ["Buca in via Roma", "perdita d'acqua in via Cavour 3", "cani randagi", "si sente puzza di gas"]


@given(burst=BURST, data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_arrival_changes_nothing(burst: list[tuple[str, int]], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(burst))))
    told = [_replay(burst, range(len(burst))), _replay(burst, order)]
    assert told[0] == told[1]


def _replay(burst: list[tuple[str, int]], order: object) -> list[tuple[object, ...]]:
    contact, start = ContactFactory(reachable=True), timezone.now().replace(microsecond=0)
    pieces = []
    for number, (what, after) in enumerate(burst):
        place = (37.65 + number / 1000, 14.64) if what == "place" else None
        text = {"text": WORDS[number % 4], "hello": "Buongiorno"}.get(what, "")
        kind = Kind(what) if what in Kind.values else Kind.TEXT
        pieces.append(piece(contact, text, kind=kind, at=start, after=after + number / 10, place=place))
    receive_all([pieces[n] for n in order])  # type: ignore[attr-defined]
    return [
        (
            r.summary,
            r.level,
            r.category_id,
            r.reasons,
            r.latitude,
            r.address,
            r.opened_at - start,
            r.items.count(),
        )
        for r in Report.objects.filter(contact=contact).order_by("opened_at")
    ]


def test_after_ten_minutes_a_new_report_is_opened() -> None:
    contact, start = ContactFactory(reachable=True), timezone.now()
    messages = [
        piece(contact, "Lampione spento", at=start),
        piece(contact, "Cane randagio", at=start, after=601),
    ]
    assert len(receive_all(messages)) == 2


def test_each_piece_prolongs_the_ten_minutes() -> None:
    contact, start = ContactFactory(reachable=True), timezone.now()
    messages = [piece(contact, f"Rifiuti, parte {n}", at=start, after=n * 500) for n in range(4)]
    assert len(receive_all(messages)) == 1


def test_two_people_have_two_reports() -> None:
    assert report_of("Buca in via Roma").pk != report_of("Buca in via Roma").pk


@pytest.mark.parametrize("text", ["Grazie mille!", "👍", "ok grazie", "🙏🙏", "Perfetto, grazie"])
def test_thanks_open_nothing_and_get_no_answer(text: str) -> None:
    contact = ContactFactory(reachable=True)
    assert inbound.handle(piece(contact, text))
    assert not Report.objects.exists()
    assert answers(contact) == []


def test_a_greeting_opens_nothing_and_is_answered_once() -> None:
    contact = ContactFactory(reachable=True)
    for text in ("Buongiorno", "buongiornooo!!", "Ciao"):
        assert inbound.handle(piece(contact, text))
    assert not Report.objects.exists()
    assert len(answers(contact)) == 1


def test_a_greeting_with_a_report_is_a_report() -> None:
    assert report_of("Buongiorno, in via Roma manca la luce").category is not None


def test_thanks_after_a_report_are_left_alone() -> None:
    report = report_of("Buca in via Roma 3")
    assert assembling.receive(piece(report.contact, "Grazie")) is None
    assert len(answers(report.contact)) == 1


@pytest.mark.parametrize("text", ["", "   ", "?", "...", "\u200b"])
def test_an_empty_text_gets_a_short_question(text: str) -> None:
    contact = ContactFactory(reachable=True)
    assert inbound.handle(piece(contact, text))
    assert not Report.objects.exists()
    assert "vuoto" in answers(contact)[0]


@pytest.mark.parametrize("kind", [Kind.REACTION, Kind.STICKER])
def test_reactions_and_stickers_are_taken_in_silence(kind: Kind) -> None:
    contact = ContactFactory(reachable=True)
    assert inbound.handle(piece(contact, "❤", kind=kind))
    assert (Report.objects.count(), answers(contact)) == (0, [])


@pytest.mark.parametrize("kind", [Kind.UNSUPPORTED, Kind.CONTACTS, Kind.OTHER])
def test_what_cannot_be_read_is_said_to_be_so(kind: Kind) -> None:
    contact = ContactFactory(reachable=True)
    assert inbound.handle(piece(contact, kind=kind))
    assert not Report.objects.exists()
    assert "non si può leggere" in answers(contact)[0]


def test_thirty_pictures_in_a_minute_are_one_report_and_one_answer() -> None:
    contact, start = ContactFactory(reachable=True), timezone.now()
    pieces = [piece(contact, kind=Kind.IMAGE, at=start, after=second * 0.9) for second in range(30)]
    assert len(receive_all(pieces)) == 1
    assert Report.objects.get().items.count() == 30
    assert len(answers(contact)) <= 2  # the number, and after half a minute what is missing


def test_a_flood_in_one_breath_has_exactly_one_answer() -> None:
    contact, start = ContactFactory(reachable=True), timezone.now()
    receive_all([piece(contact, kind=Kind.IMAGE, at=start, after=second) for second in range(29)])
    assert len(answers(contact)) == 1


def test_one_thing_at_a_time_is_asked_and_only_if_it_is_missing() -> None:
    contact, start = ContactFactory(reachable=True), timezone.now()
    assembling.receive(piece(contact, kind=Kind.IMAGE, at=start))
    assert "Dove si trova" in answers(contact)[0]
    assert "Di che cosa si tratta" not in answers(contact)[0]
    assembling.receive(piece(contact, place=INSIDE, at=start, after=60))
    assert "Di che cosa si tratta" in answers(contact)[1]
    assembling.receive(piece(contact, "Rami tagliati", at=start, after=120))
    assert len(answers(contact)) == 2


def test_a_bare_position_answers_our_question_even_later() -> None:
    report = report_of("Lampione spento")
    late = piece(report.contact, place=INSIDE, after=40 * 60)
    assert assembling.receive(late) == report


def test_a_place_outside_the_town_is_a_warning_not_a_refusal() -> None:
    contact = ContactFactory(reachable=True)
    for place in ((0.0, 0.0), (45.46, 9.19)):
        report = assembling.receive(piece(contact, "Rifiuti", at=None, place=place))
        assert report is not None
        report.refresh_from_db()
        assert (report.latitude, report.inside_town) == (place[0], False)
    assert "fuori dal territorio" in answers(contact)[0]


@pytest.mark.parametrize(
    "text",
    [
        "Buca qui https://www.google.com/maps/place/X/@37.66,14.62,15z/data=!3d37.6535!4d14.6396",
        "Buca in mezzo alla strada, 37.6535, 14.6396",
        "buca https://maps.apple.com/?ll=37.6535,14.6396&q=Buca",
    ],
)
def test_a_place_in_a_link_or_in_figures_is_the_place_of_the_report(text: str) -> None:
    report = report_of(text)
    assert (report.latitude, report.longitude, report.inside_town) == (*INSIDE, True)
    assert "place" not in report.asked


@pytest.mark.parametrize(
    "text", ["Buca, vedi https://maps.app.goo.gl/AbC", "Buca 45.4642, 9.1900", "Buca 3,50 4,20"]
)
def test_without_a_place_near_the_town_it_is_asked_for(text: str) -> None:
    report = report_of(text)
    assert (report.latitude, report.asked) == (None, ["place"])


def test_a_link_answers_the_question_for_the_place() -> None:
    contact = ContactFactory(reachable=True)
    report = assembling.receive(piece(contact, "Lampione spento"))
    assert report
    assert report.asked == ["place"]
    link = piece(contact, "sono qui https://maps.google.com/?q=37.6535%2C14.6396", after=60 * 60)
    assert assembling.receive(link) == report
    report.refresh_from_db()
    assert (report.latitude, report.longitude) == INSIDE


def test_a_place_that_cannot_be_is_kept_out() -> None:
    report = assembling.receive(piece(ContactFactory(reachable=True), "Rifiuti", place=(912.0, float("nan"))))
    assert report is not None
    assert report.latitude is None


def test_danger_answers_with_112_and_calls_who_is_on_duty(mailoutbox: list[EmailMessage]) -> None:
    StaffPhoneFactory(user=User.objects.create_user("turno", email="turno@example.org"))
    report = report_of("PUZZA DI GAS in via Roma", "venite subito, puzza di gas!")
    mail.send_due()
    assert "112" in answers(report.contact)[0]
    assert len(answers(report.contact)) == 1
    assert "stiamo avvisando chi è di turno" in answers(report.contact)[0]
    assert report.level == 4
    assert len(mailoutbox) == 1
    assert report.number in mailoutbox[0].subject


def test_nobody_is_said_to_be_called_when_nobody_is_on_duty() -> None:
    [answer] = answers(report_of("Incendio in via Roma").contact)
    assert "112" in answer
    assert "avvisando" not in answer


def test_a_danger_told_later_raises_the_level_and_is_answered_once(mailoutbox: list[EmailMessage]) -> None:
    StaffPhoneFactory(user=User.objects.create_user("turno", email="turno@example.org"))
    report = report_of("Buca in via Roma 3", "è caduta una signora e si è fatta male", "c'è un ferito!")
    mail.send_due()
    report.refresh_from_db()
    assert report.level == 4
    alarms = ["non è un servizio di emergenza" in answer for answer in answers(report.contact)]
    assert alarms == [False, True]
    assert len(mailoutbox) == 1


def _told(report: Report, provider_id: str) -> None:
    """Let the first answer of a case have reached the person under this id."""
    message = report.events.exclude(message_to_citizen=None).first().message_to_citizen  # type: ignore[union-attr]
    channel = Channel.objects.get_or_create(phone_number_id="1")[0]
    Attempt.objects.create(message=message, channel=channel, provider_id=provider_id)


def test_a_reply_to_our_message_joins_its_case() -> None:
    day_ago = timezone.now() - timedelta(hours=30)
    old = report_of("Buca in via Roma", at=day_ago)
    _told(old, "wamid.OUR1")
    report_of("Lampione spento in via Dante", contact=old.contact)
    assert assembling.receive(piece(old.contact, "è ancora lì", context_id="wamid.OUR1")) == old


def test_nobody_joins_the_case_of_somebody_else() -> None:
    report = report_of("Buca in via Roma")
    _told(report, "wamid.OUR2")
    other = assembling.receive(piece(ContactFactory(reachable=True), "anche qui", context_id="wamid.OUR2"))
    assert other is not None
    assert other != report


def test_a_reply_reopens_a_closed_case_and_thanks_do_not() -> None:
    report = report_of("Buca in via Roma 3")
    _told(report, "wamid.OUR3")
    casework.close(report, User.objects.create_user("s"), State.RESOLVED, "Fatto")
    assembling.receive(piece(report.contact, "Grazie!", context_id="wamid.OUR3"))
    report.refresh_from_db()
    assert report.state == State.RESOLVED
    assembling.receive(piece(report.contact, "Non è vero, c'è ancora", context_id="wamid.OUR3"))
    report.refresh_from_db()
    assert (report.state, report.closed_at) == (State.REOPENED, None)
    assert "riaperta" in answers(report.contact)[-1]


def test_what_is_written_after_a_question_of_the_staff_joins_the_case() -> None:
    report = report_of("Lampione spento", at=timezone.now() - timedelta(hours=5))
    casework.answer(report, User.objects.create_user("s"), "In quale via?")
    assert assembling.receive(piece(report.contact, "via Dante 4", after=1)) == report


def test_a_message_that_quotes_a_notice_is_a_report_of_its_own() -> None:
    contact = ContactFactory(reachable=True)
    notice = OutboundMessageFactory(contact=contact)
    channel = Channel.objects.get_or_create(phone_number_id="1")[0]
    Attempt.objects.create(message=notice, channel=channel, provider_id="wamid.N")
    assert (
        assembling.receive(piece(contact, "In via Mazzini non c'è acqua", context_id="wamid.N")) is not None
    )


@pytest.mark.parametrize(
    "text", ["🚧" * 4096, "<script>alert(1)</script>", "' OR 1=1; --", "\x1b[31m", "a" * 4096]
)
def test_any_text_is_kept(text: str) -> None:
    report = report_of(text)
    assert report.items.get().message.text == text


def test_the_history_is_append_only() -> None:
    event = ReportEvent.objects.filter(report=report_of("Buca in via Roma")).first()
    assert event is not None
    for change in (lambda: event.delete(), lambda: ReportEvent.objects.update(kind="closed")):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    assert ReportEvent.objects.filter(pk=event.pk).update(text="") == 1


def test_the_place_is_asked_for_with_whatsapps_own_button() -> None:
    report = report_of("C'è una buca")
    asked = Message.objects.filter(contact=report.contact, inbound=False).get()
    assert asked.content.kind == Kind.PLACE_REQUEST
    other = report_of("C'è una buca in via Roma 3")
    assert Message.objects.get(contact=other.contact, inbound=False).content.kind == Kind.BUTTONS


def test_words_too_long_for_the_button_go_without_it() -> None:
    ReplyText.objects.filter(slug="received").update(body="{numero} {domanda}" + "a" * 980)
    report = report_of("C'è una buca")
    asked = Message.objects.get(contact=report.contact, inbound=False)
    assert asked.content.kind == Kind.TEXT
    assert report.number in asked.text


def test_a_citizen_is_told_once_of_files_that_cannot_be_opened() -> None:
    report = report_of("C'è una buca in via Roma 3")
    for second in (1, 2, 3):
        message = piece(report.contact, kind=Kind.IMAGE, after=second)
        assembling.receive(message)
        assert message.content.media is not None
        media.keep_inbound(message.content.media, b"")
    told = Message.objects.filter(contact=report.contact, inbound=False, content__text__contains="aprire")
    assert told.count() == 1


def test_nobody_is_told_when_nobody_can_be() -> None:
    gone = piece(ContactFactory(), kind=Kind.IMAGE)
    blocked = piece(ContactFactory(reachable=True, blocked=True), kind=Kind.IMAGE)
    for message in (gone, blocked):
        assert message.content.media is not None
        assert media.keep_inbound(message.content.media, b"").status == Media.Status.REJECTED
    media.keep_inbound(Media.objects.create(kind=Kind.IMAGE, inbound=True), bytes(media.INBOUND_LIMIT + 1))
    assert not Message.objects.filter(inbound=False).exists()
