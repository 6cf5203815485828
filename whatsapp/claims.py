"""Who goes next: a short transaction that checks, reserves slots of the pace and writes the attempts."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.module_loading import import_string

from whatsapp import channels, crashpoints, line, templates, tiers
from whatsapp.models import Attempt, Channel, Contact, Content, Message
from whatsapp.types import Kind, Lane, Line, State

# Why a message is skipped for good, in Italian; or the moment before which it may not go (a notice in pause).
Refusal = str | datetime
# A claim never reserves further ahead than this: an OFF read right after it must win within a second.
HORIZON = timedelta(seconds=0.25)
# A stopped notice leaves thousands that may not go: they are gone through in larger steps, each committed.
SKIP_AT_ONCE = 500
# Automatic answers to one person in a minute; more of them wait, for a bot may be answering our answers.
ANSWERS_A_MINUTE = 10
ON_TRIAL = "servizio in prova: solo i telefoni del personale"
CHATTER_PAUSE = timedelta(seconds=20)
# What is queued with a template WhatsApp has stopped waits for it, and is looked at again so often.
TEMPLATE_PAUSE = timedelta(minutes=1)
HIGHER: dict[Lane, list[Lane]] = {Lane.ALERT: [], Lane.REPLY: [], Lane.BULK: [Lane.ALERT, Lane.REPLY]}
# The attempts are there before any call; in one statement, because every claim waits for it.
_TAKE = """
with taken as (
    update whatsapp_message set state = 'in_flight', attempts_made = attempts_made + 1 where id = any(%s)
)
insert into whatsapp_attempt
    (message_id, opaque_id, channel_id, worker, state, started_at, error_code, error_text)
select v.message_id, v.opaque_id, %s, %s, 'in_flight', %s, '', ''
from unnest(%s::bigint[], %s::text[]) v(message_id, opaque_id)
returning message_id, id
"""


def due(*lanes: Lane) -> Q:
    """The messages of these lanes that may go now."""
    return Q(lane__in=lanes, state=State.QUEUED, due_at__lte=timezone.now())


def claim(
    lane: Lane, limit: int, worker: UUID | None = None, contents: dict[int, Content] | None = None
) -> list[tuple[Attempt, datetime]]:
    """Take up to `limit` due messages: skip those that may not go, write an attempt for each of the rest.

    Args:
        worker: the turn whose heartbeat keeps the attempts alive.
        contents: those the turn has read already; they never change once queued. Filled.

    Returns:
        Attempts with the moment at which each may be handed over. Empty: nothing due, no room in the pace,
        the channel is in pause, or a more urgent lane has work.
    """
    channel = channels.current()
    line.look(channel)
    if channel.line == Line.DOWN or channels.stopped(channel, lane) or _gives_way(lane, channel):
        return []
    limit = look = min(limit, max(int(pace(channel)), 1))
    if (room := tiers.room(channel, lane)) is not None:
        limit = min(limit, room)
    if limit == 0:
        return []
    contents = {} if contents is None else contents
    while True:
        claimed, skipped = _claim(lane, channel, worker, limit, look, contents)
        crashpoints.reach("claimed")
        if claimed or not skipped:
            return claimed
        look = SKIP_AT_ONCE


@transaction.atomic
def _claim(
    lane: Lane,
    channel: Channel,
    worker: UUID | None,
    limit: int,
    look: int,
    contents: dict[int, Content],
) -> tuple[list[tuple[Attempt, datetime]], int]:
    """Look at some due messages: attempts for at most `limit` of them, and how many were skipped."""
    messages = _look(lane, look, contents)
    refused = refusals(messages, on_trial=channel.opened_at is None)
    _set_aside(messages, refused)
    going = [message for message in messages if message.pk not in refused][:limit]
    slots = reserve(channel, len(going), lane) if going else []
    attempts = [Attempt(message=message, channel=channel, worker=worker) for message in going[: len(slots)]]
    _take(attempts)
    crashpoints.reach("claiming")
    return list(zip(attempts, slots, strict=True)), len(refused)


def _look(lane: Lane, count: int, contents: dict[int, Content]) -> list[Message]:
    """The next messages of a lane, locked; those of one notice share one content."""
    queued = Message.objects.filter(due(lane)).order_by("due_at", "pk")
    merged = Exists(Contact.objects.filter(merged_into=OuterRef("contact")))
    locked = (
        queued.annotate(has_merged=merged)
        .select_related("contact")
        .select_for_update(skip_locked=True, of=("self",))
    )
    messages: list[Message] = list(locked[:count])
    if unread := {message.content_id for message in messages} - contents.keys():
        contents |= Content.objects.select_related("template", "media").in_bulk(unread)
    for message in messages:
        message.content = contents[message.content_id]
    return messages


def _take(attempts: Sequence[Attempt]) -> None:
    if not attempts:
        return
    ids = [attempt.message_id for attempt in attempts]
    first, names = attempts[0], [attempt.opaque_id for attempt in attempts]
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [ids, first.channel_id, first.worker, first.started_at, ids, names])
        written = dict(cursor.fetchall())
    for attempt in attempts:
        attempt.pk = written[attempt.message_id]


def _gives_way(lane: Lane, channel: Channel) -> bool:
    """A notice waits while an alert has work and the pace is short; it goes on by itself afterwards.

    A pace in use within the last second is short too: between two turns of the alerts no slot is taken.
    So is a line on trial, which takes one message.
    """
    short = channel.next_slot_at > timezone.now() - timedelta(seconds=1) or channel.line == Line.TRIAL
    return short and bool(HIGHER[lane]) and Message.objects.filter(due(*HIGHER[lane])).exists()


def pace(channel: Channel) -> float:
    """Messages a second: the configuration is the ceiling, the channel's row may lower it."""
    ceiling: float = settings.WHATSAPP_PACE
    return min(channel.pace or ceiling, ceiling) * channel.throttle


