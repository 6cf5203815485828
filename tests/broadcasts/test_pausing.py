from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from broadcasts import handover, pausing, progress, resending, sending, tasks
from broadcasts.errors import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.types import State
from tests.factories.broadcasts import BroadcastFactory, SubscribedContactFactory, UserFactory
from tests.factories.whatsapp import StaffPhoneFactory
from whatsapp import account, claims, mail
from whatsapp.errors import ContentError
from whatsapp.models import Message, Template
from whatsapp.types import Lane
from whatsapp.types import State as MessageState

pytestmark = pytest.mark.django_db
Fate = Callable[..., Broadcast]


def states(notice: Broadcast) -> set[str]:
    return set(Message.objects.filter(content=notice.content).values_list("state", flat=True))


def test_in_pause_messages_stay_queued_and_nothing_is_claimed(notice: Broadcast, staff: Any) -> None:
    sent = pausing.pause(sending.send(notice, staff), staff)
    assert (sent.state, sent.paused_by) == (State.PAUSED, staff)
    assert claims.claim(Lane.BULK, 8) == []
    assert states(sent) == {MessageState.QUEUED}
    assert min(Message.objects.values_list("due_at", flat=True)) > timezone.now()
    tasks.sweep()
    sent.refresh_from_db()
    assert sent.state == State.PAUSED


def test_a_pause_leaves_the_other_notices_alone(notice: Broadcast, staff: Any) -> None:
    pausing.pause(sending.send(notice, staff), staff)
    other = sending.send(BroadcastFactory(), staff)
    assert len(claims.claim(Lane.BULK, 8)) == 3
    assert states(other) == {MessageState.IN_FLIGHT}


def test_resume_goes_on_at_once(notice: Broadcast, staff: Any) -> None:
    sent = pausing.pause(sending.send(notice, staff), staff)
    claims.claim(Lane.BULK, 8)
    resumed = pausing.resume(sent)
    assert (resumed.state, resumed.paused_at, resumed.pause_reason) == (State.SENDING, None, "")
    assert len(claims.claim(Lane.BULK, 8)) == 3


def test_a_second_click_is_told(notice: Broadcast, staff: Any) -> None:
    sent = pausing.pause(sending.send(notice, staff), staff)
    with pytest.raises(NotAllowed, match="già in pausa"):
        pausing.pause(sent, staff)
    pausing.resume(sent)
    with pytest.raises(NotAllowed, match="già ripreso"):
        pausing.resume(sent)


