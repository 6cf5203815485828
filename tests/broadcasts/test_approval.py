"""Four eyes: asking, answering, changing one's mind, and doing without in an emergency."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from broadcasts import approval, composing, sending, tasks, versions
from broadcasts.approval import Emergency
from broadcasts.errors import NotAllowed
from broadcasts.models import Broadcast, Category
from broadcasts.types import AlertLevel, Event, State
from subscribers.models import Topic
from tests.factories.broadcasts import BroadcastFactory, UserFactory
from tests.factories.whatsapp import ContactFactory, StaffPhoneFactory
from whatsapp import mail
from whatsapp.models import Call, Contact, Media, Message, Template

pytestmark = pytest.mark.django_db
RED = Emergency(AlertLevel.RED, "Il torrente è già fuori.")


@pytest.fixture
def author(db: None) -> User:
    return UserFactory(first_name="Serena", last_name="Vitale")


@pytest.fixture
def second(db: None) -> User:
    return UserFactory(can=["approve_broadcast"], email="rosario@example.org")


@pytest.fixture
def draft(approved: None, people: list[Contact], author: User) -> Broadcast:
    return BroadcastFactory(author=author, approval=True)


@pytest.fixture
def alert(approved: None, people: list[Contact], author: User) -> Broadcast:
    return BroadcastFactory(slug="allerta-meteo", author=author, approval=True, title="Piena del Salso")


def fresh(notice: Broadcast) -> Broadcast:
    return Broadcast.objects.get(pk=notice.pk)


def events(notice: Broadcast) -> list[str]:
    return list(notice.versions.values_list("event", flat=True))


def time_passes() -> None:
    Broadcast.objects.filter(leaves_at__isnull=False).update(leaves_at=timezone.now())
    tasks.sweep()


# --- Asking and answering -------------------------------------------------------------------------


def test_without_asking_nothing_goes(draft: Broadcast, second: User) -> None:
    at = timezone.now() + timedelta(days=1)
    for go in (
        lambda: sending.hold(draft, second),
        lambda: sending.send(draft, second),
        lambda: sending.schedule_for(draft, second, at),
    ):
        with pytest.raises(NotAllowed, match="chiedi l'approvazione"):
            go()
    assert (fresh(draft).state, Message.objects.count()) == (State.DRAFT, 0)


def test_the_second_person_lets_it_go(draft: Broadcast, author: User, second: User) -> None:
    seen = composing.digest(approval.submit(draft, author))
    held = sending.hold(draft, second, digest=seen)
    assert (held.state, held.approved_by, held.sent_by) == (State.HOLDING, second, second)
    assert held.approved_at
    assert held.confirmed == seen
    time_passes()
    assert Message.objects.count() == 3
    assert events(draft) == [Event.SUBMIT, Event.APPROVE]
    last = draft.versions.last()
    assert last
    assert (last.by, last.digest, last.said["Titolo"]) == (second, seen, draft.title)


def test_who_wrote_or_changed_it_does_not_approve_it(draft: Broadcast, author: User, second: User) -> None:
    versions.keep(draft, second)  # second saved it once
    approval.submit(draft, author)
    for writer in (author, second):
        with pytest.raises(NotAllowed, match="modificato tu"):
            sending.hold(draft, writer)
    assert fresh(draft).state == State.SUBMITTED
    assert sending.hold(draft, UserFactory()).state == State.HOLDING


@pytest.mark.parametrize(
    "wrong",
    [
        lambda notice: {"approved_by": notice.author, "approved_at": timezone.now()},
        lambda notice: {"approved_by": UserFactory(), "approved_at": timezone.now()},  # a draft
        lambda notice: {"approved_at": timezone.now()},
        lambda notice: {"state": State.SUBMITTED},  # since when?
        lambda notice: {"state": State.RETURNED},  # why?
        lambda notice: {"return_reason": "Manca l'ora"},
        lambda notice: {"alert_level": "red"},
        lambda notice: {"alert_level": "yellow", "emergency_reason": "x"},
        lambda notice: {"countersigned_by": UserFactory(), "countersigned_at": timezone.now()},
        lambda notice: {"sequel": "end"},
        lambda notice: {"follows": notice, "sequel": "end"},
    ],
)
def test_the_database_refuses_what_cannot_be(
    draft: Broadcast, wrong: Callable[[Broadcast], dict[str, Any]]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Broadcast.objects.filter(pk=draft.pk).update(**wrong(draft))


def test_the_database_knows_who_wrote_what_was_approved(draft: Broadcast, author: User, second: User) -> None:
    approval.submit(draft, author)
    sending.hold(draft, second)
    with pytest.raises(IntegrityError), transaction.atomic():
        Broadcast.objects.filter(pk=draft.pk).update(approved_by=author)


def test_one_person_is_enough_where_the_category_says_so(draft: Broadcast, author: User) -> None:
    Category.objects.update(approval=False)
    held = sending.hold(draft, author)
    assert (held.state, held.approved_by) == (State.HOLDING, None)
    assert events(draft) == [Event.SEND]


def test_it_comes_back_with_a_reason_and_goes_again(draft: Broadcast, author: User, second: User) -> None:
    approval.submit(draft, author)
    with pytest.raises(NotAllowed, match="che cosa va corretto"):
        approval.send_back(draft, second, " \n")
    back = approval.send_back(draft, second, "Manca\nl'ora.")
    assert (back.state, back.return_reason) == (State.RETURNED, "Manca l'ora.")
    with pytest.raises(NotAllowed, match="già stato restituito"):
        approval.send_back(draft, second, "Manca l'ora.")
    with pytest.raises(NotAllowed, match="chiedi l'approvazione"):
        sending.hold(draft, second)
    again = approval.submit(draft, author)
    assert (again.state, again.return_reason) == (State.SUBMITTED, "")
    assert events(draft) == [Event.SUBMIT, Event.RETURN, Event.SUBMIT]


def test_its_author_takes_it_back(draft: Broadcast, author: User, second: User) -> None:
    approval.submit(draft, author)
    assert approval.withdraw(draft, author).state == State.DRAFT
    with pytest.raises(NotAllowed, match="già di nuovo una bozza"):
        approval.withdraw(draft, author)
    with pytest.raises(NotAllowed, match="ha ripreso"):
        approval.send_back(draft, second, "Manca l'ora.")
    with pytest.raises(NotAllowed, match="chiedi l'approvazione"):
        sending.hold(draft, second)


def test_what_changed_since_it_was_seen_is_not_approved(draft: Broadcast, author: User, second: User) -> None:
    seen = composing.digest(approval.submit(draft, author))
    approval.withdraw(draft, author)
    Broadcast.objects.filter(pk=draft.pk).update(text="Un altro testo")
    approval.submit(draft, author)
    with pytest.raises(NotAllowed, match="è stato modificato"):
        sending.hold(draft, second, digest=seen)
    assert fresh(draft).state == State.SUBMITTED


def change_text(notice: Broadcast) -> None:
    Broadcast.objects.filter(pk=notice.pk).update(text="Un altro testo")


def add_a_break(notice: Broadcast) -> None:
    """Not in the message, but on the page its button opens."""
    Broadcast.objects.filter(pk=notice.pk).update(text=notice.text.replace("\n\n", "\n\n\n"))


def change_file(notice: Broadcast) -> None:
    Broadcast.objects.filter(pk=notice.pk).update(
        media=Media.objects.create(kind="document", sha256="0" * 64, status="fetched")
    )


def change_audience(notice: Broadcast) -> None:
    Category.objects.filter(pk=notice.category_id).update(topic=Topic.objects.get(slug="eventi"))


def change_expiry(notice: Broadcast) -> None:
    Category.objects.filter(pk=notice.category_id).update(expiry_hours=5)


def change_template(notice: Broadcast) -> None:
    Template.objects.filter(categories=notice.category).update(body="*{{1}}*\n\n{{2}}\n\nAltro.")


def change_link(notice: Broadcast) -> None:
    buttons = [{"type": "url", "text": "Leggi", "url": "https://example.org/{{1}}"}]
    Template.objects.filter(categories=notice.category).update(buttons=buttons)


CHANGES = [
    change_text, add_a_break, change_file, change_audience, change_expiry, change_template, change_link,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("planned", [False, True], ids=["hold", "schedule"])
def test_any_change_voids_the_approval(
    draft: Broadcast, author: User, second: User, change: Callable[[Broadcast], None], planned: bool
) -> None:
    approval.submit(draft, author)
    if planned:
        sending.schedule_for(draft, second, timezone.now() + timedelta(days=1))
    else:
        sending.hold(draft, second)
    change(draft)
    time_passes()
    back = fresh(draft)
    assert (back.state, back.approved_by, back.confirmed) == (State.DRAFT, None, "")
    assert len(back.obstacle) > 20
    assert Message.objects.count() == 0


@pytest.mark.parametrize("change", [change_audience, change_template])
def test_the_list_is_not_made_for_something_else(
    draft: Broadcast, author: User, second: User, change: Callable[[Broadcast], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The process dies between the departure and the list; meanwhile the rule changes."""
    approval.submit(draft, author)
    with monkeypatch.context() as crash:
        crash.setattr(sending, "fan_out", lambda broadcast: 0)
        sending.send(draft, second)
    change(draft)
    tasks.sweep()
    stopped = fresh(draft)
    assert (stopped.state, Message.objects.count()) == (State.STOPPED, 0)
    assert "dopo la conferma" in stopped.obstacle
    tasks.sweep()
    assert Message.objects.count() == 0


