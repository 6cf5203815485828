"""What becomes of one message of a citizen, decided from plain data: replayable, no database.

People send a photo, then a word, then a position. What they wrote within ten minutes of a case's first
piece, by their own clock and not in the order it reaches us, is that case; for twenty minutes more it is so
unless it speaks of something else. Both are counted from the first piece, not from the last: so the answer
does not depend on which pieces have arrived by now.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from reports.courtesies import Courtesy, plain, recognise
from whatsapp.types import OWN_NUMBER, Kind

WINDOW = timedelta(minutes=settings.REPORTS_WINDOW_MINUTES)
# After this whatever is no answer and no addition opens a case.
LONGEST = WINDOW + timedelta(minutes=20)
# Staff wrote something: what the person writes next is the answer, even hours later.
ANSWER_WINDOW = timedelta(hours=24)
# Somebody asked for the place walks there first.
QUESTION_WINDOW = timedelta(hours=2)
# Pieces that follow each other this quickly are one burst: they reach us in any order, and are answered once.
BURST = timedelta(seconds=60)
# An answer to «what is it?» is a few words; more is a story of its own.
SHORT = 80

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
QUESTIONS = ("place", "kind")

_END = re.compile(
    r"(?:ok |va bene |no )?(?:basta cosi|ho finito|e tutto|finito|nient altro|niente altro|solo questo"
    r"|non ho altro)(?: grazie.*)?"
)
_ADDITION = re.compile(
    r"(?:(?:ci sono |avete |qualche )?novita|a che punto|aggiung\w+|in aggiunta|dimenticav\w+|come dicevo"
    r"|come (?:gia )?(?:detto|scritto|segnalato)|sollecit\w+|per la (?:mia )?segnalazione|la mia segnalazione"
    r"|la segnalazione (?:di|che)"
    r"|(?:non )?(?:avete|e stat[oa]|hanno) (?:risolto|fatto|sistemat[oa]|riparat[oa])"
    r"|quando (?:venite|vengono|intervenite|lo sistemate|la sistemate)|peggiora\w*|e peggiorat[oa]"
    r"|ancora (?:niente|nulla|cosi|nessuno|tutto|li|la|aperta|aperto|rott\w|spent\w|guast\w)"
    r"|(?:e|sta|stanno|sono) (?:sempre|ancora) (?:cosi|li|la|rott\w|spent\w|guast\w|apert\w)"
    r"|nessuno (?:e venuto|ha risposto|si e visto)|sto (?:ancora )?aspettando|aspetto (?:ancora )?risposta)\b"
)
# An addition comes early in what is said: later it may be said of anything.
_EARLY = 40


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A message.

    Attributes:
        subject: slug of the kind of problem its words name, or nothing.
        quoted: the case of the message it answers, or whose number it tells.
    """

    kind: str
    text: str
    sent_at: datetime
    subject: str = ""
    quoted: int | None = None
    payload: str = ""


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """An open case of the same person.

    Attributes:
        times: when the person wrote its pieces.
        subject: slug of its kind, or nothing if that is not known.
        ended_at: when the person said «basta così».
        staff_wrote_at: when staff last wrote to the person.
        asked_at: question -> when it was asked, if the answer is still missing.
    """

    id: int
    times: tuple[datetime, ...]
    subject: str = ""
    ended_at: datetime | None = None
    staff_wrote_at: datetime | None = None
    asked_at: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def first(self) -> datetime:
        """When it began; a case always has a piece."""
        return min(self.times)


@dataclass(frozen=True)
class Open:
    """A new case. With `splits`, pieces of these cases written within a `BURST` of this one go with it."""

    splits: tuple[int, ...] = ()


@dataclass(frozen=True)
class Join:
    """A piece of this case. A courtesy is kept with it, and changes nothing; `late` may be acknowledged."""

    case: int
    courtesy: bool = False
    late: bool = False


@dataclass(frozen=True)
class Ignore:
    """No case. `reply` is the slug of the text to answer with, if any."""

    reply: str = ""


Decision = Open | Join | Ignore
_COURTESY_REPLIES = {Courtesy.GREETING: "greeting", Courtesy.EMPTY: "empty", Courtesy.THANKS: ""}


