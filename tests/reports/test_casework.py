"""What staff do, what the citizen is told, what is written down."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.utils import timezone

from reports import assembling, casework, deciding, inbound, template_answers
from reports.casework import CaseworkError
from reports.models import Office, Report, ReportCategory, ReportEvent
from reports.states import OUTCOMES, TRANSITIONS, Forbidden, State
from tests.factories.reports import OfficeFactory, ReportFactory, close_window, piece, report_of
from tests.factories.whatsapp import ContactFactory
from tests.files import pdf
from whatsapp import mail
from whatsapp.errors import ContentError
from whatsapp.models import Media, Message, Template
from whatsapp.types import Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create_user("segreteria")


def last_said(report: Report) -> str:
    return Message.objects.filter(contact=report.contact, inbound=False).latest("pk").text


def test_taking_charge_is_told_and_written_down(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    event = casework.take_charge(report, user, "Ce ne occupiamo noi.")
    report.refresh_from_db()
    assert (report.state, report.assigned_to) == (State.TAKEN, user)
    assert (event.actor, event.from_state, event.to_state) == (user, State.RECEIVED, State.TAKEN)
    assert last_said(report) == "Ce ne occupiamo noi."


def test_a_case_is_not_taken_twice(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    casework.take_charge(report, user)
    with pytest.raises(Forbidden, match="presa in carico"):
        casework.take_charge(report, user)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_closed_case_has_an_end_and_can_be_reopened(user: User, outcome: State) -> None:
    report = report_of("Buca in via Roma 3")
    casework.close(report, user, outcome, "È finita così.")
    report.refresh_from_db()
    assert report.closed_at is not None
    with pytest.raises(Forbidden, match="riaprila"):
        casework.take_charge(report, user)
    casework.reopen(report, user, "La guardiamo di nuovo.")
    report.refresh_from_db()
    assert (report.state, report.closed_at) == (State.REOPENED, None)


def test_nothing_is_closed_in_silence(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    with pytest.raises(CaseworkError, match="silenzio"):
        casework.close(report, user, State.RESOLVED, "  ")


def test_a_state_is_no_outcome(user: User) -> None:
    with pytest.raises(CaseworkError, match="esito"):
        casework.close(report_of("Buca in via Roma 3"), user, State.TAKEN, "Fatto")


def test_every_state_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(State)


def test_with_the_window_closed_an_answer_waits_and_a_file_cannot_go(user: User, picture: bytes) -> None:
    report = report_of("Buca in via Roma 3", at=timezone.now() - timedelta(days=2))
    close_window(report)
    before = Message.objects.count()
    casework.answer(report, user, "Dove esattamente?")
    with pytest.raises(CaseworkError, match="24 ore"):
        casework.answer(report, user, "", upload=SimpleUploadedFile("foto.jpg", picture))
    assert Message.objects.count() == before
    inbound.handle(piece(report.contact, "Buongiorno"))
    assert "Dove esattamente?" in [m.text for m in Message.objects.filter(inbound=False)]


def test_what_cannot_be_said_now_is_said_when_the_citizen_writes(user: User) -> None:
    report = report_of("Buca in via Roma 3", at=timezone.now() - timedelta(days=2))
    close_window(report)
    casework.close(report, user, State.RESOLVED, "Buca chiusa, grazie.")
    report.refresh_from_db()
    assert report.owed == "Buca chiusa, grazie."
    inbound.handle(piece(report.contact, "Grazie"))
    report.refresh_from_db()
    assert (report.owed, last_said(report)) == ("", "Buca chiusa, grazie.")
    inbound.handle(piece(report.contact, "Grazie"))
    assert report.events.filter(kind=ReportEvent.Kind.TOLD).count() == 1


@pytest.mark.parametrize("text", ["", "   \n "])
def test_an_empty_answer_is_refused(user: User, text: str) -> None:
    with pytest.raises(CaseworkError, match="vuoto"):
        casework.answer(report_of("Buca in via Roma 3"), user, text)


def test_an_answer_too_long_for_whatsapp_is_refused_whole(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    with pytest.raises(ContentError, match="4096"):
        casework.answer(report, user, "a" * 4097)
    assert not report.events.filter(kind=ReportEvent.Kind.ANSWERED).exists()


def test_a_note_stays_among_colleagues(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    before = Message.objects.count()
    deciding.add_note(report, user, "Sentito il geometra")
    assert Message.objects.count() == before


def test_a_corrected_category_brings_its_office_and_stays(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    green = ReportCategory.objects.get(slug="verde")
    deciding.reclassify(report, user, green)
    inbound.handle(piece(report.contact, "buca buca buca", after=5))
    report.refresh_from_db()
    assert (report.category, report.office) == (green, green.office)


def test_handing_over_inside_keeps_it_open_and_writes_to_the_office(
    user: User, mailoutbox: list[EmailMessage]
) -> None:
    report = report_of("Lampione spento in via Dante 2")
    casework.take_charge(report, user)
    office = OfficeFactory()
    casework.hand_over(report, user, office, "Adesso se ne occupa un altro ufficio.")
    mail.send_due()
    report.refresh_from_db()
    assert (report.state, report.office, report.assigned_to) == (State.TAKEN, office, None)
    [sent] = mailoutbox
    assert "via Dante 2" in sent.body
    assert sent.to == [office.email]


def test_handing_over_to_an_outside_body_closes_it_and_tells_nobody_who_reported(
    user: User, mailoutbox: list[EmailMessage]
) -> None:
    contact = ContactFactory(reachable=True, profile_name="Rosaria Bellomo")
    report = report_of("Perdita d'acqua in via Cavour 9", contact=contact)
    assert report.office == Office.objects.get(name="AcquaEnna")
    assert report.office is not None
    casework.hand_over(report, user, report.office, "L'abbiamo passata ad AcquaEnna.")
    mail.send_due()
    report.refresh_from_db()
    assert report.state == State.NOT_OURS
    [sent] = mailoutbox
    assert sent.to == ["info@acquaenna.it"]
    assert "Bellomo" not in sent.body + sent.subject
    assert str(contact.phone) not in sent.body


def test_what_a_colleague_changed_meanwhile_is_not_overwritten(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    seen = report.events.latest("pk").pk
    casework.check_unchanged(report, seen)
    deciding.add_note(report, user, "Visto")
    with pytest.raises(CaseworkError, match="cambiata"):
        casework.check_unchanged(report, seen)


@pytest.mark.parametrize(
    "wrong",
    [
        {"level": 5},
        {"level": 0},
        {"rating": 6},
        {"protocol_number": "7"},
        {"state": "boh"},
        {"latitude": 1.0},
        {"state": "resolved"},
    ],
    ids=str,
)
def test_the_database_refuses_what_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ReportFactory(**wrong)


def approve_template() -> Template:
    Template.objects.filter(name=template_answers.NAME).update(status=Template.Status.APPROVED)
    return Template.objects.get(name=template_answers.NAME)


def test_with_the_window_closed_the_approved_template_goes(user: User) -> None:
    template, report = approve_template(), report_of("Buca in via Roma 3")
    close_window(report)
    event = casework.answer(report, user, "Domani\n  ripariamo.", by_template=True)
    assert event.message_to_citizen is not None
    content = event.message_to_citizen.content
    assert (content.kind, content.template) == (Kind.TEMPLATE, template)
    assert content.parameters == [report.number, "Domani ripariamo."]
    assert content.button_parameters == [["url", f"{report.token}/"]]
    frame = template_answers.frame(report)
    assert content.text == f"{frame.before}Domani ripariamo.{frame.after}"


def test_without_approval_nothing_goes_and_it_is_said(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    close_window(report)
    with pytest.raises(ContentError, match="da sottoporre"):
        casework.answer(report, user, "Domani ripariamo.", by_template=True)
    Template.objects.all().delete()
    with pytest.raises(ContentError, match="non è ancora approvato"):
        casework.answer(report, user, "Domani ripariamo.", by_template=True)
    report.refresh_from_db()
    assert report.owed == ""


def test_a_text_too_long_for_the_template_says_by_how_much(user: User) -> None:
    approve_template()
    report = report_of("Buca in via Roma 3")
    close_window(report)
    room = template_answers.frame(report).room
    assert casework.answer(report, user, "a" * room, by_template=True).message_to_citizen
    with pytest.raises(ContentError, match="di 1 caratteri"):
        casework.answer(report, user, "a" * (room + 1), by_template=True)
    with pytest.raises(CaseworkError, match="vuoto"):
        casework.answer(report, user, " ", by_template=True)


def test_what_was_owed_and_went_by_template_is_not_said_again(user: User) -> None:
    approve_template()
    report = report_of("Buca in via Roma 3", at=timezone.now() - timedelta(days=2))
    close_window(report)
    casework.close(report, user, State.RESOLVED, "Buca chiusa, grazie.")
    event = casework.answer(report, user, "", by_template=True)
    assert event.message_to_citizen is not None
    assert "Buca chiusa, grazie." in event.message_to_citizen.text
    said = Message.objects.filter(contact=report.contact, inbound=False).count()
    inbound.handle(piece(report.contact, "Grazie"))
    assert Message.objects.filter(contact=report.contact, inbound=False).count() == said


def test_a_picture_goes_with_its_words(user: User, picture: bytes) -> None:
    report = report_of("Buca in via Roma 3")
    event = casework.answer(report, user, "Ecco", upload=SimpleUploadedFile("lavori.jpg", picture))
    assert event.message_to_citizen is not None
    content = event.message_to_citizen.content
    assert (content.kind, content.text) == (Kind.IMAGE, "Ecco")
    event = casework.answer(report, user, "", upload=SimpleUploadedFile("avviso.pdf", pdf()))
    assert event.text.startswith("file: documento")


def test_a_wrong_file_sends_nothing(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    before = Message.objects.count()
    with pytest.raises(ContentError, match="tipo di file"):
        casework.answer(report, user, "Ecco", upload=SimpleUploadedFile("foto.jpg", b"MZ"))
    with pytest.raises(ContentError, match="1024"):
        casework.answer(report, user, "x" * 1025, upload=SimpleUploadedFile("a.pdf", pdf()))
    assert Message.objects.count() == before


def test_an_answer_may_quote_the_citizens_last_message(user: User) -> None:
    report = report_of("Buca in via Roma 3", "È profonda")
    last = report.items.latest("pk").message
    event = casework.answer(report, user, "Quanto?", quote=True)
    assert event.message_to_citizen is not None
    assert event.message_to_citizen.context_id == last.provider_id


def photo_of(report: Report, latitude: float | None = 37.6535, longitude: float | None = 14.6396) -> Media:
    """A picture the citizen adds to the case, which says where it was taken."""
    photo = piece(report.contact, kind=Kind.IMAGE, after=5)
    assembling.receive(photo)
    media = photo.content.media
    assert media is not None
    media.status, media.latitude, media.longitude = Media.Status.FETCHED, latitude, longitude
    media.save()
    return media


def test_a_place_is_taken_from_a_photo_only_if_somebody_says_so(user: User) -> None:
    report = report_of("Buca")
    photo = photo_of(report)
    report.refresh_from_db()
    assert not report.has_place
    deciding.use_photo_place(report, user, photo)
    report.refresh_from_db()
    assert (report.latitude, report.longitude, report.inside_town) == (37.6535, 14.6396, True)
    inbound.handle(piece(report.contact, "È grande", after=9))
    report.refresh_from_db()
    assert report.latitude == 37.6535
    inbound.handle(piece(report.contact, place=(37.66, 14.64), after=12))
    report.refresh_from_db()
    assert report.latitude == 37.66
    with pytest.raises(CaseworkError, match="resta quella"):
        deciding.use_photo_place(report, user, photo)


def test_a_photo_of_somebody_else_or_without_a_place_gives_none(user: User) -> None:
    report, other = report_of("Buca"), report_of("Topi")
    for photo in (photo_of(other), photo_of(report, None, None)):
        with pytest.raises(CaseworkError, match="Questa foto"):
            deciding.use_photo_place(report, user, photo)
