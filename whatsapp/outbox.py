"""Anything to be said goes through here: one row per person, then a nudge to the lane's worker."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from whatsapp import contents
from whatsapp.errors import ContentError
from whatsapp.models import Contact, Content, Message
from whatsapp.nudges import nudge
from whatsapp.types import Lane, State

# One INSERT; small enough to keep locks short, large enough for a town in a few statements.
BATCH = 1000
# Automatic answers to one person; a person at their phone never gets so many.
ANSWERS_AN_HOUR = 30
FLOOD = f"più di {ANSWERS_AN_HOUR} risposte in un'ora a questa persona: le risposte automatiche si fermano"


def enqueue(content: Content, contact_ids: Iterable[int], lane: Lane, *, context_id: str = "") -> int:
    """Queue the content for these contacts; who has it already is left alone, so it may be repeated.

    Args:
        context_id: the provider's id of the message it answers, shown above it.

    Returns:
        How many rows the content has now. The worker is nudged after commit: callers never do.
    """
    same = {
        "content": content,
        "inbound": False,
        "lane": lane,
        "state": State.QUEUED,
        "context_id": context_id,
    }
    rows = [Message(contact_id=pk, **same) for pk in contact_ids]
    Message.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    nudge(f"whatsapp.deliver_{lane.value}")
    return content.messages.count()


def send(
    contact: Contact,
    content: Content,
    lane: Lane = Lane.REPLY,
    *,
    quoting: Message | None = None,
    automatic: bool = False,
) -> Message:
    """Queue one prepared content (see `contents`) to one person.

    Args:
        quoting: the person's message it answers. Some providers cannot show it and say so.
        automatic: nobody misses it: after many answers within an hour, two machines may be talking to each
            other, and it is kept as skipped. Never for what staff write, a goodbye or a danger.
    """
    contact = contact.person
    if automatic and _too_many(contact):
        return content.messages.create(
            contact=contact, inbound=False, lane=lane, state=State.SKIPPED, reason=FLOOD
        )
    enqueue(content, [contact.pk], lane, context_id=quoting.provider_id or "" if quoting else "")
    return content.messages.get(contact=contact)


def _too_many(contact: Contact) -> bool:
    hour = timezone.now() - timedelta(hours=1)
    answers = Message.objects.filter(contact=contact, inbound=False, lane=Lane.REPLY, created_at__gte=hour)
    return answers.exclude(state=State.SKIPPED).count() >= ANSWERS_AN_HOUR


def reply(
    contact: Contact,
    body: str,
    *,
    buttons: Sequence[tuple[str, str]] = (),
    quoting: Message | None = None,
    automatic: bool = False,
) -> Message:
    """Queue a free text to one person. Raises ContentError: see `contents.text`."""
    return send(contact, contents.text(body, buttons=buttons), quoting=quoting, automatic=automatic)


def ask_number(contact: Contact, body: str) -> Message:
    """Ask a person for their number (fact sheet 4.7); the answer is a `contacts` message. Raises
    ContentError: see `contents`; or the number is known, or the 24-hour window is closed."""
    contact = contact.person
    if contact.phone:
        raise ContentError("Il numero si conosce già.")
    if not contact.window_open:
        raise ContentError("Sono passate più di 24 ore dall'ultimo messaggio: si può chiedere quando scrive.")
    return send(contact, contents.ask_number(body))


def resend(content: Content, states: Iterable[State]) -> int:
    """Queue again what failed or is uncertain, of these states: a person decided it. Returns how many."""
    asked = {State.FAILED, State.UNCERTAIN} & set(states)
    count = Message.objects.filter(content=content, inbound=False, state__in=asked).update(
        state=State.QUEUED, due_at=timezone.now(), attempts_made=0, reason="", error_code=""
    )
    _nudge_lanes(content)
    return count


def release(content: Content) -> int:
    """Let queued messages go now, whatever they were waiting for. Returns how many."""
    waiting = Message.objects.filter(content=content, state=State.QUEUED, due_at__gt=timezone.now())
    count = waiting.update(due_at=timezone.now())
    _nudge_lanes(content)
    return count


def release_to(contact: Contact) -> int:
    """Let what waits for one person go now, whatever it was waiting for. Returns how many."""
    waiting = Message.objects.filter(
        contact__in=contact.rows(), inbound=False, state=State.QUEUED, due_at__gt=timezone.now()
    )
    count = waiting.update(due_at=timezone.now())
    nudge(f"whatsapp.deliver_{Lane.BULK.value}")
    return count


def _nudge_lanes(content: Content) -> None:
    for lane in set(content.messages.values_list("lane", flat=True)):
        nudge(f"whatsapp.deliver_{lane}")


def progress(content: Content) -> dict[State, int]:
    """How many of the content's messages are in each state; states without messages are there with 0."""
    rows = Message.objects.filter(content=content).values_list("state").annotate(n=Count("pk"))
    counted = Counter(dict(rows))
    return {state: counted[state] for state in State if state != State.RECEIVED}
