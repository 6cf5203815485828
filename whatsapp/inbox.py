"""What comes in: stored raw, read, kept as messages, and handed to the apps above in turn (DESIGN 3)."""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from zlib import crc32

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from whatsapp import account, contacts, crashpoints, merging, receipts, retries
from whatsapp.errors import MalformedWebhook
from whatsapp.models import Channel, Content, Media, Message, WebhookEvent
from whatsapp.nudges import nudge
from whatsapp.providers import registry
from whatsapp.providers.base import Provider
from whatsapp.types import (
    AccountUpdate,
    IdentityChange,
    InboundMessage,
    Kind,
    MarketingChoice,
    NotOurs,
    State,
    StatusUpdate,
    TemplateUpdate,
    Update,
    WebhookCall,
)

logger = logging.getLogger(__name__)

Inbox = WebhookEvent.Inbox
# Citizens' messages one by one, for the next worker takes the next; receipts by the hundred.
TOGETHER = {Inbox.MESSAGES: 1, Inbox.STATUSES: 100}
# Who waits with few messages comes before who sends a thousand, each person's in their order; short ones, as
# every OFF is, before long ones, which take longer to read. The outer conditions are looked at again once the
# row is ours. Those with which a worker was lost are tried apart.
_NEXT = """
SELECT event.* FROM whatsapp_webhookevent event JOIN (
    SELECT id, count(*) OVER (PARTITION BY sender) AS many
    FROM whatsapp_webhookevent
    WHERE inbox = %(inbox)s AND handled_at IS NULL AND due_at <= %(now)s AND lost = 0 AND set_aside_at IS NULL
) AS waiting USING (id)
WHERE event.handled_at IS NULL AND event.due_at <= %(now)s AND event.lost = 0 AND event.set_aside_at IS NULL
ORDER BY waiting.many, octet_length(event.body) > %(short)s, event.due_at, event.id
LIMIT %(most)s FOR UPDATE OF event SKIP LOCKED
"""
# Bytes of a webhook with one message of a few hundred characters
SHORT = 2_000
# A nudge older than this may have been lost.
NUDGE_LIFE = timedelta(seconds=5)
NOT_OURS = "Non nostro: riguarda un altro numero o un altro account."
# About another message of the same person (fact sheet 3.5).
CHANGES = (Kind.EDIT, Kind.REVOKE)


def store(provider: Provider, call: WebhookCall) -> WebhookEvent:
    """Keep a verified webhook as it came and wake its worker."""
    sender = provider.sender_of(call)
    inbox = Inbox.STATUSES if sender is None else Inbox.MESSAGES
    event = WebhookEvent.objects.create(
        provider=provider.slug,
        inbox=inbox,
        sender=crc32((sender or "").encode()),
        body=call.body,
        query=call.query[:500],
    )
    crashpoints.reach("event_stored")
    if inbox == Inbox.MESSAGES or not _worker_is_on_it(event):
        nudge(f"whatsapp.process_{inbox.value}")
    return event


def _worker_is_on_it(event: WebhookEvent) -> bool:
    """Thousands of receipts need one nudge: whoever works on an older one looks again when it is done.

    Nothing is missed: an older event seen unhandled here is marked handled, and the next one looked for,
    after ours was stored. Older only: two that come at once must not rely on each other. Should that worker
    die, the sweep comes by.
    """
    fresh = timezone.now() - NUDGE_LIFE
    others = WebhookEvent.objects.filter(retries.WAITING, inbox=event.inbox, error="")
    return others.filter(received_at__gt=fresh, pk__lt=event.pk).exists()


def process(inbox: WebhookEvent.Inbox, *, limit: int = 500) -> int:
    """Work through the due events of one inbox, then what failed earlier, then what a worker was lost with.

    Returns:
        How many events were taken: `limit` or more means there may be others.
    """
    taken = 0
    while taken < limit and (events := _take(inbox)):
        crashpoints.reach("event_taken")
        _process(events)
        taken += len(events)
    if inbox == Inbox.MESSAGES:
        for pk in unhandled().filter(lost=0).values_list("pk", flat=True)[:limit]:
            if _take_message(pk):
                handle(pk)
    _try_suspects(inbox)
    return taken


