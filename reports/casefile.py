"""A case as its page shows it: the chat, the place, the clock, what may be done and in which words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reports import places, states, template_answers, texts
from reports.models import Office, Report, ReportEvent
from reports.places import Sketch
from reports.states import OUTCOMES, State
from whatsapp.errors import ContentError
from whatsapp.models import Media, Message
from whatsapp.types import Kind
from whatsapp.types import State as MessageState

# Nothing will become of these by itself.
NOT_ARRIVED = frozenset({MessageState.FAILED, MessageState.SKIPPED})
LEVELS = {4: ("pericolo", "red"), 3: ("seria", "amber"), 2: ("disagio", "blue"), 1: ("ordinaria", "grey")}


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


@dataclass(frozen=True)
class Choice:
    """One thing the staff may do: its name in the form, its button, the citizen's text, prefilled."""

    act: str
    title: str
    button: str
    text: str
    hint: str = ""
    danger: bool = False


# state wanted -> title, button
_MOVES = {
    State.TAKEN: ("take", "Prendi in carico", "Prendi in carico"),
    State.WORKING: ("start", "Lavori iniziati", "Segna in lavorazione"),
    State.RESOLVED: ("resolved", "Chiudi: risolta", "Chiudi come risolta"),
    State.NOT_OURS: ("not_ours", "Chiudi: non di competenza", "Chiudi come non di competenza"),
    State.REJECTED: ("rejected", "Chiudi: non accolta", "Chiudi come non accolta"),
    State.CANCELLED: ("cancelled", "Chiudi: annullata", "Annulla la segnalazione"),
    State.REOPENED: ("reopen", "Riapri", "Riapri la segnalazione"),
}


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


def by_template_now(report: Report, events: Sequence[ReportEvent], typed: str) -> dict[str, Any]:
    """What the page needs to offer an answer by template: the words to begin with, the room, or why not."""
    words = typed or "\n\n".join(part for part in (report.owed, undelivered(events)) if part)
    try:
        return {"text": words, "room": template_answers.room(report), "template": template_answers.template()}
    except ContentError as problem:
        return {"text": words, "problem": str(problem)}


def sketch(report: Report) -> Sketch | None:
    """The place within the town's outline, if there is one near enough."""
    if report.latitude is None or report.longitude is None:
        return None
    return places.sketch(report.latitude, report.longitude)


def moves(report: Report) -> list[Choice]:
    """The changes of state that are allowed now, each with the words the citizen will get."""
    wanted = [state for state in _MOVES if states.may_become(report.state, state)]
    slugs = {state: "reopened" if state == State.REOPENED else state.value for state in wanted}
    words = texts.prefilled(report, list(slugs.values()))
    return [
        Choice(*_MOVES[state], text=words[slugs[state]], danger=state in OUTCOMES[1:]) for state in wanted
    ]


def handing_over(report: Report, office: Office) -> Choice:
    """Passing the case to this office, with the words the citizen will get."""
    slug = "handed_out" if office.external else "handed_over"
    hint = f"{office.name} riceve anche una e-mail con testo e luogo, senza i dati del cittadino."
    if office.external:
        hint += " La segnalazione si chiude come non di competenza."
    return Choice(
        "hand_over", f"Passa a {office.name}", f"Passa a {office.name}",
        text=texts.fill(slug, report, ufficio=office.name), hint=hint if office.email else "",
    )  # fmt: skip
