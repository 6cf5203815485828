"""Scripted conversations (`conversations/README.txt` says how they are written), read into plain data."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from whatsapp.types import Kind

FOLDER = Path(__file__).parent / "conversations"
# Pieces of one burst may swap on their way: each is late by up to this many seconds.
LATEST = 60
PIECES = {
    "testo": Kind.TEXT,
    "foto": Kind.IMAGE,
    "video": Kind.VIDEO,
    "vocale": Kind.AUDIO,
    "documento": Kind.DOCUMENT,
    "posizione": Kind.LOCATION,
}
CHANGES = {"modifica": Kind.EDIT, "ritira": Kind.REVOKE}
OTHERS = {"adesivo": Kind.STICKER, "reazione": Kind.REACTION}
TAPS = {"basta", "scelta"}
TYPED = "testo "  # «basta testo Basta così»: no tap
STAFF = {"ufficio", "chiude", "riapre"}
VERBS = {*PIECES, *CHANGES, *OTHERS, *TAPS, *STAFF}

_TIME = r"-?(?:\d+:)?\d+:\d\d"
_LINE = re.compile(
    rf"(?P<written>{_TIME})(?:>(?P<arrives>{_TIME}))?\s+(?:(?P<person>\w+):\s+)?(?P<case>[A-Z]|-)"
    r"(?:\s+@(?P<quotes>R|\d+))?\s+(?P<verb>[a-z]+)(?:\s+@(?P<about>\d+))?(?:\s+(?P<text>.*))?"
)
_END = re.compile(r"= (?P<case>[A-Z])\s+(?P<facts>.+)")


class BadScript(ValueError):
    """A line that cannot be understood: which, and what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that happens. Times in seconds from the beginning; `case` is "" where it belongs to none.

    Attributes:
        arrives: when it reaches us, if the script says so; else at once, or a little later.
        quotes: number of the line it answers, "R" for our last automatic answer, or "".
        about: number of the line that it changes, withdraws or reacts to; 0 for none.
    """

    number: int
    written: int
    arrives: int | None
    person: str
    case: str
    quotes: str
    verb: str
    about: int
    text: str

    @property
    def by_staff(self) -> bool:
        return self.verb in STAFF

    @property
    def is_piece(self) -> bool:
        return self.verb in PIECES and bool(self.case)

    @property
    def is_tap(self) -> bool:
        return self.verb in TAPS and not self.text.startswith(TYPED)


@dataclass(frozen=True, kw_only=True, repr=False)
class Conversation:
    """`ends`: for each case, what is said of it in the end."""

    file: str
    title: str
    lines: tuple[Line, ...]
    ends: dict[str, tuple[str, ...]]

    def __repr__(self) -> str:
        return f"<{self.file}: {self.title}>"  # short, in the report of a failure

    @cached_property
    def pieces(self) -> dict[str, frozenset[int]]:
        """Letter of a case -> numbers of the lines it is made of."""
        letters = sorted({line.case for line in self.lines if line.case})
        return {
            letter: frozenset(line.number for line in self.lines if line.is_piece and line.case == letter)
            for letter in letters
        }

    @cached_property
    def standing(self) -> dict[str, frozenset[int]]:
        """The same without what was withdrawn: that may have been taken back before it reached us."""
        gone = {line.about for line in self.lines if line.verb == "ritira"}
        return {letter: pieces - gone for letter, pieces in self.pieces.items()}

    def texts(self, letter: str) -> list[str]:
        """What its pieces say after all corrections and withdrawals, in the order they were written."""
        told = [line for line in self.lines if line.verb in PIECES and line.verb != "posizione"]
        told.sort(key=lambda line: line.written)
        own = set(self.pieces[letter])
        # A greeting corrected into a report is in the case by its correction.
        own |= {line.about for line in self.lines if line.verb == "modifica" and line.case == letter}
        return [text for line in told if line.number in own and (text := self._standing(line))]

    def _standing(self, line: Line) -> str:
        changes = sorted((c for c in self.lines if c.about == line.number), key=lambda c: c.written)
        if any(change.verb == "ritira" for change in changes):
            return ""
        return next((c.text for c in reversed(changes) if c.verb == "modifica"), line.text)

    @cached_property
    def may_swap(self) -> bool:
        """Are there messages so close that one may overtake another?"""
        written = sorted(line.written for line in self.lines if not line.by_staff and line.arrives is None)
        return any(later - sooner < LATEST for sooner, later in pairwise(written))

    def arrivals(self, delays: Sequence[int]) -> list[tuple[int, Line]]:
        """When each line reaches us, in that order, if each message is late by so many seconds.

        What staff do stays where it is: nothing written before it arrives after it. Nobody taps the button
        of an answer they have not had.
        """
        late = dict(zip(self.lines, delays, strict=False))
        times = {line.number: self._arrives(line, late[line]) for line in self.lines}
        for line in self.lines:
            if line.is_tap:
                answered = min((times[number] for number in self.pieces.get(line.case, ())), default=0)
                times[line.number] = max(times[line.number], answered)
        arrived = [(times[line.number], line) for line in self.lines]
        return sorted(arrived, key=lambda pair: (pair[0], pair[1].by_staff, pair[1].number))

    def _arrives(self, line: Line, late: int) -> int:
        if line.by_staff or line.arrives is not None:
            return line.written if line.arrives is None else line.arrives
        acts = [act.written for act in self.lines if act.by_staff and act.written >= line.written]
        return min(line.written + late, *acts, line.written + LATEST)

    def backwards(self) -> list[int]:
        """Delays with which each burst arrives last piece first, as far as a minute allows."""
        delays: list[int] = []
        start, count = -LATEST, 0
        for line in self.lines:
            if line.written >= start + LATEST:
                start, count = line.written, 0
            delays.append(max(0, min(LATEST, start + LATEST - count - line.written)))
            count += 1
        return delays


def read_all() -> list[Conversation]:
    """Every conversation of the folder. Raises BadScript."""
    return [talk for path in sorted(FOLDER.glob("*.txt")) if path.name != "README.txt" for talk in read(path)]


def read(path: Path) -> Iterator[Conversation]:
    """The conversations of one file. Raises BadScript."""
    for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8").strip()):
        title, *rows = block.splitlines()
        try:
            yield _read(path.name, title, rows)
        except BadScript as bad:
            raise BadScript(f"{path.name}, «{title}»: {bad}") from None


def _read(file: str, title: str, rows: list[str]) -> Conversation:
    if not title.startswith("# "):
        raise BadScript("a conversation begins with «# title»")
    lines: list[Line] = []
    ends: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row.startswith("="):
            if not (end := _END.fullmatch(row)):
                raise BadScript(f"«{row}» is not «= A fact, fact»")
            ends[end["case"]] = tuple(fact.strip() for fact in end["facts"].split(","))
        else:
            lines.append(_read_line(len(lines) + 1, row))
    talk = Conversation(file=file, title=title.removeprefix("# "), lines=tuple(lines), ends=ends)
    _check(talk)
    return talk


def _read_line(number: int, row: str) -> Line:
    if not (found := _LINE.fullmatch(row.rstrip())):
        raise BadScript(f"«{row}» is not «m:ss  A  what …»")
    if found["verb"] not in VERBS:
        raise BadScript(f"«{row}»: «{found['verb']}» is none of {', '.join(sorted(VERBS))}")
    return Line(
        number=number,
        written=_seconds(found["written"]),
        arrives=_seconds(found["arrives"]) if found["arrives"] else None,
        person=found["person"] or "Maria",
        case=found["case"].strip("-"),
        quotes=found["quotes"] or "",
        verb=found["verb"],
        about=int(found["about"] or 0),
        text=(found["text"] or "").strip(),
    )


def _seconds(time: str) -> int:
    sign = -1 if time.startswith("-") else 1
    seconds = 0
    for part in time.lstrip("-").split(":"):
        seconds = seconds * 60 + int(part)
    return sign * seconds


def _check(talk: Conversation) -> None:
    """What a script says twice it must say alike. Raises BadScript."""
    if not talk.lines:
        raise BadScript("nothing happens")
    if missing := set(talk.pieces) - set(talk.ends):
        raise BadScript(f"how does {', '.join(sorted(missing))} end? («= {min(missing)} …»)")
    for letter, facts in talk.ends.items():
        if letter not in talk.pieces:
            raise BadScript(f"no line belongs to {letter}")
        for fact in facts:
            if (told := re.fullmatch(r"(\d+) pezz[oi]", fact)) and int(told[1]) != len(talk.pieces[letter]):
                raise BadScript(f"{letter} has {len(talk.pieces[letter])} pieces, not {told[1]}")
    for line in talk.lines:
        quoted = int(line.quotes) if line.quotes.isdigit() else 0
        if max(quoted, line.about) >= line.number:
            raise BadScript(f"line {line.number} is about a later line")