def unhandled() -> QuerySet[Message]:
    """Citizens' messages that are stored and not yet dealt with, due now."""
    waiting = Message.objects.filter(retries.WAITING, inbound=True, due_at__lte=timezone.now())
    return waiting.order_by("created_at")


def _take_message(pk: int) -> bool:
    """Lease a message that waits; False if another worker was quicker."""
    mine = unhandled().filter(pk=pk, lost=0)
    return mine.update(lost=1, due_at=timezone.now() + retries.LEASE) == 1


def _try_suspects(inbox: WebhookEvent.Inbox) -> None:
    while event := retries.take_suspect(WebhookEvent.objects.filter(inbox=inbox)):
        _process([event])
    if inbox == Inbox.MESSAGES:
        while message := retries.take_suspect(Message.objects.filter(inbound=True)):
            handle(message.pk)


def _take(inbox: WebhookEvent.Inbox) -> list[WebhookEvent]:
    """Lease the oldest due events; short, so that no transaction is open while they are worked on."""
    now = timezone.now()
    with transaction.atomic():
        values = {"inbox": inbox, "now": now, "most": TOGETHER[inbox], "short": SHORT}
        events = list(WebhookEvent.objects.raw(_NEXT, values))
        for event in events:
            event.lost = 1
            event.due_at = now + retries.LEASE
        WebhookEvent.objects.bulk_update(events, ["lost", "due_at"])
    return events


def _process(events: Sequence[WebhookEvent]) -> None:
    """Apply everything the events tell; one bad update does not stop the others, and keeps its event."""
    updates = {event.pk: _read(event) for event in events}
    if len(events) > 1:
        # All receipts in one stroke; if it fails, each is tried alone below, which does no harm twice.
        together = [u for told in updates.values() for u in told if isinstance(u, StatusUpdate)]
        try:
            receipts.apply(together)
            updates = {
                pk: [u for u in told if not isinstance(u, StatusUpdate)] for pk, told in updates.items()
            }
        except Exception:
            logger.exception("%d statuses failed together", len(together))
    for event in events:
        event.attempts += 1
        if not event.handled_at:
            _note_outcome(event, _apply_all(event, updates[event.pk]))
            if event.handled_at and NotOurs() in updates[event.pk]:
                event.error = NOT_OURS
                logger.warning("event %s is about another number or account: kept without effect", event.pk)
        event.lost = 0
    crashpoints.reach("events_applied")
    fields = ["attempts", "due_at", "error", "handled_at", "lost", "set_aside_at"]
    WebhookEvent.objects.bulk_update(events, fields)


def _note_outcome(event: WebhookEvent, problem: Exception | None) -> None:
    now = timezone.now()
    if problem is None:
        event.error = ""
        event.handled_at = now
        return
    event.error = retries.failure_text(problem, event.attempts)
    event.due_at = now + retries.backoff(event.attempts)
    if event.attempts >= retries.FAILURES_LIMIT:
        event.set_aside_at = now


def _read(event: WebhookEvent) -> list[Update]:
    """The event's updates; what cannot be read is kept, and done with."""
    try:
        if (provider := registry.for_webhook(event.provider)) is None:
            raise MalformedWebhook("il fornitore non è più in uso")
        return provider.parse(bytes(event.body), event.query, event.received_at)
    except MalformedWebhook as malformed:
        event.error, event.handled_at = f"Illeggibile: {malformed}.", timezone.now()
        return []


def _apply_all(event: WebhookEvent, updates: Sequence[Update]) -> Exception | None:
    """The last error; None when all went well."""
    last = None
    statuses = [update for update in updates if isinstance(update, StatusUpdate)]
    steps: list[Callable[[], object]] = [partial(receipts.apply, statuses)] if statuses else []
    steps += [partial(_apply, update) for update in updates if not isinstance(update, StatusUpdate)]
    for step in steps:
        try:
            step()
        except Exception as problem:
            logger.exception("an update of event %s failed", event.pk)
            last = problem
    return last


def _apply(update: Update) -> None:
    match update:
        case InboundMessage():
            if message := keep(update):
                crashpoints.reach("message_kept")
                handle(message.pk)
                crashpoints.reach("message_handled")
        case IdentityChange():
            contacts.change_identity(update)
        case MarketingChoice():
            contacts.note_marketing_choice(update)
        case TemplateUpdate():
            account.update_template(update)
        case AccountUpdate():
            account.update_account(update)