def test_a_category_that_now_wants_two_people_gets_them(draft: Broadcast, author: User) -> None:
    Category.objects.update(approval=False)
    sending.schedule_for(draft, author, timezone.now() + timedelta(days=1))
    Category.objects.update(approval=True)
    time_passes()
    assert fresh(draft).state == State.DRAFT
    assert "seconda persona" in fresh(draft).obstacle


def test_undone_within_the_hold_it_waits_for_approval_again(
    draft: Broadcast, author: User, second: User
) -> None:
    approval.submit(draft, author)
    sending.hold(draft, second)
    again = sending.undo(draft, second)
    assert (again.state, again.approved_by, again.sent_by, again.leaves_at) == (
        State.SUBMITTED,
        None,
        None,
        None,
    )
    with pytest.raises(NotAllowed, match="già stato annullato"):
        sending.undo(draft, second)
    assert sending.hold(draft, second).approved_by == second


def test_what_was_planned_goes_back_to_a_draft_only(draft: Broadcast, author: User, second: User) -> None:
    wanted = timezone.now() + timedelta(days=1)
    assert approval.submit(draft, author, at=wanted).wanted_at == wanted
    planned = sending.schedule_for(draft, second, wanted)
    assert (planned.state, planned.approved_by, planned.wanted_at) == (State.SCHEDULED, second, None)
    back = sending.undo(draft, author)
    assert (back.state, back.approved_by, back.confirmed) == (State.DRAFT, None, "")
    with pytest.raises(NotAllowed, match="chiedi l'approvazione"):
        sending.hold(draft, second)


