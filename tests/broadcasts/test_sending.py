from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from broadcasts import audience, composing, progress, sending, tasks
from broadcasts.errors import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.types import State
from tests.factories.broadcasts import BroadcastFactory, SubscribedContactFactory
from tests.factories.whatsapp import ContactFactory, StaffPhoneFactory
from whatsapp.errors import ContentError
from whatsapp.models import Contact, Message
from whatsapp.types import Lane
from whatsapp.types import State as MessageState

pytestmark = pytest.mark.django_db


def test_everyone_subscribed_gets_one_row(notice: Broadcast, staff: Any, people: list[Contact]) -> None:
    ContactFactory()  # wrote once, never subscribed
    sent = sending.send(notice, staff)
    assert sent.state == State.SENDING
    messages = Message.objects.filter(content=sent.content)
    assert {message.contact_id for message in messages} == {person.pk for person in people}
    assert {message.lane for message in messages} == {Lane.BULK}
    assert sent.content
    assert sent.content.expires_at == sent.expires_at
    assert sent.sent_by == staff


def test_an_alert_goes_in_its_lane_and_expires_soon(notice: Broadcast, staff: Any) -> None:
    sent = sending.send(BroadcastFactory(slug="allerta-meteo"), staff)
    assert set(Message.objects.values_list("lane", flat=True)) == {Lane.ALERT}
    assert sent.expires_at
    assert sent.started_at
    assert sent.expires_at - sent.started_at == timedelta(hours=12)


def test_a_second_click_is_told_and_changes_nothing(notice: Broadcast, staff: Any) -> None:
    sending.send(notice, staff)
    with pytest.raises(NotAllowed, match="già in invio"):
        sending.send(notice, staff)  # the same stale object
    assert Message.objects.count() == 3


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_clicks_at_the_same_moment_have_one_effect(notice: Broadcast, staff: Any) -> None:
    def click(_: int) -> bool:
        try:
            sending.send(notice, staff)
        except NotAllowed:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(click, range(4))) == [False, False, False, True]
    assert Message.objects.count() == 3


def test_what_changed_since_it_was_confirmed_does_not_go(notice: Broadcast, staff: Any) -> None:
    seen = composing.digest(notice)
    Broadcast.objects.filter(pk=notice.pk).update(text="Un altro testo")
    with pytest.raises(NotAllowed, match="è stato modificato"):
        sending.send(notice, staff, digest=seen)
    notice.refresh_from_db()
    assert (notice.state, Message.objects.count()) == (State.DRAFT, 0)


def test_without_subscribers_nothing_starts(approved: None, staff: Any) -> None:
    notice = BroadcastFactory()
    with pytest.raises(NotAllowed, match="non ci sono iscritti"):
        sending.send(notice, staff)
    notice.refresh_from_db()
    assert notice.state == State.DRAFT


def test_without_approved_template_the_draft_stays(people: list[Contact], staff: Any) -> None:
    notice = BroadcastFactory()
    with pytest.raises(ContentError):
        sending.send(notice, staff)
    notice.refresh_from_db()
    assert (notice.state, notice.content) == (State.DRAFT, None)


