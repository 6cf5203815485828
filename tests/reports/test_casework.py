"""What staff do, what the citizen is told, what is written down."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from reports import casework, inbound
from reports.casework import CaseworkError, WindowClosed
from reports.models import Office, Report, ReportCategory, ReportEvent
from reports.states import OUTCOMES, TRANSITIONS, Forbidden, State
from tests.factories.reports import OfficeFactory, ReportFactory, piece, report_of
from tests.factories.whatsapp import ContactFactory
from whatsapp.errors import ContentError
from whatsapp.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create_user("segreteria")


def last_said(report: Report) -> str:
    return Message.objects.filter(contact=report.contact, inbound=False).latest("pk").text


def close_window(report: Report) -> None:
    report.contact.window_expires_at = timezone.now() - timedelta(minutes=1)
    report.contact.save()


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


def test_free_text_needs_the_window(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    close_window(report)
    before = Message.objects.count()
    with pytest.raises(WindowClosed, match="24 ore"):
        casework.answer(report, user, "Dove esattamente?")
    assert Message.objects.count() == before


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
    casework.add_note(report, user, "Sentito il geometra")
    assert Message.objects.count() == before


def test_a_corrected_category_brings_its_office_and_stays(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    green = ReportCategory.objects.get(slug="verde")
    casework.reclassify(report, user, green)
    inbound.handle(piece(report.contact, "buca buca buca", after=5))
    report.refresh_from_db()
    assert (report.category, report.office) == (green, green.office)


def test_handing_over_inside_keeps_it_open_and_writes_to_the_office(
    user: User, mailoutbox: list[mail.EmailMessage], django_capture_on_commit_callbacks: object
) -> None:
    report = report_of("Lampione spento in via Dante 2")
    casework.take_charge(report, user)
    office = OfficeFactory()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        casework.hand_over(report, user, office, "Adesso se ne occupa un altro ufficio.")
    report.refresh_from_db()
    assert (report.state, report.office, report.assigned_to) == (State.TAKEN, office, None)
    [sent] = mailoutbox
    assert "via Dante 2" in sent.body
    assert sent.to == [office.email]


def test_handing_over_to_an_outside_body_closes_it_and_tells_nobody_who_reported(
    user: User, mailoutbox: list[mail.EmailMessage], django_capture_on_commit_callbacks: object
) -> None:
    contact = ContactFactory(reachable=True, profile_name="Rosaria Bellomo")
    report = report_of("Perdita d'acqua in via Cavour 9", contact=contact)
    assert report.office == Office.objects.get(name="AcquaEnna")
    assert report.office is not None
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        casework.hand_over(report, user, report.office, "L'abbiamo passata ad AcquaEnna.")
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
    casework.add_note(report, user, "Visto")
    with pytest.raises(CaseworkError, match="cambiata"):
        casework.check_unchanged(report, seen)


@pytest.mark.parametrize(
    "wrong",
    [{"level": 5}, {"level": 0}, {"state": "boh"}, {"latitude": 1.0}, {"state": "resolved"}],
    ids=str,
)
def test_the_database_refuses_what_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ReportFactory(**wrong)