# --- Telling --------------------------------------------------------------------------------------


def test_an_alert_to_approve_calls_the_staff_until_it_is_decided(
    alert: Broadcast, author: User, second: User
) -> None:
    phone = StaffPhoneFactory(
        user=UserFactory(email="turno@example.org"), on_duty=True, contact=ContactFactory(reachable=True)
    )
    approval.submit(alert, author)
    call = Call.objects.get(key=f"notice-{alert.pk}")
    assert (call.reason, call.settled_at) == ("allerta da approvare", None)
    assert f"/{alert.pk}/invia/" in call.path
    told = Message.objects.get(contact=phone.contact)
    assert "Piena del Salso" in told.content.text
    sending.hold(alert, second)
    call.refresh_from_db()
    assert (call.taken_by, call.settled_at is None) == (second, False)


def test_an_ordinary_notice_is_told_by_mail_to_who_may_approve(
    draft: Broadcast, author: User, second: User, mailoutbox: Any
) -> None:
    UserFactory(email="altra@example.org")
    approval.submit(draft, author)
    mail.send_due()
    [message] = mailoutbox
    assert message.to == ["rosario@example.org"]
    assert f"/{draft.pk}/invia/" in message.body
    assert not Call.objects.exists()


# --- Emergency ------------------------------------------------------------------------------------


