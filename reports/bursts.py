"""What becomes of one message of a citizen, decided from plain data: replayable, no database.

People send a photo, then a word, then a position. Pieces within ten minutes of each other, by the time the
person wrote them and not by the order they reach us in, are one case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reports.courtesies import Courtesy, recognise
from whatsapp.types import OWN_NUMBER, Kind

WINDOW = timedelta(minutes=10)
# We asked something: what the person writes next is the answer, even hours later.
ANSWER_WINDOW = timedelta(hours=24)
# Somebody asked for the place walks there first: a bare position is the answer.
PLACE_WINDOW = timedelta(hours=2)
# Pieces that come this quickly are one breath: nobody is asked anything in between.
BREATH = timedelta(seconds=30)

# Meta's code of a file that was too large to be handed to us (fact sheet 2.3).
TOO_LARGE = "131052"
PIECES = frozenset({Kind.TEXT, Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.DOCUMENT, Kind.LOCATION})
SILENT = frozenset({Kind.REACTION, Kind.STICKER, Kind.BUTTON_REPLY, Kind.REVOKE})
# What is no piece of a case is answered, by kind and, if it says more, by the provider's word for why.
ANSWERS = {
    (Kind.CONTACTS, OWN_NUMBER): "number_thanks",
    (Kind.UNSUPPORTED, TOO_LARGE): "too_large",
}
# In this order, one at a time: the place is what people forget, and words mostly follow by themselves.
QUESTIONS = ("place", "description")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A message. `quoted` is the case of the message it answers, if it answers one about a case."""

    kind: str
    text: str
    sent_at: datetime
    quoted: int | None = None
    payload: str = ""


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """An open case of the same person.

    Attributes:
        times: when the person wrote its pieces.
        staff_wrote_at: when staff wrote to the person, if nothing was answered since.
        place_asked_at: when we asked for the place, if it is still missing.
    """

    id: int
    times: tuple[datetime, ...]
    staff_wrote_at: datetime | None = None
    place_asked_at: datetime | None = None


@dataclass(frozen=True)
class Open:
    """A new case."""


@dataclass(frozen=True)
class Join:
    """A piece of this case. A courtesy is kept with it, and changes nothing."""

    case: int
    courtesy: bool = False


@dataclass(frozen=True)
class Ignore:
    """No case. `reply` is the slug of the text to answer with, if any."""

    reply: str = ""


Decision = Open | Join | Ignore
_COURTESY_REPLIES = {Courtesy.GREETING: "greeting", Courtesy.EMPTY: "empty", Courtesy.THANKS: ""}


def decide(piece: Piece, cases: Sequence[OpenCase]) -> Decision:
    """Where a message belongs. The answer depends on when it was written, not on what came in before it."""
    if piece.kind in SILENT:
        return Ignore()
    if piece.kind not in PIECES:
        return Ignore(ANSWERS.get((Kind(piece.kind), piece.payload), "unreadable"))
    courtesy = recognise(piece.text) if piece.kind == Kind.TEXT else Courtesy.NONE
    if piece.quoted is not None:
        return Join(piece.quoted, courtesy=courtesy is not Courtesy.NONE)
    near = _nearest(piece, cases)
    if courtesy is not Courtesy.NONE:
        return Ignore("" if near is not None else _COURTESY_REPLIES[courtesy])
    return Open() if near is None else Join(near)


def _nearest(piece: Piece, cases: Sequence[OpenCase]) -> int | None:
    close = [(_distance(piece, case), case.id) for case in cases]
    close = [(distance, id_) for distance, id_ in close if distance <= WINDOW]
    if close:
        return min(close)[1]
    return next((case.id for case in cases if _answers(piece, case)), None)


def _distance(piece: Piece, case: OpenCase) -> timedelta:
    return min((abs(piece.sent_at - time) for time in case.times), default=timedelta.max)


def _answers(piece: Piece, case: OpenCase) -> bool:
    """Is this what we had asked for?"""
    zero = timedelta()
    if case.staff_wrote_at and zero <= piece.sent_at - case.staff_wrote_at <= ANSWER_WINDOW:
        return True
    asked = piece.kind == Kind.LOCATION and case.place_asked_at
    return bool(asked and zero <= piece.sent_at - asked <= PLACE_WINDOW)


def next_question(*, missing: Sequence[str], asked: Sequence[str]) -> str:
    """The next thing to ask, or nothing: each is asked once, and only if it is missing."""
    return next((thing for thing in QUESTIONS if thing in missing and thing not in asked), "")


def may_ask(sent_at: datetime, asked_at: datetime | None) -> bool:
    """Has the person taken breath since our last automatic answer?"""
    return asked_at is None or sent_at - asked_at >= BREATH