def decide(piece: Piece, cases: Sequence[OpenCase]) -> Decision:
    """Where a message belongs, by when it was written.

    Args:
        cases: the newest first.
    """
    if piece.kind in SILENT:
        return Ignore()
    if piece.kind not in PIECES:
        return Ignore(ANSWERS.get((Kind(piece.kind), piece.payload), "unreadable"))
    courtesy = recognise(piece.text) if piece.kind == Kind.TEXT else Courtesy.NONE
    if piece.quoted is not None:
        return Join(piece.quoted, courtesy=courtesy is not Courtesy.NONE, late=True)
    running = _running(piece, cases)
    if courtesy is not Courtesy.NONE:
        return Ignore("" if running else _COURTESY_REPLIES[courtesy])
    if running:
        return Join(running.id)
    if case := next((case for case in cases if _answers(piece, case)), None):
        return Join(case.id)
    if cases and is_addition(piece):
        return Join(cases[0].id, late=True)
    return Open(splits=tuple(case.id for case in cases if _may_lose(piece, case)))


def ends(text: str) -> bool:
    """Does the person say that this was all («basta così»)?"""
    return bool(_END.fullmatch(plain(text)))


def is_addition(piece: Piece) -> bool:
    """Does a text say that it is about what was told before?"""
    found = _ADDITION.search(plain(piece.text)) if piece.kind == Kind.TEXT else None
    return bool(found and found.start() <= _EARLY)


def told_at(sent_at: datetime, cases: Iterable[OpenCase]) -> OpenCase | None:
    """The case that «basta così», said at that moment, is about: the last begun, if not a day has passed."""
    begun = [case for case in cases if case.first <= sent_at <= max(case.times) + ANSWER_WINDOW]
    return max(begun, key=lambda case: case.first, default=None)


def _running(piece: Piece, cases: Sequence[OpenCase]) -> OpenCase | None:
    """The case whose time holds the piece: its ten minutes, those before a straggler, the twenty after."""
    holding: tuple[Callable[[Piece, OpenCase], bool], ...] = (_within, _before, _holds_addition)
    for holds in holding:
        if found := [case for case in cases if holds(piece, case)]:
            return min(found, key=lambda case: min(abs(piece.sent_at - time) for time in case.times))
    return None


def _within(piece: Piece, case: OpenCase) -> bool:
    return case.first <= piece.sent_at <= case.first + WINDOW and not _after_end(piece, case)


def _before(piece: Piece, case: OpenCase) -> bool:
    return case.first - WINDOW <= piece.sent_at < case.first


def _holds_addition(piece: Piece, case: OpenCase) -> bool:
    later = case.first + WINDOW < piece.sent_at <= case.first + LONGEST
    return later and not _after_end(piece, case) and not _is_new_subject(piece, case)


def _may_lose(piece: Piece, case: OpenCase) -> bool:
    """Was something written a moment before this piece perhaps taken for an addition to the case?"""
    return case.first + WINDOW < piece.sent_at <= case.first + LONGEST + BURST


def _after_end(piece: Piece, case: OpenCase) -> bool:
    return case.ended_at is not None and piece.sent_at > case.ended_at


def _is_new_subject(piece: Piece, case: OpenCase) -> bool:
    return bool(piece.subject and case.subject and piece.subject != case.subject)


def _answers(piece: Piece, case: OpenCase) -> bool:
    """Is this what we had asked for?"""

    def since(moment: datetime | None, limit: timedelta) -> bool:
        return moment is not None and timedelta() <= piece.sent_at - moment <= limit

    if since(case.staff_wrote_at, LONGEST):
        return True
    if since(case.staff_wrote_at, ANSWER_WINDOW) and not _is_new_subject(piece, case):
        return True
    if _after_end(piece, case):
        return False
    if piece.kind == Kind.LOCATION:
        return since(case.asked_at.get("place"), QUESTION_WINDOW)
    few_words = piece.kind == Kind.TEXT and len(piece.text) <= SHORT
    return few_words and since(case.asked_at.get("kind"), QUESTION_WINDOW)


def next_question(*, missing: Sequence[str], asked: Sequence[str]) -> str:
    """The next thing to ask, or nothing: each is asked once, and only if it is missing."""
    return next((thing for thing in QUESTIONS if thing in missing and thing not in asked), "")