def reserve(channel: Channel, wanted: int, lane: Lane = Lane.REPLY) -> list[datetime]:
    """Slots in the number's pace, shared by all workers through the channel's row: locked last, briefly.

    All but replies count for the 24-hour limit of people written to first.
    """
    locked = Channel.objects.select_for_update().get(pk=channel.pk)
    now = timezone.now()
    step = timedelta(seconds=1 / pace(locked))
    first = max(now, locked.next_slot_at)
    room = math.floor((now + HORIZON - first) / step) + 1
    count = 0 if channels.stopped(locked, lane) else max(0, min(wanted, room))
    count = line.allowed(locked, count)
    if count:
        locked.next_slot_at = first + count * step
        locked.reached_today += count if lane != Lane.REPLY else 0
        locked.save(update_fields=["next_slot_at", "line_next_at", "reached_today"])
    return [first + index * step for index in range(count)]


def refusals(messages: Sequence[Message], *, on_trial: bool = False) -> dict[int, Refusal]:
    """Which of these may not be handed over: the channel's own reasons, then those of `HANDOVER_CHECKS`.

    Args:
        on_trial: nobody has declared the service open, and citizens receive nothing.
    """
    refused: dict[int, Refusal] = {m.pk: reason for m in messages if (reason := _refusal(m))}
    if on_trial and messages:
        staff = channels.staff_contacts(m.contact.person.pk for m in messages)
        refused |= {m.pk: ON_TRIAL for m in messages if m.contact.person.pk not in staff}
    refused |= dict.fromkeys(_doubles(messages), "la stessa persona lo riceve già con un altro contatto")
    talked_to = _talked_to([m.contact_id for m in messages if m.lane == Lane.REPLY])
    pause = timezone.now() + CHATTER_PAUSE
    refused |= {m.pk: pause for m in messages if m.contact_id in talked_to and m.pk not in refused}
    for name in settings.HANDOVER_CHECKS:
        asked = [message for message in messages if message.pk not in refused]
        refused |= import_string(name)(asked) if asked else {}
    return refused


def _doubles(messages: Sequence[Message]) -> set[int]:
    """Messages that another contact of the same person gets, or got: merged after the list was frozen.

    Of two that wait the first goes. One query, and only if somebody here was merged.
    """
    merged = [m for m in messages if m.contact.merged_into_id or getattr(m, "has_merged", False)]
    if not merged:
        return set()
    people = {m.contact.person.pk for m in merged}
    theirs = Q(contact__in=people) | Q(contact__merged_into__in=people)
    same = Message.objects.filter(theirs, content__in={m.content_id for m in merged}, inbound=False)
    rows = same.exclude(state__in=[State.SKIPPED, State.FAILED]).values_list(
        "content", Coalesce("contact__merged_into", "contact"), "state", "pk"
    )
    copies: dict[tuple[int, int], list[tuple[bool, int]]] = {}
    for content, person, state, pk in rows:
        copies.setdefault((content, person), []).append((state == State.QUEUED, pk))
    return {
        m.pk
        for m in merged
        if min(copies.get((m.content_id, m.contact.person.pk), [(True, m.pk)]))[1] != m.pk
    }


def _talked_to(contact_ids: Sequence[int]) -> set[int]:
    """People who got so many answers in a minute that two machines may be talking to each other. Meta's own
    limit is one message every six seconds to the same person (fact sheet 5.5)."""
    if not contact_ids:
        return set()
    minute = timezone.now() - timedelta(minutes=1)
    answers = Message.objects.filter(
        contact__in=contact_ids, lane=Lane.REPLY, attempts__started_at__gte=minute
    )
    counts = answers.values_list("contact").annotate(n=Count("attempts"))
    return {contact for contact, count in counts if count >= ANSWERS_A_MINUTE}


def _refusal(message: Message) -> Refusal:
    contact = message.contact.person
    content = message.content
    if contact.blocked:
        return "il contatto è bloccato"
    if not (contact.phone or contact.bsuid):
        gone = "il suo numero è di un altro contatto" if contact.retired_at else "i suoi dati sono cancellati"
        return f"la persona non ha più un recapito: {gone}"
    if content.expires_at and content.expires_at <= timezone.now():
        return f"scaduto alle {timezone.localtime(content.expires_at):%H:%M del %d/%m/%Y}"
    template = content.template
    if template and template.category == "marketing" and contact.marketing_stopped_at:
        return "ha chiesto a WhatsApp di non ricevere promozioni"
    if content.kind != Kind.TEMPLATE and not contact.window_open:
        return "sono passate più di 24 ore dall'ultimo messaggio della persona"
    if template and not templates.may_go(template, message.lane):
        return timezone.now() + TEMPLATE_PAUSE
    return ""


def _set_aside(messages: Sequence[Message], refused: Mapping[int, Refusal]) -> None:
    aside = [message for message in messages if message.pk in refused]
    for message in aside:
        refusal = refused[message.pk]
        if isinstance(refusal, datetime):
            message.due_at = refusal
        else:
            message.state, message.reason = State.SKIPPED, refusal[:200]
    Message.objects.bulk_update(aside, ["state", "reason", "due_at"])
