from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from broadcasts import handover, sending
from broadcasts.models import Broadcast
from subscribers.models import Subscriber
from tests.factories.broadcasts import BroadcastFactory
from tests.factories.whatsapp import OutboundMessageFactory
from whatsapp import claims
from whatsapp.models import Contact, Message
from whatsapp.types import Lane, State

pytestmark = pytest.mark.django_db


def queued(notice: Broadcast) -> list[Message]:
    return list(notice.content.messages.select_related("contact", "content"))  # type: ignore[union-attr]


def test_a_running_notice_refuses_nobody(notice: Broadcast, staff: Any) -> None:
    assert handover.refusals(queued(sending.send(notice, staff))) == {}


def test_a_reply_is_not_a_notices_business(notice: Broadcast) -> None:
    assert handover.refusals([OutboundMessageFactory()]) == {}


def test_a_stopped_notice_says_when(notice: Broadcast, staff: Any) -> None:
    stopped = sending.stop(sending.send(notice, staff), staff)
    reasons = set(handover.refusals(queued(stopped)).values())
    assert stopped.finished_at
    assert reasons == {f"avviso fermato alle {timezone.localtime(stopped.finished_at):%H:%M}"}


def test_an_expired_notice_is_dropped(notice: Broadcast, staff: Any) -> None:
    sent = sending.send(notice, staff)
    Broadcast.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert all(reason.startswith("scaduto") for reason in handover.refusals(queued(sent)).values())
    assert len(handover.refusals(queued(sent))) == 3


def test_who_left_meanwhile_is_skipped_by_the_claim(
    notice: Broadcast, staff: Any, people: list[Contact], settings: Any
) -> None:
    sent = sending.send(notice, staff)
    Subscriber.objects.filter(contact=people[0]).update(state="left", left_at=timezone.now())
    claims.claim(Lane.BULK, 8)
    states = dict(Message.objects.filter(content=sent.content).values_list("contact_id", "state"))
    assert states == {
        people[0].pk: State.SKIPPED,
        people[1].pk: State.IN_FLIGHT,
        people[2].pk: State.IN_FLIGHT,
    }


def test_the_questions_do_not_grow_with_the_messages(
    notice: Broadcast, staff: Any, django_assert_max_num_queries: Any
) -> None:
    both = queued(sending.send(notice, staff)) + queued(sending.send(BroadcastFactory(slug="eventi"), staff))
    with django_assert_max_num_queries(6):
        handover.refusals(both * 20)
