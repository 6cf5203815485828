"""The tables of words, `data/vocabulary.toml`, compiled once. The table's head explains its patterns."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from subscribers.patterns import GAP, source

_TABLE: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "data" / "vocabulary.toml").read_text("utf-8")
)
_CE = re.compile(r"\bc(?:['’ ] ?)?(?=(?:e|era|erano)\b)")
_APOSTROPHE = re.compile(r"['’`´]")
_DOUBLE = re.compile(r"([a-z])\1+")
# Characters: a longer text adds words, not dangers.
LENGTH_LIMIT = 4096


def letters(text: str) -> str:
    """Small letters without accents or doubled ones; «c'è» in one word, other apostrophes are spaces.

    At most `LENGTH_LIMIT`, of the text and of what it becomes.
    """
    text = unicodedata.normalize("NFKD", text[:LENGTH_LIMIT].lower())[:LENGTH_LIMIT]
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return _DOUBLE.sub(r"\1", _APOSTROPHE.sub(" ", _CE.sub("c", text)))


def _phrase(phrase: str) -> str:
    """A pattern's letters like a text's; names of lists stay."""
    return "".join(part if part[:1] == "{" else letters(part) for part in re.split(r"(\{\w+\})", phrase))


def _source(phrases: Iterable[str]) -> str:
    # «l'acqua al piano non sale» is no «acqua .. sale»
    return source(map(_phrase, phrases), _LISTS).replace(GAP, r"(?:(?!non )\S+ ){0,3}")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Words and what they say of a report.

    Attributes:
        pattern: what is looked for.
        reason: what the staff read under «perché è qui».
        weight: orders dangers among themselves, 1-9 (9: people hurt).
        certain: a mere possibility of this danger is only serious.
        blocked: the road cannot be passed.
        means: what stays of a figure of speech, with a space behind.
    """

    pattern: re.Pattern[str]
    reason: str = ""
    weight: int = 0
    certain: bool = False
    blocked: bool = False
    means: str = ""


def _rule(phrases: Iterable[str], means: str = "", **what: Any) -> Rule:
    return Rule(pattern=re.compile(_source(phrases)), means=means and letters(means) + " ", **what)


def _truth(name: str) -> str:
    return _source(_TABLE["truth"][name])


_LISTS = {name: [_phrase(entry) for entry in entries] for name, entries in _TABLE["lists"].items()} | {
    name: [_phrase(entry) for entry in _TABLE["truth"][name]] for name in ("exist", "then", "over")
}
DANGERS, SERIOUS, NUISANCE, VULNERABLE, FIGURES = (
    tuple(_rule(**row) for row in _TABLE[part])
    for part in ("dangers", "serious", "nuisance", "vulnerable", "figures")
)

_spelling = _TABLE["spelling"]
SPELLINGS: tuple[str, ...] = tuple(dict.fromkeys(map(letters, _spelling["words"])))
LOOKALIKES = frozenset(map(letters, _spelling["lookalikes"]))
SHORT = {short: letters(meant) for short, meant in _spelling["short"].items()}
GREETINGS = re.compile(_source(_spelling["greetings"]))

# Before a danger word, up to it
DENIED = re.compile(f"{_truth('denied')}(?:{_truth('between')})*+$")
HOLDS = re.compile(_truth("holds") + "$")
PRESENT = re.compile(_truth("present") + r"(?:\S+ ){0,2}$")
IMAGINED = re.compile(_truth("imagined") + "$")
UNCERTAIN = re.compile(_truth("uncertain") + "$")
POSSIBLE = re.compile(_truth("possible") + r"(?:[^\s,]+ ){0,5}$")
OF = re.compile(_truth("of") + "$")
# From it on
ENDED = re.compile(_truth("ended"))
LONG_AGO = re.compile(rf"(?:\S+ ){{0,2}}?(?:{_truth('of')}){{0,3}}{_truth('past')}")
# In its sentence
PAST, YESTERDAY, WAS, NOW, SETTLED, HABIT = (
    re.compile(_truth(name)) for name in ("past", "yesterday", "was", "now", "settled", "habit")
)
