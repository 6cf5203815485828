from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from broadcasts import pausing, resending, sending, tasks
from broadcasts.errors import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.resending import Again
from broadcasts.types import State
from whatsapp.models import Message
from whatsapp.types import State as MessageState

pytestmark = pytest.mark.django_db


@pytest.fixture
def over(notice: Broadcast, staff: Any) -> Broadcast:
    """One failed, one uncertain, one read: it goes on while the uncertain outcome may still be cleared up."""
    sent = sending.send(notice, staff)
    fates = [MessageState.FAILED, MessageState.UNCERTAIN, MessageState.READ]
    for message, state in zip(Message.objects.order_by("pk"), fates, strict=True):
        Message.objects.filter(pk=message.pk).update(state=state, reason="x")
    tasks.sweep()
    sent.refresh_from_db()
    assert sent.state == State.SENDING
    return sent


@pytest.mark.parametrize(
    ("again", "left"),
    [(Again.FAILED, ["queued", "uncertain", "read"]), (Again.UNCERTAIN, ["failed", "queued", "read"])],
)
def test_only_those_named_get_it_again(over: Broadcast, again: Again, left: list[str]) -> None:
    assert resending.resend(over, again) == 1
    assert list(Message.objects.order_by("pk").values_list("state", flat=True)) == left
    over.refresh_from_db()
    assert (over.state, over.finished_at) == (State.SENDING, None)
    tasks.sweep()
    over.refresh_from_db()
    assert over.state == State.SENDING
    Message.objects.filter(state="queued").update(state=MessageState.READ)
    tasks.sweep()
    over.refresh_from_db()
    assert Message.objects.filter(state=MessageState.READ).count() == 2
    assert over.state == (State.SENDING if "uncertain" in left else State.COMPLETED)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_clicks_at_the_same_moment_queue_it_once(over: Broadcast) -> None:
    def click(_: int) -> int:
        try:
            return resending.resend(over, Again.FAILED)
        except NotAllowed:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(click, range(4))) == [0, 0, 0, 1]


def test_with_nobody_left_it_stays_concluded(over: Broadcast) -> None:
    Message.objects.filter(state="failed").update(state=MessageState.DELIVERED)
    with pytest.raises(NotAllowed, match="nessuno"):
        resending.resend(over, Again.FAILED)
    Message.objects.filter(state="uncertain").update(state=MessageState.DELIVERED)
    tasks.sweep()
    with pytest.raises(NotAllowed, match="nessuno"):
        resending.resend(over, Again.UNCERTAIN)
    over.refresh_from_db()
    assert over.state == State.COMPLETED


def test_after_expiry_it_is_refused(over: Broadcast) -> None:
    Broadcast.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    with pytest.raises(NotAllowed, match="è scaduto"):
        resending.resend(over, Again.FAILED)
    assert Message.objects.filter(state="failed").exists()


def test_stopped_or_in_pause_it_is_refused(over: Broadcast, staff: Any) -> None:
    resending.resend(over, Again.FAILED)
    pausing.pause(over, staff)
    with pytest.raises(NotAllowed, match="in pausa"):
        resending.resend(over, Again.UNCERTAIN)
    sending.stop(over, staff)
    with pytest.raises(NotAllowed, match="fermato"):
        resending.resend(over, Again.UNCERTAIN)
