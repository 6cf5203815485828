"""Writing what became of attempts, many at a time: set-based, under locks in one order, only forward.

An outcome may come from the call's answer, from a status webhook, or from the sweep; whichever comes first,
the others find it written. A receipt may even overtake our own commit of the hand-over (DESIGN 3).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from whatsapp import crashpoints
from whatsapp.errors import ChannelError
from whatsapp.models import Message
from whatsapp.types import RANK, State

# Each of these has a time of its own in the message, in the order of _WRITE_MESSAGES.
TIMES = (State.ACCEPTED, State.SENT, State.DELIVERED, State.READ)

_RANK_OF = (
    "case {} " + " ".join(f"when '{state}' then {rank}" for state, rank in RANK.items()) + " else 99 end"
)
# The rank is compared in the same statement that writes: no interleaving goes backwards.
_ADVANCE_ATTEMPTS = f"""
with advanced as (
update whatsapp_attempt a set
    provider_id = coalesce(a.provider_id, nullif(v.provider_id, '')),
    answered_at = coalesce(a.answered_at, v.at),
    state = case when {_RANK_OF.format("a.state")} < v.rank then v.state else a.state end,
    error_code = case when {_RANK_OF.format("a.state")} < v.rank then v.code else a.error_code end,
    error_text = case when {_RANK_OF.format("a.state")} < v.rank then v.text else a.error_text end
from unnest(%s::bigint[], %s::text[], %s::text[], %s::int[], %s::timestamptz[], %s::text[], %s::text[])
    v(id, state, provider_id, rank, at, code, text)
where a.id = v.id
returning a.id, a.message_id, a.state
)
select message_id, state from advanced
union all
select message_id, state from whatsapp_attempt
where message_id = any(%s) and id not in (select id from advanced)
"""
_WRITE_MESSAGES = """
update whatsapp_message m set
    state = v.state, reason = v.reason, error_code = v.code, due_at = coalesce(v.due_at, m.due_at),
    attempts_made = greatest(m.attempts_made - v.uncounted, 0),
    accepted_at = coalesce(m.accepted_at, v.accepted_at), sent_at = coalesce(m.sent_at, v.sent_at),
    delivered_at = coalesce(m.delivered_at, v.delivered_at), read_at = coalesce(m.read_at, v.read_at)
from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::int[],
            %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
    v(id, state, reason, code, due_at, uncounted, accepted_at, sent_at, delivered_at, read_at)
where m.id = v.id
"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one source says of one attempt.

    Attributes:
        note: what the staff should know of a success.
        again_at: nothing arrived, and the message may go again then.
        counts: the attempt uses up one of the message's retries; not if its call never left.
    """

    attempt_id: int
    message_id: int
    state: State
    at: datetime
    provider_id: str = ""
    note: str = ""
    error: ChannelError | None = None
    again_at: datetime | None = None
    counts: bool = True

    @property
    def code(self) -> str:
        return self.error.code[:12] if self.error else ""

    @property
    def text(self) -> str:
        return self.error.text[:200] if self.error else ""


@transaction.atomic
def write(outcomes: Sequence[Outcome]) -> None:
    """Advance the attempts, then give each message the state of its best attempt."""
    if not outcomes:
        return
    ids = {outcome.message_id for outcome in outcomes}
    # Messages first, by id: whoever writes outcomes locks in this order, so nobody waits in a circle.
    locked = Message.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    messages = {m.pk: m for m in locked.values_list("pk", "state", "reason", "error_code", named=True)}
    best: dict[int, Outcome] = {}
    for outcome in sorted(outcomes, key=lambda one: RANK[one.state], reverse=True):
        best.setdefault(outcome.attempt_id, outcome)
    states: dict[int, list[str]] = defaultdict(list)
    for message_id, state in _execute(
        _ADVANCE_ATTEMPTS,
        [(o.attempt_id, o.state, o.provider_id, RANK[o.state], o.at, o.code, o.text) for o in best.values()],
        list(ids),
    ):
        states[message_id].append(state)
    told: dict[int, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        told[outcome.message_id].append(outcome)
    rows = (_row(messages[pk], states[pk], told[pk]) for pk in ids if pk in messages)
    if changed := [row for row in rows if row]:
        _execute(_WRITE_MESSAGES, changed)
    crashpoints.reach("recording")


def _row(message: Any, states: Sequence[str], told: Sequence[Outcome]) -> tuple[object, ...] | None:
    """The message's new columns, or None if what was told changes nothing."""
    last = max(told, key=lambda outcome: RANK[outcome.state])
    state, due_at = next_state(message.state, states, again_at=last.again_at)
    if state == message.state and not any(outcome.state in TIMES for outcome in told):
        return None
    bad = state in {State.FAILED, State.UNCERTAIN, State.QUEUED}
    reason, code = (last.text or message.reason, last.code or message.error_code) if bad else (last.note, "")
    if sum(one in {State.DELIVERED, State.READ} for one in states) > 1:
        reason = "doppio: è arrivato più di una volta"
    # What is told late still fills its own time in, though the state stays.
    times = [min((o.at for o in told if o.state == shown), default=None) for shown in TIMES]
    uncounted = sum(not outcome.counts for outcome in told)
    return message.pk, state, reason, code, due_at, uncounted, *times


def next_state(
    shown: str, attempts: Sequence[str], *, again_at: datetime | None = None
) -> tuple[str, datetime | None]:
    """What a message shows, given the states of its attempts: a pure rule.

    Failed attempts are proof that nothing arrived, so the others decide; if all have failed, the message goes
    again at `again_at`, or has failed. What reached the person, or was skipped, never changes back.
    """
    alive = [state for state in attempts if state != State.FAILED]
    best = max(alive, key=RANK.__getitem__) if alive else State.FAILED
    if shown in {State.SKIPPED, State.READ} or (shown == State.DELIVERED and best != State.READ):
        return shown, None
    if best in {State.FAILED, State.UNCERTAIN} and shown in {State.IN_FLIGHT, State.UNCERTAIN} and again_at:
        return State.QUEUED, again_at
    if best == State.FAILED:
        if again_at and shown not in {State.QUEUED, State.FAILED}:
            return State.QUEUED, again_at
        return (shown, None) if shown == State.QUEUED else (State.FAILED, None)
    if shown == State.QUEUED and RANK[best] < RANK[State.ACCEPTED]:
        return shown, None
    if shown != State.FAILED and RANK[best] <= RANK[shown]:
        return shown, None
    return best, None


def _execute(sql: str, rows: Sequence[tuple[object, ...]], *more: list[Any]) -> list[tuple[Any, ...]]:
    """Run a statement on whole columns."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [*(list(column) for column in zip(*rows, strict=True)), *more])
        return cursor.fetchall() if cursor.description else []
