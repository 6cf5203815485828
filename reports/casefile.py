"""A case as its page shows it: the chat, the place, the clock, what may be done and in which words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from reports import scoring
from reports.models import Report, ReportEvent, ReportItem
from whatsapp.models import Media, Message
from whatsapp.types import Kind
from whatsapp.types import State as MessageState

# Nothing will become of these by itself.
NOT_ARRIVED = frozenset({MessageState.FAILED, MessageState.SKIPPED})
COLOURS = {4: "red", 3: "amber", 2: "blue", 1: "grey"}
LEVELS = {level: (word, COLOURS[level]) for level, word in scoring.LEVELS.items()}


@dataclass(frozen=True)
class Bubble:
    """One message of the chat."""

    inbound: bool
    at: datetime
    text: str
    author: str
    state: str
    failed: str  # why it never arrived, if it did not
    kind: str
    media: Media | None
    latitude: float | None
    longitude: float | None
    withdrawn: bool = False
    before: str = ""  # what it said before the person corrected it


def chat(report: Report, events: Iterable[ReportEvent]) -> list[Bubble]:
    """The person's pieces and our messages about the case, in the order they were written."""
    items = report.items.select_related("message__content__media", "message__changed_by__content")
    bubbles = [_bubble(item.message, "") for item in items]
    for event in events:
        if event.message_to_citizen:
            author = event.actor.get_full_name() or str(event.actor) if event.actor else "risposta automatica"
            bubbles.append(_bubble(event.message_to_citizen, author))
    return sorted(bubbles, key=lambda bubble: bubble.at)


def _bubble(message: Message, author: str) -> Bubble:
    content, gone = message.content, message.withdrawn
    return Bubble(
        inbound=message.inbound,
        at=(message.sent_at if message.inbound else None) or message.created_at,
        text=message.text,
        author=author,
        state="" if message.inbound else message.get_state_display(),
        failed=(message.reason or "motivo non noto") if message.state in NOT_ARRIVED else "",
        kind=content.kind,
        media=None if gone else content.media,
        latitude=None if gone else content.latitude,
        longitude=None if gone else content.longitude,
        withdrawn=gone,
        before=content.text if message.changed_by and not gone else "",
    )


def history(report: Report) -> list[ReportEvent]:
    """All events with what their display needs, oldest first."""
    related = ("actor", "message_to_citizen__content__media")
    return list(report.events.select_related(*related))


def undelivered(events: Sequence[ReportEvent]) -> str:
    """What the staff wrote last and never arrived, so that they need not write it again; empty if it did.

    The window may close between their click and the hand-over. What failed in a template fails again.
    """
    texts_: list[str] = []
    for event in reversed(events):
        message = event.message_to_citizen
        if message is None or not (event.actor or event.kind == ReportEvent.Kind.TOLD):
            continue
        if message.state not in NOT_ARRIVED or message.content.kind != Kind.TEXT:
            break
        texts_.insert(0, message.text)
    return "\n\n".join(texts_)


def photo_place(report: Report, bubbles: Iterable[Bubble]) -> Media | None:
    """The first picture of the citizen that says where it was taken, if the case has no point yet."""
    if report.latitude is not None:
        return None
    files = (bubble.media for bubble in bubbles if bubble.inbound and bubble.media)
    return next((file for file in files if file.latitude is not None), None)


def mark(report: Report | None = None) -> str:
    """Changes whenever something has happened, to one case or to any."""
    events, items = ReportEvent.objects.all(), ReportItem.objects.all()
    if report:
        events, items = report.events.all(), report.items.all()
    unfinished = (Media.Status.PENDING, Media.Status.SCANNING)
    coming = items.filter(message__content__media__status__in=unfinished)
    last = [rows.aggregate(last=Max("pk"))["last"] for rows in (events, items)]
    return f"{last[0]}-{last[1]}-{coming.count()}"