@transaction.atomic
def keep(update: InboundMessage) -> Message | None:
    """Store a citizen's message once, with its sender and the window it opens; None if it was there.

    It is leased to the caller, who handles it.
    """
    contact = contacts.resolve(update.sender, update.sent_at)
    if Message.objects.filter(provider_id=update.provider_id).exists():
        return None
    payload = update.payload
    if update.own_phone:
        payload = contacts.take_own_number(contact, update.own_phone, update.context_id)
    contacts.open_window(contact, update.sent_at)
    Channel.objects.update(last_inbound_at=timezone.now())
    message = Message.objects.create(
        contact=contact,
        content=_content(update, payload),
        inbound=True,
        state=State.RECEIVED,
        provider_id=update.provider_id,
        context_id=update.context_id,
        sent_at=update.sent_at,
        lost=1,
        due_at=timezone.now() + retries.LEASE,
    )
    _change_original(message)
    return message


def _change_original(message: Message) -> None:
    """Note with a message that its author corrected or withdrew it, whichever of the two came first."""
    theirs = Message.objects.filter(contact__in=message.contact.rows(), inbound=True)
    if message.content.kind in CHANGES:
        pairs = [(row, message) for row in theirs.filter(provider_id=message.context_id)]
    else:
        changes = theirs.filter(context_id=message.provider_id, content__kind__in=CHANGES)
        pairs = [(message, row) for row in changes.select_related("content")]
    for original, change in pairs:
        last = original.changed_by
        newer = last is None or (last.sent_at or last.created_at) < (change.sent_at or change.created_at)
        if change.content.kind == Kind.REVOKE or (newer and not original.withdrawn):
            original.changed_by = change
            original.save(update_fields=["changed_by"])


def _content(update: InboundMessage, payload: str) -> Content:
    place = update.place
    return Content.objects.create(
        kind=update.kind,
        text=update.text,
        payload=payload,
        media=_announce(update),
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
        place_name=place.name if place else "",
        place_address=place.address if place else "",
    )


def _announce(update: InboundMessage) -> Media | None:
    """A file to be fetched at once: its address lives five minutes, its id seven days (fact sheet 2.1)."""
    if update.media is None or update.kind == Kind.STICKER:
        return None
    media = Media.objects.create(
        kind=update.kind,
        inbound=True,
        provider_media_id=update.media.provider_media_id,
        mime_type=update.media.mime_type,
        filename=update.media.filename,
    )
    nudge("whatsapp.fetch_media")
    return media


def handle(pk: int) -> None:
    """Pass one message to the handlers of `INBOUND_HANDLERS`; a failure is tried again later.

    The caller has leased it, so that nobody else handles it meanwhile.

    `handled_at`, what the handlers did and the replies they queued commit together.
    """
    try:
        _handle(pk)
    except Exception as problem:
        logger.exception("message %s could not be handled", pk)
        _note_failure(Message.objects.get(pk=pk), problem)


def _note_failure(message: Message, problem: Exception) -> None:
    message.attempts_made += 1
    message.due_at = timezone.now() + retries.backoff(message.attempts_made)
    message.reason = f"Non trattato. {retries.failure_text(problem, message.attempts_made)}"
    message.lost = 0
    if message.attempts_made >= retries.FAILURES_LIMIT:
        message.set_aside_at = timezone.now()
    message.save(update_fields=["attempts_made", "due_at", "lost", "reason", "set_aside_at"])


@transaction.atomic
def _handle(pk: int) -> None:
    contact_id = Message.objects.values_list("contact_id", flat=True).get(pk=pk)
    # One message of a person at a time, so that a photo and its text cannot open two reports.
    contact = merging.lock(contact_id)
    message = Message.objects.select_related("content__media").get(pk=pk)
    if message.handled_at is not None:
        return
    message.contact = contact
    any(handler(message) for handler in handlers())
    nudge("whatsapp.mark_read", message.pk)
    message.handled_at = timezone.now()
    message.reason = ""
    message.lost = 0
    message.set_aside_at = None
    message.save(update_fields=["handled_at", "lost", "reason", "set_aside_at"])


def handlers() -> list[Callable[[Message], bool]]:
    """The apps above, in turn; the first that says it handled the message ends the walk."""
    return [import_string(name) for name in settings.INBOUND_HANDLERS]
