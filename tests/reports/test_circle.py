"""From the citizen's «basta così» to the rating: the circle that must close for everybody who reported."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from reports import answering, assembling, casework, closing, deadlines, deciding, inbound, scoring, tasks
from reports.casework import CaseworkError
from reports.models import Report, ReportCategory, ReportItem
from reports.states import State
from tests.factories.reports import close_window, piece, report_of
from tests.factories.whatsapp import ContactFactory, StaffPhoneFactory
from whatsapp import paging
from whatsapp.models import Contact, Message
from whatsapp.types import Kind

pytestmark = pytest.mark.django_db
INSIDE = (37.6535, 14.6396)


@pytest.fixture
def user() -> User:
    return User.objects.create_superuser("segreteria")


def said_to(contact: Contact) -> list[str]:
    """Our messages, the oldest first."""
    rows = Message.objects.filter(contact=contact, inbound=False).order_by("pk")
    return [message.text for message in rows.select_related("content")]


def tap(report: Report, what: str, *, after: float = 60) -> Message:
    """A button or row of ours about this case, tapped by its citizen."""
    message = piece(report.contact, "toccato", kind=Kind.BUTTON_REPLY, after=after)
    message.content.payload = f"report:{report.pk}:{what}"
    message.content.save()
    return message


# --- The end of telling


@pytest.mark.parametrize("words", ["Basta così", "basta cosi grazie", "Ho finito", "È tutto", "nient'altro"])
def test_basta_cosi_ends_the_report_and_the_next_thing_is_another(words: str) -> None:
    report = report_of("Buca in via Roma 3")
    assert inbound.finish(piece(report.contact, words, after=30))
    report.refresh_from_db()
    assert report.ended_at is not None
    assert "ISCRIZIONE OFF" in said_to(report.contact)[-1]
    other = assembling.receive(piece(report.contact, "Ah, anche rifiuti in via Dante", after=40))
    assert other not in (None, report)


def test_basta_cosi_said_to_nobody_is_not_ours() -> None:
    assert not inbound.finish(piece(ContactFactory(reachable=True), "Basta così"))


def test_what_was_written_before_the_end_and_comes_later_belongs_to_it_and_the_other_way_round() -> None:
    contact = ContactFactory(reachable=True)
    report = report_of("Buca in via Roma 3", contact=contact)
    after = piece(contact, "E poi topi in via Dante", after=50)
    assert assembling.receive(after) == report
    inbound.finish(piece(contact, "basta così", after=40))
    assert ReportItem.objects.get(message=after).report != report
    assert assembling.receive(piece(contact, kind=Kind.IMAGE, after=35)) == report
    report.refresh_from_db()
    assert (report.summary, report.items.count()) == ("Buca in via Roma 3", 2)


def test_the_button_ends_it_once() -> None:
    report = report_of("Buca in via Roma 3")
    for _ in range(2):
        assert inbound.finish(tap(report, "end"))
    assert sum("è completa" in text for text in said_to(report.contact)) == 1


# --- Questions


def test_the_kind_is_asked_with_a_list_and_a_choice_settles_it() -> None:
    report = report_of("Guardate che roba, in via Roma 3")
    [asked] = Message.objects.filter(contact=report.contact, inbound=False)
    assert asked.content.kind == Kind.LIST
    inbound.handle(tap(report, "kind:verde"))
    report.refresh_from_db()
    assert report.category == ReportCategory.objects.get(slug="verde")
    assembling.receive(piece(report.contact, "una buca", after=90))
    report.refresh_from_db()
    assert report.category == ReportCategory.objects.get(slug="verde")


def test_the_second_question_waits_until_the_person_writes_no_more() -> None:
    contact = ContactFactory(reachable=True)
    assembling.receive(piece(contact, kind=Kind.IMAGE))
    assembling.receive(piece(contact, place=INSIDE, after=5))
    assert len(said_to(contact)) == 1
    tasks.sweep()
    assert len(said_to(contact)) == 1
    Report.objects.update(ask_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    tasks.sweep()
    assert len(said_to(contact)) == 2
    assert "Di che cosa si tratta" in said_to(contact)[1]


@pytest.mark.parametrize("change", ["ended", "closed", "silent"])
def test_nobody_is_asked_who_has_ended_is_answered_or_out_of_reach(user: User, change: str) -> None:
    contact = ContactFactory(reachable=True)
    report = assembling.receive(piece(contact, kind=Kind.IMAGE))
    assert report is not None
    assembling.receive(piece(contact, place=INSIDE, after=5))
    if change == "ended":
        inbound.finish(piece(contact, "basta così", after=9))
    elif change == "closed":
        casework.close(report, user, State.CANCELLED, "Provato")
    else:
        close_window(report)
    before = len(said_to(contact))
    Report.objects.filter(ask_at__isnull=False).update(ask_at=timezone.now() - timedelta(seconds=1))
    assert answering.ask_pending() == 0
    assert len(said_to(contact)) == before
    assert not Report.objects.filter(ask_at__isnull=False).exists()


@pytest.mark.parametrize(
    "words", ["Novità?", "a che punto siamo", "Ancora niente", "Aggiungo che è profonda"]
)
def test_an_addition_goes_to_the_open_case_and_is_acknowledged(words: str) -> None:
    report = report_of("Buca in via Roma 3", at=timezone.now() - timedelta(days=3))
    assert assembling.receive(piece(report.contact, words)) == report
    assert f"aggiunto alla segnalazione n. {report.number}, che è «ricevuta»" in said_to(report.contact)[-1]


def test_a_number_named_leads_to_its_case_and_reopens_it(user: User) -> None:
    report = report_of("Buca in via Roma 3", at=timezone.now() - timedelta(days=3))
    casework.close(report, user, State.RESOLVED, "Fatto")
    stranger = piece(ContactFactory(reachable=True), f"la {report.number} non è a posto")
    assert assembling.receive(stranger) != report
    assert assembling.receive(piece(report.contact, f"la {report.number} non è a posto")) == report
    report.refresh_from_db()
    assert report.state == State.REOPENED


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-25 10:00", None),
        ("2026-11-25 14:00", "2026-11-26 08:00"),
        ("2026-11-25 07:59", "2026-11-25 08:00"),
        ("2026-11-27 20:00", "2026-11-30 08:00"),
        ("2026-08-10 20:00", "2026-08-12 08:00"),  # San Vito in between
    ],
)
def test_out_of_hours_says_when_the_offices_open(now: str, opens: str | None) -> None:
    def rome(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Rome"))

    assert deadlines.next_opening(rome(now)) == (rome(opens) if opens else None)


# --- Seriousness


def test_staff_decide_the_level_with_a_reason_and_words_no_longer_change_it(user: User) -> None:
    report = report_of("Buca in via Roma 3")
    with pytest.raises(CaseworkError, match="perché"):
        deciding.decide_level(report, user, 3, " ")
    deciding.decide_level(report, user, 3, "Ci passa lo scuolabus")
    assembling.receive(piece(report.contact, "Grazie, è pericolosa", after=9))
    report.refresh_from_db()
    assert report.level == 3
    assert any("decisa da una persona" in text for text, _ in report.reasons)
    assert report.score == sum(points for _, points in report.reasons)


def test_an_alert_in_force_lifts_what_suffers_from_weather(
    settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    dry, wet = report_of("Cassonetto pieno in via Roma"), report_of("Tombino intasato in via Dante")
    Report.objects.update(score=20, opened_at=timezone.now())
    Report.objects.filter(pk=dry.pk).update(score=21)
    assert list(scoring.by_urgency(Report.objects.all())) == [dry, wet]
    settings.WEATHER_ALERT = f"{__name__}.alert"  # type: ignore[attr-defined]
    assert list(scoring.by_urgency(Report.objects.all())) == [wet, dry]
    assert ("allerta in corso", scoring.WEATHER) in scoring.why(wet, alert=True)


def alert() -> bool:
    """An alert is in force."""
    return True


# --- Joined


def test_joined_reporters_hear_of_everything_and_never_of_each_other(user: User) -> None:
    rosa = ContactFactory(reachable=True, profile_name="Rosa Bellomo")
    piero = ContactFactory(reachable=True, profile_name="Piero Messina")
    main = report_of("Buca in via Roma 3", contact=rosa)
    other = report_of("Voragine davanti al bar, in via Roma", contact=piero)
    before = main.score
    casework.join(other, user, main, f"Segnalazione n. {other.number}: ci era già nota.")
    main.refresh_from_db()
    assert main.score > before
    casework.take_charge(main, user, f"Segnalazione n. {main.number}: presa. {answering.texts.link(main)}")
    casework.close(main, user, State.RESOLVED, f"Segnalazione n. {main.number}: fatto.")
    told = said_to(piero)
    assert f"Segnalazione n. {other.number}: fatto." in told
    assert any(f"n. {other.number}: presa" in text and other.token in text for text in told)
    for text in told:
        assert main.number not in text
        assert main.token not in text
        assert "Rosa" not in text
    assert all(other.number not in text for text in said_to(rosa))
    inbound.handle(tap(other, "unsolved"))
    other.refresh_from_db()
    main.refresh_from_db()
    assert (other.state, other.duplicate_of, main.state) == (State.REOPENED, None, State.RESOLVED)


def test_what_is_joined_to_a_joined_one_follows_and_no_case_joins_itself(user: User) -> None:
    one, two, three = (report_of("Buca in via Roma 3") for _ in range(3))
    casework.join(two, user, one, "Nota")
    casework.join(one, user, three, "Nota")
    two.refresh_from_db()
    assert two.duplicate_of == three
    for wrong in (three, two):  # two leads to three itself
        with pytest.raises(CaseworkError, match="altra segnalazione"):
            casework.join(three, user, wrong, "Nota")
    with pytest.raises(CaseworkError, match="silenzio"):
        casework.join(three, user, report_of("Buca"), " ")


# --- Who, where, protocol


def test_a_case_is_given_only_to_who_may_treat_it(user: User) -> None:
    report, reader = report_of("Buca"), User.objects.create_user("revisore")
    with pytest.raises(CaseworkError, match="non può trattare"):
        deciding.assign(report, user, reader)
    reader.user_permissions.set(Permission.objects.filter(codename="treat_report"))
    deciding.assign(report, user, User.objects.get(pk=reader.pk))
    report.refresh_from_db()
    assert report.assigned_to == reader


def test_protocol_needs_number_and_date(user: User) -> None:
    report = report_of("Buca")
    deciding.register(report, user, wanted=True)
    report.refresh_from_db()
    assert report.to_register
    with pytest.raises(CaseworkError, match="numero e la data"):
        deciding.register(report, user, wanted=True, number="1234")
    event = deciding.register(report, user, wanted=True, number="1234", day=timezone.localdate())
    report.refresh_from_db()
    assert (report.to_register, report.protocol_number) == (False, "1234")
    assert "n. 1234 del" in event.text


def test_the_goal_is_thirty_days() -> None:
    report = report_of("Buca")
    assert report.goal_on == timezone.localdate(report.opened_at) + timedelta(days=30)


# --- The call at night


def test_who_answers_the_call_has_the_case_and_the_citizen_is_told(user: User) -> None:
    phone = StaffPhoneFactory(user=user, contact__reachable=True)
    report = report_of("Aiuto, c'è puzza di gas in via Roma 3")
    call = paging.Call.objects.get(key=answering.call_keys(report.contact)[0])
    message = piece(phone.contact, "Me ne occupo", kind=Kind.BUTTON_REPLY)
    message.content.payload = f"call:{call.token}"
    assert paging.handle(message)
    report.refresh_from_db()
    assert (report.state, report.assigned_to) == (State.TAKEN, user)
    assert "presa in carico" in said_to(report.contact)[-1]


def test_taking_charge_in_the_office_ends_the_calls(user: User) -> None:
    StaffPhoneFactory(user=user)
    report = report_of("Aiuto, c'è puzza di gas in via Roma 3")
    casework.take_charge(report, user)
    assert paging.Call.objects.get().settled_at is not None


# --- The end, and after it


@pytest.fixture
def resolved(user: User) -> Report:
    report = report_of("Buca in via Roma 3")
    casework.close(report, user, State.RESOLVED, "Fatto.")
    report.refresh_from_db()
    return report


def test_the_news_of_the_solution_asks_for_a_rating(resolved: Report) -> None:
    asked = Message.objects.filter(contact=resolved.contact, inbound=False).latest("pk").content
    assert asked.kind == Kind.LIST
    assert len(asked.buttons) == 6
    inbound.handle(tap(resolved, "rate:4"))
    resolved.refresh_from_db()
    assert (resolved.rating, resolved.state) == (4, State.RESOLVED)
    assert "voto" in said_to(resolved.contact)[-1]


def test_not_solved_reopens_once(resolved: Report) -> None:
    for _ in range(2):
        inbound.handle(tap(resolved, "unsolved"))
    resolved.refresh_from_db()
    assert resolved.state == State.REOPENED
    assert sum("riaperta" in text for text in said_to(resolved.contact)) == 1


@pytest.mark.parametrize("payload", ["rate:9", "rate:0", "rate:x", "kind:boh", "boh", "end:7"])
def test_a_strange_tap_breaks_nothing(resolved: Report, payload: str) -> None:
    message = tap(resolved, payload)
    assert inbound.finish(message) or inbound.handle(message)
    resolved.refresh_from_db()
    assert resolved.rating is None


def test_nobody_rates_or_reopens_somebody_elses_case(resolved: Report) -> None:
    for what in ("rate:1", "unsolved", "end"):
        message = tap(resolved, what)
        message.contact = ContactFactory(reachable=True)
        message.save()
        assert inbound.finish(message) or inbound.handle(message)
    resolved.refresh_from_db()
    assert (resolved.rating, resolved.state, resolved.ended_at) == (None, State.RESOLVED, None)


def test_the_private_page_takes_the_rating_and_the_contest(client: Client, resolved: Report) -> None:
    address = f"/segnalazioni/{resolved.token}/"
    assert "Com'è andata" in client.get(address).content.decode()
    assert client.post(address, {"voto": "5"}).status_code == 302
    client.post(address, {"voto": "99"})
    client.post(address, {"voto": "<b>"})
    resolved.refresh_from_db()
    assert resolved.rating == 5
    client.post(address, {"non_risolto": "1"})
    resolved.refresh_from_db()
    assert resolved.state == State.REOPENED
    assert "Com'è andata" not in client.get(address).content.decode()


def test_the_private_page_asks_for_a_token_against_forgery(resolved: Report) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(f"/segnalazioni/{resolved.token}/", {"voto": "1"}).status_code == 403


def test_the_private_page_expires(client: Client, resolved: Report, settings: object) -> None:
    Report.objects.update(closed_at=timezone.now() - timedelta(days=179))
    assert client.get(f"/segnalazioni/{resolved.token}/").status_code == 200
    Report.objects.update(closed_at=timezone.now() - timedelta(days=181))
    response = client.get(f"/segnalazioni/{resolved.token}/")
    assert response.status_code == 410
    assert resolved.number not in response.content.decode()
    assert client.post(f"/segnalazioni/{resolved.token}/", {"non_risolto": "1"}).status_code == 410
    assert closing.link_expired(Report.objects.get())


# --- The staff's open pages


def test_open_pages_hear_of_what_is_new_and_only_then(admin_client: Client) -> None:
    report = report_of("Buca in via Roma 3")
    for address in ("/admin/reports/report/", f"/admin/reports/report/{report.pk}/change/"):
        html = admin_client.get(address).content.decode()
        mark = html.split('data-live-mark="')[1].split('"')[0]
        assert admin_client.get(address, headers={"X-Live": mark}).status_code == 204
        assembling.receive(piece(report.contact, "ed è profonda", after=5))
        assert "profonda" in admin_client.get(address, headers={"X-Live": mark}).content.decode()
