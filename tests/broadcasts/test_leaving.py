"""The hold with its undo, and the schedule."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from broadcasts import composing, published, sending, tasks
from broadcasts.errors import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.types import State
from subscribers.models import Subscriber
from tests.factories.broadcasts import BroadcastFactory, SubscribedContactFactory
from whatsapp.models import Content, Message, Template
from whatsapp.types import Lane

pytestmark = pytest.mark.django_db
threads = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def time_passes(notice: Broadcast) -> None:
    """The hold is over, or the hour has struck."""
    Broadcast.objects.filter(pk=notice.pk).update(leaves_at=timezone.now())


def at_once(call: Callable[[int], object], times: int) -> list[object]:
    def run(n: int) -> object:
        try:
            return call(n)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_during_the_hold_nothing_leaves(notice: Broadcast, staff: Any) -> None:
    held = sending.hold(notice, staff)
    tasks.leave(held.pk)
    tasks.sweep()
    held.refresh_from_db()
    assert (held.state, held.started_at, Message.objects.count()) == (State.HOLDING, None, 0)
    assert held.leaves_at
    assert timedelta(seconds=25) < held.leaves_at - timezone.now() <= timedelta(seconds=30)
    assert not published.readable().exists()


def test_after_the_hold_it_leaves_once(notice: Broadcast, staff: Any) -> None:
    sending.hold(notice, staff)
    time_passes(notice)
    for _ in range(10):
        tasks.leave(notice.pk)
    tasks.sweep()
    notice.refresh_from_db()
    assert (notice.state, notice.sent_by, Message.objects.count()) == (State.SENDING, staff, 3)
    assert notice.started_at
    assert notice.expires_at == notice.started_at + timedelta(hours=48)  # from departure
    assert Content.objects.count() == 1


def test_the_sweep_alone_is_enough(notice: Broadcast, staff: Any) -> None:
    sending.hold(notice, staff)
    time_passes(notice)
    tasks.sweep()
    assert Message.objects.count() == 3


def test_an_alert_holds_five_seconds(notice: Broadcast, staff: Any) -> None:
    alert = sending.hold(BroadcastFactory(slug="allerta-meteo"), staff)
    assert alert.leaves_at
    assert alert.leaves_at - timezone.now() <= timedelta(seconds=5)
    time_passes(alert)
    tasks.leave(alert.pk)
    assert set(Message.objects.values_list("lane", flat=True)) == {Lane.ALERT}


@threads
def test_ten_tasks_and_two_sweeps_at_the_same_moment_have_one_effect(notice: Broadcast, staff: Any) -> None:
    sending.hold(notice, staff)
    time_passes(notice)
    at_once(lambda n: tasks.sweep() if n < 2 else tasks.leave(notice.pk), 12)
    assert (Message.objects.count(), Content.objects.count()) == (3, 1)


@threads
def test_undo_and_departure_at_the_same_moment_agree(notice: Broadcast, staff: Any) -> None:
    sending.hold(notice, staff)
    time_passes(notice)

    def act(n: int) -> str:
        try:
            return str(sending.leave(notice)) if n % 2 else sending.undo(notice).state
        except NotAllowed:
            return "refused"

    outcomes = at_once(act, 6)
    notice.refresh_from_db()
    left = notice.state == State.SENDING
    assert Message.objects.count() == (3 if left else 0)
    assert outcomes.count("True") == int(left)
    assert outcomes.count("draft") == int(not left)


@threads
def test_two_clicks_hold_once(notice: Broadcast, staff: Any) -> None:
    def click(_: int) -> bool:
        try:
            return bool(sending.hold(notice, staff))
        except NotAllowed:
            return False

    assert sorted(map(bool, at_once(click, 4))) == [False, False, False, True]


def test_undo_makes_it_a_draft_again(notice: Broadcast, staff: Any) -> None:
    held = sending.hold(notice, staff)
    draft = sending.undo(held)
    assert (draft.state, draft.leaves_at, draft.sent_by, draft.confirmed) == (State.DRAFT, None, None, "")
    Broadcast.objects.filter(pk=notice.pk).update(text="Corretto")
    tasks.leave(notice.pk)  # the first hold's nudge comes late
    assert Message.objects.count() == 0
    with pytest.raises(NotAllowed, match="già stato annullato"):
        sending.undo(held)
    assert sending.hold(notice, staff).state == State.HOLDING


def test_once_gone_it_cannot_be_undone(notice: Broadcast, staff: Any) -> None:
    sending.send(notice, staff)
    with pytest.raises(NotAllowed, match="Troppo tardi"):
        sending.undo(notice)
    assert Message.objects.count() == 3


def test_what_changed_since_it_was_seen_is_not_held(notice: Broadcast, staff: Any) -> None:
    seen = composing.digest(notice)
    Broadcast.objects.filter(pk=notice.pk).update(text="Un altro testo")
    with pytest.raises(NotAllowed, match="è stato modificato"):
        sending.hold(notice, staff, digest=seen)
    with pytest.raises(NotAllowed, match="è stato modificato"):
        sending.schedule_for(notice, staff, timezone.now() + timedelta(days=1), digest=seen)
    notice.refresh_from_db()
    assert notice.state == State.DRAFT


def test_a_scheduled_one_leaves_at_its_time_without_a_second_hold(notice: Broadcast, staff: Any) -> None:
    planned = sending.schedule_for(notice, staff, timezone.now() + timedelta(days=3))
    tasks.sweep()
    assert (planned.state, Message.objects.count()) == (State.SCHEDULED, 0)
    joined_later = SubscribedContactFactory()  # the list is made at departure
    time_passes(notice)
    tasks.sweep()
    tasks.sweep()
    notice.refresh_from_db()
    assert (notice.state, Message.objects.count()) == (State.SENDING, 4)
    assert Message.objects.filter(contact=joined_later).exists()
    assert notice.expires_at
    assert notice.expires_at > timezone.now() + timedelta(hours=47)


def test_a_scheduled_one_can_be_called_back(notice: Broadcast, staff: Any) -> None:
    sending.schedule_for(notice, staff, timezone.now() + timedelta(days=3))
    assert sending.undo(notice).state == State.DRAFT
    with pytest.raises(NotAllowed, match="bozza"):
        sending.stop(notice, staff)


@pytest.mark.parametrize("trouble", ["template", "people", "category"])
def test_what_cannot_leave_any_more_is_a_draft_and_says_why(
    notice: Broadcast, staff: Any, trouble: str
) -> None:
    sending.schedule_for(notice, staff, timezone.now() + timedelta(days=3))
    match trouble:
        case "template":
            Template.objects.update(status=Template.Status.PAUSED)
        case "people":
            Subscriber.objects.update(state="left", left_at=timezone.now())
        case "category":
            type(notice.category).objects.filter(pk=notice.category_id).update(lane=Lane.ALERT)
    time_passes(notice)
    tasks.sweep()
    notice.refresh_from_db()
    assert (notice.state, notice.content, Message.objects.count()) == (State.DRAFT, None, 0)
    assert len(notice.obstacle) > 20


def test_a_quiet_sweep_is_one_query(notice: Broadcast, staff: Any, django_assert_num_queries: Any) -> None:
    sending.schedule_for(notice, staff, timezone.now() + timedelta(days=3))
    sending.stop(sending.send(BroadcastFactory(), staff), staff)
    with django_assert_num_queries(1):
        tasks.sweep()


def test_the_nudge_of_a_deleted_draft_does_nothing() -> None:
    tasks.leave(0)