def test_one_person_alone_sends_a_red_alert_and_everybody_knows(
    alert: Broadcast, author: User, mailoutbox: Any
) -> None:
    on, off = (
        StaffPhoneFactory(user=UserFactory(), on_duty=duty, contact=ContactFactory(reachable=True))
        for duty in (True, False)
    )
    UserFactory(can=["approve_broadcast"], email="senza.telefono@example.org")
    held = sending.hold(alert, author, emergency=RED)
    assert (held.state, held.approved_by, held.alert_level) == (State.HOLDING, None, AlertLevel.RED)
    assert not Call.objects.exists()  # it may still be undone
    mail.send_due()
    mailoutbox.clear()
    time_passes()
    mail.send_due()
    sent = fresh(alert)
    assert (sent.state, sent.needs_countersignature) == (State.SENDING, True)
    for phone in (on, off):
        said = Message.objects.get(contact=phone.contact).content.text
        assert "Serena Vitale ha inviato da solo l'allerta rossa" in said
        assert "Il torrente è già fuori." in said
    assert ["senza.telefono@example.org"] in [message.to for message in mailoutbox]
    [found] = approval.emergencies()
    assert found == alert
    assert approval.this_year([found]) == approval.Year(timezone.localdate().year, 1, 0)


def test_it_can_be_sent_alone_while_it_waits(alert: Broadcast, author: User) -> None:
    approval.submit(alert, author)
    assert sending.hold(alert, author, emergency=RED).state == State.HOLDING
    assert Call.objects.get().settled_at  # nobody need approve it any more


def test_undone_an_emergency_leaves_no_trace_but_the_history(alert: Broadcast, author: User) -> None:
    sending.hold(alert, author, emergency=RED)
    back = sending.undo(alert, author)
    assert (back.state, back.alert_level, back.emergency_reason) == (State.DRAFT, "", "")
    assert events(alert) == [Event.EMERGENCY, Event.UNDO]
    assert approval.emergencies() == []


def test_only_alerts_and_only_with_a_reason(draft: Broadcast, alert: Broadcast, author: User) -> None:
    with pytest.raises(NotAllowed, match="arancioni e rosse"):
        sending.hold(draft, author, emergency=RED)
    with pytest.raises(NotAllowed, match="non può aspettare"):
        sending.hold(alert, author, emergency=Emergency(AlertLevel.ORANGE, "  "))
    with pytest.raises(NotAllowed, match="arancioni e rosse"):
        sending.hold(alert, author, emergency=Emergency("yellow", "Piove"))  # type: ignore[arg-type]
    assert Message.objects.count() == 0


def test_another_person_countersigns_once(alert: Broadcast, author: User, second: User) -> None:
    with pytest.raises(NotAllowed, match="non ha bisogno"):
        approval.countersign(alert, second)
    sender = UserFactory()
    sending.send(alert, sender, emergency=RED)
    for same in (author, sender):
        with pytest.raises(NotAllowed, match="un'altra persona"):
            approval.countersign(alert, same)
    with pytest.raises(IntegrityError), transaction.atomic():
        Broadcast.objects.filter(pk=alert.pk).update(countersigned_by=sender, countersigned_at=timezone.now())
    done = approval.countersign(alert, second)
    assert (done.countersigned_by, done.needs_countersignature) == (second, False)
    with pytest.raises(NotAllowed, match="già stata controfirmata"):
        approval.countersign(alert, UserFactory())
    year = approval.this_year(approval.emergencies())
    assert (year.sent, year.countersigned) == (1, 1)


def test_an_old_emergency_is_a_mark_but_not_this_years_figure(
    alert: Broadcast, author: User, second: User
) -> None:
    sending.send(alert, author, emergency=RED)
    Broadcast.objects.update(started_at=timezone.now() - timedelta(days=400))
    assert approval.emergencies() == [alert]
    assert approval.this_year(approval.emergencies()).sent == 0
    approval.countersign(alert, second)
    assert approval.emergencies() == []


# --- Who is waited for ----------------------------------------------------------------------------


def test_alerts_wait_first(draft: Broadcast, alert: Broadcast, author: User, second: User) -> None:
    approval.submit(draft, author)
    approval.submit(alert, author)
    assert list(approval.waiting()) == [alert, draft]
    assert set(approval.written_by(author)) == {draft, alert}
    assert not approval.written_by(second).exists()