def test_the_sweep_makes_the_list_a_crash_left_unmade(
    notice: Broadcast, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crash:
        crash.setattr(sending, "fan_out", lambda broadcast: None)
        sending.send(notice, staff)
    assert Message.objects.count() == 0
    tasks.sweep()
    assert Message.objects.count() == 3
    SubscribedContactFactory()  # joins later: not on the list
    tasks.sweep()
    assert Message.objects.count() == 3
    notice.refresh_from_db()
    assert notice.state == State.SENDING


def test_a_stopped_notice_gets_no_list(notice: Broadcast, staff: Any) -> None:
    sent = sending.send(notice, staff)
    stopped = sending.stop(sent, staff)
    assert (stopped.state, stopped.stopped_by) == (State.STOPPED, staff)
    assert sending.fan_out(stopped) == 0
    with pytest.raises(NotAllowed, match="già stato fermato"):
        sending.stop(sent, staff)


def test_a_draft_cannot_be_stopped(notice: Broadcast, staff: Any) -> None:
    with pytest.raises(NotAllowed, match="ancora una bozza"):
        sending.stop(notice, staff)


def test_a_trial_goes_only_to_my_phone(notice: Broadcast, staff: Any) -> None:
    with pytest.raises(NotAllowed, match="telefoni del personale"):
        sending.send_test(notice, staff)
    phone = StaffPhoneFactory(user=staff)
    message = sending.send_test(notice, staff)
    assert (message.contact, message.lane) == (phone.contact, Lane.REPLY)
    notice.refresh_from_db()
    assert notice.state == State.DRAFT
    with pytest.raises(NotAllowed, match="già in viaggio"):  # two clicks
        sending.send_test(notice, staff)
    Message.objects.update(created_at=timezone.now() - sending.TEST_AGAIN)
    assert sending.send_test(notice, staff).pk != message.pk  # as often as one likes


def test_a_notice_is_over_when_nothing_waits(notice: Broadcast, staff: Any) -> None:
    sent = sending.send(notice, staff)
    assert progress.finish_due() == 0
    first, *others = Message.objects.filter(content=sent.content)
    Message.objects.filter(pk__in=[m.pk for m in others]).update(state=MessageState.READ)
    Message.objects.filter(pk=first.pk).update(state=MessageState.IN_FLIGHT)
    assert progress.finish_due() == 0
    Message.objects.filter(pk=first.pk).update(state=MessageState.DELIVERED)
    tasks.sweep()
    sent.refresh_from_db()
    assert (sent.state, sent.totals) == (State.COMPLETED, {"delivered": 1, "read": 2})
    assert (sent.tone, sent.state_label) == ("green", "concluso")
    with pytest.raises(NotAllowed, match="già stato inviato a tutti"):
        sending.stop(sent, staff)


def test_an_uncertain_outcome_keeps_it_going_while_it_is_valid_and_is_never_green(
    notice: Broadcast, staff: Any
) -> None:
    sent = sending.send(notice, staff)
    Message.objects.update(state=MessageState.READ)
    first = Message.objects.order_by("pk")[:1].get()
    Message.objects.filter(pk=first.pk).update(state=MessageState.UNCERTAIN)
    tasks.sweep()
    sent.refresh_from_db()
    assert sent.state == State.SENDING, "a receipt may still come"
    Broadcast.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    sent.refresh_from_db()
    assert (sent.state, sent.tone) == (State.COMPLETED, "amber")
    assert sent.state_label == "concluso, incerto per 1"
    Message.objects.filter(pk=first.pk).update(state=MessageState.DELIVERED)
    progress.keep_totals()
    sent.refresh_from_db()
    assert (sent.tone, sent.state_label) == ("green", "concluso")


def test_late_statuses_reach_the_totals_and_outlive_the_rows(notice: Broadcast, staff: Any) -> None:
    sent = sending.send(notice, staff)
    Message.objects.update(state=MessageState.SENT)
    tasks.sweep()
    Message.objects.update(state=MessageState.READ, read_at=timezone.now())
    tasks.keep_totals()
    sent.refresh_from_db()
    assert sent.totals == {"read": 3}
    Message.objects.all().delete()  # retention
    assert progress.counts(sent).read == 3
    tasks.keep_totals()
    sent.refresh_from_db()
    assert sent.totals == {"read": 3}


def test_the_audience_is_counted_with_reasons(notice: Broadcast, people: list[Contact]) -> None:
    Contact.objects.filter(pk=people[0].pk).update(blocked=True)
    reach = audience.reach(audience.rule(notice))
    assert (reach.reached, reach.excluded) == (2, 1)
    assert reach.left_out == [("bloccati", 1)]
