"""What a citizen's message asks of the subscription: pure, opposite strictness for in and out (FEATURES 1-3).

OFF is tolerant, because a missed one is a violation; ON is strict, because a false one is consent nobody
gave; what only looks like either is asked back. The rules are a table, `data/phrases.toml`.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import Literal

from rapidfuzz.distance import OSA

Intent = Literal["on", "off", "ask_on", "ask_off", "topic_on", "topic_off", "help", "status", "other"]
Topics = Mapping[str, Sequence[str]]

# Not here, though people use them: «acqua», «strada», «rifiuti». «Acqua off» is a report.
DEFAULT_TOPICS: Topics = {
    "allerta": ("allerta", "allerte", "allerta meteo", "allerte meteo", "meteo", "protezione civile"),
    "viabilita": ("viabilita", "traffico", "strade", "viabilita e traffico"),
    "servizi": ("servizi", "servizi comunali", "servizi del comune"),
    "pubblica-utilita": ("pubblica utilita", "utilita", "utilita pubblica"),
    "eventi": ("eventi", "manifestazioni", "feste", "eventi e manifestazioni"),
}
KEYWORD = "iscrizione"
# Of a long message only both ends are read: whoever tells a story gives no commands in the middle of it.
HEAD, TAIL = 60, 20
LONGEST = 300  # characters; nobody leaves in more sentences than that
# A pasted instruction holds both keywords and is longer than somebody's hesitation («iscrizione on/off»).
SHORT = 5

_TABLE = tomllib.loads((Path(__file__).parent / "data" / "phrases.toml").read_text())
_LISTS: dict[str, frozenset[str]] = {name: frozenset(words) for name, words in _TABLE["lists"].items()}
_KEYCAP = re.compile(r"[0-9#*]\ufe0f?\u20e3|\u2139")  # emoji made of letters and digits
_LINKS = re.compile(r"\bper (?=favore|cortesia|piacere)|\be (?=grazie|buon|saluti|cordiali|tante|ciao)")
_CLAUSE = re.compile(r"[.!?,;:\n]+")
_WORD = re.compile(r"#?[^\W_]+")


@dataclass(frozen=True)
class Recognition:
    """What was understood; `topic` is a slug for the topic intents, else empty."""

    intent: Intent
    topic: str = ""


def recognise(text: str, topics: Topics = DEFAULT_TOPICS) -> Recognition:
    """What the message asks of the subscription.

    Args:
        text: exactly as received.
        topics: slug -> the words people use for it.
    """
    whole = _recognise(text, topics)
    if whole.intent in {"ask_off", "other"}:
        # «Basta! Cancellatemi da questa lista!»: every sentence of it leaves
        clauses = [clause for clause in _CLAUSE.split(text[:LONGEST]) if _says_something(clause)]
        if len(clauses) > 1 and all(_recognise(clause, topics).intent == "off" for clause in clauses):
            return Recognition("off")
    return whole


def _says_something(clause: str) -> bool:
    return bool(set(normalise(clause).split()) - _LISTS["courtesies"])


def _recognise(text: str, topics: Topics) -> Recognition:
    words = _understood(normalise(text).split())
    if not words:
        return Recognition("help" if text.strip() in {"?", "??", "???"} else "other")
    bare = _without(words, _LISTS["courtesies"])
    if intent := _keyword(words, bare, is_question="?" in text):
        return Recognition(intent)
    if topic := _topic(bare, topics):
        return topic
    phrase = " ".join(bare) + " "
    for kind, pattern, whole in _rules():
        if pattern.fullmatch(phrase) if whole else pattern.search(phrase):
            # «iscrivermi al corso», «cancellarmi dalla mensa»: another enrolment, for the offices
            return Recognition("other" if not whole and _LISTS["elsewhere"] & set(bare) else kind)
    return Recognition("other")


def normalise(text: str) -> str:
    """Lower case, without accents, punctuation, emoji, invisible characters; single spaces."""
    text = _KEYCAP.sub(" ", text)
    text = "".join(" " if unicodedata.category(char)[0] == "S" else char for char in text)
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    text = "".join(char for char in text if unicodedata.category(char) not in {"Mn", "Me", "Cf"})
    words = [word if index > 1 else word.lstrip("#") for index, word in enumerate(_WORD.findall(text))]
    return " ".join(words)


def _understood(words: list[str]) -> list[str]:
    """The words as they were meant: letters written apart joined, slips mended, repetitions once."""
    if len(words) > HEAD + TAIL:
        words = words[:HEAD] + words[-TAIL:]
    spelled = re.sub(r"\b(?:[a-z] )+[a-z]\b", lambda run: run[0].replace(" ", ""), " ".join(words))
    mended: list[str] = []
    for word in spelled.split():
        mended += _unglued(word) or [_mended(word)]
    if len(mended) > 1 and mended[0] == KEYWORD and _is_off(mended[1]):
        mended[1] = "off"
    for period in range(1, len(mended) // 2 + 1):
        if mended == mended[:period] * (len(mended) // period):
            return mended[:period]
    return mended


def _unglued(word: str) -> list[str]:
    """`iscrizioneoff` as two words."""
    for end, switch in (("off", "off"), ("of", "off"), ("on", "on")):
        if word.endswith(end) and _mended(word.removesuffix(end)) == KEYWORD:
            return [KEYWORD, switch]
    return []


@lru_cache(maxsize=10_000)  # strangers' words: bounded
def _mended(word: str) -> str:
    """The word people meant: a slip in a middling word, two in a long one, an insisting «bastaaaa»."""
    word = re.sub(r"(.)\1{2,}", r"\1", word)
    if word in _TABLE["slips"]:
        return str(_TABLE["slips"][word])
    if len(word) < 6 or word in _vocabulary() or word in _LISTS["lookalikes"]:
        return word
    near = {known: OSA.distance(word, known) for known in _vocabulary() if _may_be(word, known)}
    best = min(near, key=near.__getitem__, default=word)
    return best if near.get(best, 9) <= (2 if len(best) >= 9 else 1) else word


def _may_be(word: str, known: str) -> bool:
    """Two slips only where the first letter holds: «descrizione» is not «iscrizione»."""
    return word[0] == known[0] or word == known[1:] or (len(known) >= 9 and OSA.distance(word, known) == 1)


def _is_off(word: str) -> bool:
    """After the keyword every slip of OFF counts."""
    return len(word) in {2, 3, 4} and OSA.distance(word, "off") <= 1


def _keyword(words: list[str], bare: list[str], *, is_question: bool) -> Intent | None:
    """ISCRIZIONE ON and ISCRIZIONE OFF, at the start or inside a sentence."""
    pairs = [
        (index, bare[index + 1])
        for index, word in enumerate(bare[:-1])
        if word == KEYWORD and bare[index + 1] in {"on", "off"}
    ]
    if not pairs or bare[2:3] == ["line"]:  # «iscrizione on line all'asilo»
        return None
    if {"on", "off"} <= set(bare):
        return "ask_off" if len(bare) < SHORT else "ask_on"
    index, switch = pairs[0]
    before, after = bare[:index], bare[index + 2 :]
    if switch == "off":
        clear = set(before) <= _LISTS["wishes"] and not set(after) & _LISTS["hesitations"]
        return "off" if clear else "ask_off"
    first = words.index(KEYWORD)
    begins = words[first + 1] == "on" and set(words[:first]) <= _LISTS["greetings"]
    return "on" if begins and _is_signature(words[first + 2 :]) and not is_question else "ask_on"


def _is_signature(words: list[str]) -> bool:
    """Nothing, a person's name or a poster's code: all that may follow an ON.

    A name is known by its first name, at either end: any other word could turn the ON into a question.
    """
    told = _LINKS.sub("", " ".join(words))
    words = [word for word in told.split() if not word.startswith("#")]
    words = _without(words, _LISTS["greetings"] | _LISTS["thanks"] | _LISTS["introductions"])
    words = [word for word in words if word not in _LISTS["particles"]]
    if not words:
        return True
    known = words[0] in _names() or words[-1] in _names()
    return known and len(words) <= 4 and all(word.isalpha() for word in words) and not _questionable(words)


def _questionable(words: Iterable[str]) -> bool:
    return bool(set(words) & (_LISTS["hesitations"] | _LISTS["not_names"] | _LISTS["elsewhere"]))


def _topic(words: list[str], topics: Topics) -> Recognition | None:
    """«ALLERTA ON», «OFF viabilità», «stop avvisi eventi»: nothing else beside the topic's words."""
    first, last = words[0], words[-1]
    if last in {"on", "off"}:
        switch, name = last, words[:-1]
    elif first in {"on", "off", "stop"}:
        switch, name = "on" if first == "on" else "off", words[1:]
    else:
        return None
    wanted = " ".join(_without(name, _LISTS["topic_fillers"]))
    for slug, names in topics.items():
        if any(_is_typo(wanted, normalise(known)) for known in names):
            return Recognition("topic_on" if switch == "on" else "topic_off", slug)
    return None


