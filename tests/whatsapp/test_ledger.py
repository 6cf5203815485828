"""The ledger only moves forward: whatever the order, the repetition, or who tells first."""

import itertools
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.whatsapp import OutboundMessageFactory
from whatsapp import channels, ledger
from whatsapp.errors import OutcomeUnknown, RecipientError, Transient
from whatsapp.ledger import Outcome
from whatsapp.models import Attempt, Message
from whatsapp.types import RANK, State

TOLD = [State.ACCEPTED, State.SENT, State.DELIVERED, State.READ, State.FAILED, State.UNCERTAIN]
NOW = timezone.now()


def outcome(attempt: Attempt, state: State, **changes: object) -> Outcome:
    fields = {
        "attempt_id": attempt.pk,
        "message_id": attempt.message_id,
        "state": state,
        "at": NOW,
        **changes,
    }
    return Outcome(**fields)  # type: ignore[arg-type]


def in_flight(**changes: object) -> Attempt:
    message = OutboundMessageFactory(state=State.IN_FLIGHT, **changes)
    return Attempt.objects.create(message=message, channel=channels.current())


def shown(attempt: Attempt) -> str:
    return Message.objects.get(pk=attempt.message_id).state


@pytest.mark.django_db
class TestWriting:
    @given(told=st.lists(st.sampled_from(TOLD), min_size=1, max_size=6), together=st.booleans())
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_the_highest_rank_wins_in_any_order(self, told: list[State], together: bool) -> None:
        attempt = in_flight()
        outcomes = [outcome(attempt, state) for state in told]
        seen = []
        for part in [outcomes] if together else [[one] for one in outcomes]:
            ledger.write(part)
            seen.append(Attempt.objects.get(pk=attempt.pk).state)
        assert seen[-1] == max(told, key=RANK.__getitem__)
        assert all(RANK[a] <= RANK[b] for a, b in itertools.pairwise(seen))
        assert shown(attempt) == seen[-1]

    def test_a_receipt_may_overtake_our_own_commit(self) -> None:
        attempt = in_flight()
        ledger.write([outcome(attempt, State.DELIVERED, provider_id="wamid.A")])
        ledger.write([outcome(attempt, State.ACCEPTED, provider_id="wamid.A")])
        message = Message.objects.get()
        assert message.state == State.DELIVERED
        assert message.accepted_at == message.delivered_at == NOW

    def test_nothing_arrived_so_it_goes_again_then_fails(self) -> None:
        attempt = in_flight()
        later = NOW + timedelta(seconds=5)
        ledger.write([outcome(attempt, State.FAILED, error=Transient("guasto"), again_at=later)])
        message = Message.objects.get()
        assert (message.state, message.due_at, message.reason) == (State.QUEUED, later, "guasto")
        second = Attempt.objects.create(message=message, channel=channels.current())
        Message.objects.update(state=State.IN_FLIGHT)
        ledger.write([outcome(second, State.FAILED, error=RecipientError("non ha WhatsApp", code="131026"))])
        message.refresh_from_db()
        assert (message.state, message.reason, message.error_code) == (
            State.FAILED,
            "non ha WhatsApp",
            "131026",
        )

    def test_the_first_attempt_may_arrive_while_the_second_waits(self) -> None:
        first = in_flight()
        ledger.write([outcome(first, State.UNCERTAIN, error=OutcomeUnknown("persa"))])
        Message.objects.update(state=State.QUEUED)  # a person decided to send it again
        ledger.write([outcome(first, State.DELIVERED)])
        assert shown(first) == State.DELIVERED

    def test_two_that_arrived_are_told(self) -> None:
        first = in_flight()
        second = Attempt.objects.create(message=first.message, channel=first.channel)
        ledger.write([outcome(first, State.DELIVERED), outcome(second, State.READ)])
        message = Message.objects.get()
        assert message.state == State.READ
        assert "doppio" in message.reason

    def test_many_at_a_time(self) -> None:
        attempts = [in_flight() for _ in range(300)]
        ledger.write([outcome(attempt, State.DELIVERED) for attempt in reversed(attempts)])
        assert Message.objects.filter(state=State.DELIVERED).count() == 300


@given(
    state=st.sampled_from([*RANK, State.SKIPPED]),
    attempts=st.lists(st.sampled_from(list(RANK)[1:]), min_size=1, max_size=4),
    again=st.booleans(),
)
def test_what_reached_a_person_or_was_skipped_never_changes_back(
    state: str, attempts: list[str], again: bool
) -> None:
    after, due_at = ledger.next_state(state, attempts, again_at=NOW if again else None)
    if state in {State.SKIPPED, State.READ, State.DELIVERED}:
        assert after in {state, State.READ}
    if after == State.QUEUED and state != State.QUEUED:
        assert due_at == NOW
        assert not {State.ACCEPTED, State.SENT, State.DELIVERED, State.READ} & set(attempts)