def test_a_list_not_made_before_the_pause_is_made_after_it(
    notice: Broadcast, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crash:
        crash.setattr(sending, "fan_out", lambda broadcast: None)
        sent = sending.send(notice, staff)
    pausing.pause(sent, staff)
    tasks.sweep()
    assert Message.objects.count() == 0
    pausing.resume(sent)
    tasks.sweep()
    assert Message.objects.count() == 3


def test_from_a_pause_it_can_be_stopped(notice: Broadcast, staff: Any) -> None:
    sent = sending.stop(pausing.pause(sending.send(notice, staff), staff), staff)
    assert sent.state == State.STOPPED
    claims.claim(Lane.BULK, 8)
    assert states(sent) == {MessageState.SKIPPED}


def test_what_expires_in_pause_is_skipped_and_the_notice_is_over(notice: Broadcast, staff: Any) -> None:
    sent = pausing.pause(sending.send(notice, staff), staff)
    Broadcast.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    reasons = handover.refusals(list(Message.objects.select_related("contact", "content")))
    assert all(str(reason).startswith("scaduto") for reason in reasons.values())
    with pytest.raises(NotAllowed, match="è scaduto"):
        pausing.resume(sent)
    claims.claim(Lane.BULK, 8)
    tasks.sweep()
    sent.refresh_from_db()
    assert sent.state == State.COMPLETED


# --- By itself -----------------------------------------------------------------------------------


@pytest.fixture
def fate(approved: None, staff: Any) -> Fate:
    """A notice to 60 people of whom some have succeeded, then some failed; the rest is queued."""
    SubscribedContactFactory.create_batch(60)

    def make(*, good: int, bad: int, slug: str = "viabilita") -> Broadcast:
        sent = sending.send(BroadcastFactory(slug=slug), staff)
        add(sent, good=good, bad=bad)
        return sent

    return make


def add(notice: Broadcast, *, good: int = 0, bad: int = 0) -> None:
    queued = Message.objects.filter(content=notice.content, state=MessageState.QUEUED).order_by(
        "due_at", "pk"
    )
    pks = list(queued.values_list("pk", flat=True)[: good + bad])
    Message.objects.filter(pk__in=pks[:good]).update(state=MessageState.SENT)
    failed = Message.objects.filter(pk__in=pks[good:])
    failed.update(state=MessageState.FAILED, reason="Il modello è sospeso.")


@pytest.mark.parametrize(
    ("good", "bad", "slug", "paused"),
    [
        (0, 19, "viabilita", False),  # too few to say
        (0, 20, "viabilita", True),
        (14, 6, "viabilita", True),  # 30%
        (15, 6, "viabilita", False),
        (30, 12, "viabilita", False),
        (30, 13, "viabilita", True),
        (11, 9, "allerta-meteo", False),  # 45%: an alert goes on
        (10, 10, "allerta-meteo", True),
        (39, 20, "allerta-meteo", False),  # twenty in a row, but a third: it goes on
    ],
)
def test_it_pauses_by_itself_when_too_much_fails(
    fate: Fate, good: int, bad: int, slug: str, paused: bool
) -> None:
    notice = fate(good=good, bad=bad, slug=slug)
    tasks.sweep()
    tasks.sweep()
    notice.refresh_from_db()
    assert (notice.state == State.PAUSED) == paused
    if paused:
        assert f"{bad} su {good + bad}" in notice.pause_reason
        assert "«Il modello è sospeso»" in notice.pause_reason
        assert notice.paused_by is None


def test_twenty_in_a_row_are_enough_at_any_share(approved: None, staff: Any) -> None:
    SubscribedContactFactory.create_batch(110)
    notice = sending.send(BroadcastFactory(), staff)
    add(notice, good=80, bad=19)
    assert pausing.pause_failing() == 0
    add(notice, bad=1)
    assert pausing.pause_failing() == 1


def test_a_success_among_the_last_twenty_keeps_it_going(approved: None, staff: Any) -> None:
    SubscribedContactFactory.create_batch(110)
    notice = sending.send(BroadcastFactory(), staff)
    add(notice, good=80, bad=15)
    add(notice, good=1, bad=10)
    assert pausing.pause_failing() == 0


def test_what_a_person_knew_of_does_not_pause_it_again(fate: Fate) -> None:
    notice = fate(good=0, bad=20)
    assert pausing.pause_failing() == 1
    pausing.resume(notice)
    assert pausing.pause_failing() == 0
    add(notice, good=14, bad=6)
    assert pausing.pause_failing() == 1


def test_after_a_resend_the_count_begins_again(fate: Fate) -> None:
    notice = fate(good=35, bad=8)
    resending.resend(notice, resending.Again.FAILED)
    assert pausing.pause_failing() == 0
    add(notice, bad=20)
    assert pausing.pause_failing() == 1


def test_the_staff_are_told(fate: Fate, mailoutbox: Any) -> None:
    StaffPhoneFactory(user=UserFactory(email="turno@example.org"), on_duty=True)
    fate(good=0, bad=20)
    tasks.sweep()
    tasks.sweep()
    mail.send_due()
    assert [message.subject for message in mailoutbox] == ["WhatsURP: avviso in pausa"]


def test_the_watch_asks_little(fate: Fate, django_assert_max_num_queries: Any) -> None:
    for _ in range(4):
        fate(good=20, bad=2)
    with django_assert_max_num_queries(2):
        pausing.pause_failing()


# --- Late ----------------------------------------------------------------------------------------


def test_handed_over_and_expired_without_receipt_is_late(notice: Broadcast, staff: Any) -> None:
    sent = sending.send(notice, staff)
    first, second, third = Message.objects.filter(content=sent.content)
    Message.objects.filter(pk=first.pk).update(state=MessageState.SENT)
    Message.objects.filter(pk=second.pk).update(state=MessageState.ACCEPTED)
    Message.objects.filter(pk=third.pk).update(state=MessageState.DELIVERED)
    shown = {row.state: n for row, n in progress.counts(sent).rows() if n}
    assert shown == {"sent": 1, "accepted": 1, "delivered": 1}
    assert not progress.problems(sent).exists()
    Broadcast.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    sent.refresh_from_db()
    shown = {row.state: n for row, n in progress.counts(sent).rows() if n}
    assert shown == {"late": 2, "delivered": 1}
    assert {m.pk for m in progress.problems(sent)} == {first.pk, second.pk}
    first.refresh_from_db()
    assert progress.label(sent, first) == "non consegnato entro la scadenza"
    third.refresh_from_db()
    assert progress.label(sent, third) == "consegnato"


# --- A template WhatsApp has stopped --------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "change", "paused"),
    [
        ("viabilita", {"status": Template.Status.PAUSED}, True),
        ("viabilita", {"category": "marketing"}, True),
        ("viabilita", {"quality": "RED"}, False),
        ("allerta-meteo", {"status": Template.Status.DISABLED}, True),
        ("allerta-meteo", {"category": "marketing"}, False),  # an alert under way goes on
    ],
)
def test_it_pauses_when_its_template_cannot_be_used(
    approved: None, people: Any, staff: Any, slug: str, change: dict[str, str], paused: bool
) -> None:
    sent = sending.send(BroadcastFactory(slug=slug), staff)
    Template.objects.filter(contents=sent.content).update(**change)
    assert pausing.pause_failing() == paused
    sent.refresh_from_db()
    assert (sent.state == State.PAUSED) == paused
    assert ("Poi riprendi l'invio." in sent.pause_reason) == paused


def test_it_is_resumed_only_once_the_template_can_be_used(notice: Broadcast, staff: Any) -> None:
    sent = sending.send(notice, staff)
    Template.objects.update(category="marketing")
    pausing.pause_failing()
    with pytest.raises(NotAllowed, match="spostato il modello"):
        pausing.resume(sent)
    for template in Template.objects.filter(contents=sent.content):
        account.accept_category(template)
    assert pausing.resume(sent).state == State.SENDING


def test_nothing_new_leaves_with_it(notice: Broadcast, staff: Any) -> None:
    Template.objects.filter(categories=notice.category).update(category="marketing")
    with pytest.raises(ContentError, match=r"Viabilità.*non si può usare ora.*può costare di più"):
        sending.send(notice, staff)
