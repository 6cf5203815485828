"""How often what came in is tried: again after growing waits, alone once a worker was lost with it, and in
the end set aside for a person to look at.

A row that ends its worker (killed by the system, stuck for ever) would be taken by the next one, and so stop
them all. The lease of such a row runs out with `lost` counted: it is a suspect, and suspects are tried one at
a time in the whole service, so that what is innocent is soon told apart. After `LOST_LIMIT` it is set aside.
"""

import logging
from datetime import timedelta
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from whatsapp.models import Message, WebhookEvent

logger = logging.getLogger(__name__)
Row = TypeVar("Row", WebhookEvent, Message)

# A row taken by a worker that died is due again after this.
LEASE = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)
# Workers lost with a row, one after the other; and attempts that failed, over about eight hours.
LOST_LIMIT = 3
FAILURES_LIMIT = 12
LOST_TEXT = "Messo da parte: chi lo trattava si è fermato ogni volta."
WAITING = Q(handled_at__isnull=True, set_aside_at__isnull=True)
_SUSPECTS_LOCK = 7_201_913


def backoff(attempts: int) -> timedelta:
    """Growing waits: 5 s, 20 s, 80 s … one hour."""
    return min(timedelta(seconds=5 * 4 ** min(attempts - 1, 6)), LONGEST_WAIT)


def failure_text(problem: Exception, attempts: int) -> str:
    """What the staff read of an attempt that failed."""
    name = type(problem).__name__
    if attempts >= FAILURES_LIMIT:
        return f"{name}: messo da parte dopo {attempts} tentativi."
    return f"{name}: si riprova da solo."


def take_suspect(rows: QuerySet[Row]) -> Row | None:
    """Lease the next due row with which a worker was lost before, if no other such row is being tried.

    What was lost too often is set aside.
    """
    due = rows.filter(WAITING, due_at__lte=timezone.now(), lost__gt=0)
    if not due.exists():
        return None
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SUSPECTS_LOCK])
        _set_aside(due.filter(lost__gte=LOST_LIMIT))
        if _is_one_being_tried():
            return None
        suspects = due.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "pk")
        row = suspects.first()
        if row is not None:
            row.lost += 1
            row.due_at = timezone.now() + LEASE
            row.save(update_fields=["lost", "due_at"])
    return row


def _set_aside(rows: QuerySet[Row]) -> None:
    column = "reason" if rows.model is Message else "error"
    count = rows.update(set_aside_at=timezone.now(), **{column: LOST_TEXT})
    if count:
        logger.error("%d rows of the inbox were set aside: %s", count, rows.model._meta.label)


def _is_one_being_tried() -> bool:
    """A suspect's lease runs: it is being worked on, or its worker was lost a moment ago."""
    tried = Q(WAITING, lost__gt=1, due_at__gt=timezone.now())
    messages = Message.objects.filter(tried, inbound=True)
    return WebhookEvent.objects.filter(tried).exists() or messages.exists()


def set_aside() -> tuple[QuerySet[WebhookEvent], QuerySet[Message]]:
    """What waits for a person: events that could not be read, messages that could not be answered."""
    given_up = Q(handled_at__isnull=True, set_aside_at__isnull=False)
    return WebhookEvent.objects.filter(given_up), Message.objects.filter(given_up, inbound=True)


def try_again(rows: QuerySet[Row]) -> int:
    """Put rows that were set aside back into the queue, as suspects; returns how many."""
    again = rows.filter(handled_at__isnull=True, set_aside_at__isnull=False)
    counter = "attempts_made" if rows.model is Message else "attempts"
    return again.update(set_aside_at=None, lost=1, due_at=timezone.now(), **{counter: 0})