def _is_typo(text: str, wanted: str) -> bool:
    slips = 2 if len(wanted) >= 12 else 1 if len(wanted) >= 6 else 0
    return text == wanted or OSA.distance(text, wanted, score_cutoff=slips) <= slips


def _without(words: list[str], around: frozenset[str]) -> list[str]:
    """The words without these at either end; a message made only of these keeps them."""
    start, end = 0, len(words)
    while start < end and words[start] in around:
        start += 1
    while end > start and words[end - 1] in around:
        end -= 1
    return words[start:end] or ([] if around is not _LISTS["courtesies"] else words)


# --- The table's patterns: a word; `a|b`; `[optional]`; `{list}`; `word*`; `..` for up to three words ----


@cache
def _rules() -> list[tuple[Intent, re.Pattern[str], bool]]:
    """(intent, pattern, must it be the whole message?), in the table's order."""
    return [
        (rule["intent"], re.compile("(?:^|(?<= ))" + _regex(phrase)), rule["whole"])
        for rule in _TABLE["rule"]
        for phrase in rule["phrases"]
    ]


def _regex(phrase: str) -> str:
    parts = re.findall(r"\[[^\]]*\]|\S+", phrase)
    return "".join(f"(?:{_regex(part[1:-1])})?" if part[0] == "[" else _unit(part) for part in parts)


def _unit(part: str) -> str:
    if part == "..":
        return r"(?:\S+ ){0,3}"
    if part[0] == "{":
        return "(?:" + "|".join(map(_regex, sorted(_LISTS[part[1:-1]]))) + ")"
    words = "|".join(map(re.escape, part.removesuffix("*").split("|")))
    return f"(?:{words})" + (r"\S* " if part.endswith("*") else " ")


@cache
def _vocabulary() -> frozenset[str]:
    """The long words of the patterns: those whose slips are mended."""
    phrases = [phrase for rule in _TABLE["rule"] for phrase in rule["phrases"]]
    used = set(re.findall(r"\{(\w+)\}", " ".join(chain(phrases, *_LISTS.values()))))
    lists = [_LISTS[name] for name in used]
    words = re.findall(r"(?<!\{)\b[a-z]+\b(?![*}])", " ".join([*phrases, *chain.from_iterable(lists)]))
    return frozenset(word for word in [KEYWORD, *words] if len(word) >= 6)


@cache
def _names() -> frozenset[str]:
    return frozenset(_TABLE["first_names"]["names"].split())
