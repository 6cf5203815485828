"""The table of what people write, `data/phrases.toml`, compiled; a message's words, mended into its own.

The table's head explains its patterns.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import Literal

from rapidfuzz import process
from rapidfuzz.distance import OSA

from subscribers import patterns

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

_TABLE = tomllib.loads((Path(__file__).parent / "data" / "phrases.toml").read_text())
LISTS: dict[str, frozenset[str]] = {name: frozenset(words) for name, words in _TABLE["lists"].items()}
SLIPS: dict[str, str] = _TABLE["slips"]
SHORT_WORDS: list[str] = _TABLE["lists"]["short"]
NAMES = frozenset(_TABLE["names"]["first"].split())
CHINESE_SURNAMES = frozenset(_TABLE["names"]["chinese"])
_KEYCAP = re.compile(r"[0-9#*]\ufe0f?\u20e3|\u2139")  # emoji made of letters and digits
# A poster's code, «#bacheca3» or «# bacheca 3»
_HASHES, _CODE = re.compile(r"#[\s#]*+"), re.compile(r"#([^\W_]++)(?:[-_ ]?(\d+)|-(\w+))?")
_WHOLE = re.compile(r"(?<![{*\w])[a-z]+\b(?![*}])")  # of a pattern: no list, no beginning of a word
_WORD = re.compile(r"#?[^\W_]+")
_PLUS = re.compile(r"(?<=\w) \+(?!\d)")
_APART = re.compile(r"\b(?:[a-z] )+[a-z]\b")
# Characters of a normalised text
LONGEST = 1500
# Written apart («iscri zione off») only a short message is one word.
APART = 5
_SOUNDS = (("ggh", "gl"), ("nd", "n"), ("k", "c"), ("j", "i"), ("zz", "z"), ("y", "i"))
_VOWELS = str.maketrans("eo", "iu")
_DOUBLE, _SHOUTED = re.compile(r"(.)\1"), re.compile(r"(.)\1{2,}")
_TORN = {"iscr", "scri", "insc", "icri", "isri"}  # how a torn keyword begins, «iscrione off»
_SIGNS = r"\u3040-\u9fff"  # scripts without spaces between the words


def normalise(text: str) -> str:
    """Lower case, without accents, punctuation, emoji, invisible characters; single spaces.

    What letters come apart into is cut at `LONGEST`: there are signs that stand for eighteen.
    """
    text = _KEYCAP.sub(" ", text)
    text = _PLUS.sub(" più", text)  # «non voglio + messaggi»
    text = "".join(" " if unicodedata.category(char)[0] == "S" else char for char in text)
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())[:LONGEST]
    text = "".join(char for char in text if unicodedata.category(char) not in {"Mn", "Me", "Cf"})
    text = _CODE.sub(lambda code: " #" + "".join(filter(None, code.groups())), _HASHES.sub("#", text))
    words = [word if index > 1 else word.lstrip("#") for index, word in enumerate(_WORD.findall(text))]
    return " ".join(words)


@cache
def rules(part: str) -> list[tuple[Intent, re.Pattern[str]]]:
    """The patterns of a part with their intents, in the table's order."""
    return [(rule["intent"], compiled(phrase)) for rule in _TABLE[part] for phrase in rule["phrases"]]


@cache
def foreign_rules() -> list[tuple[Intent, re.Pattern[str]]]:
    """What people write in other languages: how words begin, and signs anywhere."""
    return [
        (rule["intent"], re.compile("|".join(map(_beginning, rule["phrases"])))) for rule in _TABLE["foreign"]
    ]


def _beginning(phrase: str) -> str:
    said = normalise(phrase)
    return re.escape(said) if re.match(rf"[{_SIGNS}]", said) else r"(?<!\S)" + re.escape(said)


@cache
def compiled(*phrases: str) -> re.Pattern[str]:
    """Any of these patterns, each word with a space behind it."""
    return re.compile(patterns.source(phrases, LISTS))


@cache
def any_of(name: str) -> re.Pattern[str]:
    """Any entry of a list."""
    return compiled(*_TABLE["lists"][name])


# --- A message's words, as they were meant ---


def read(text: str) -> list[str]:
    """The words as they were meant: letters written apart joined, slips mended, repetitions once."""
    spelled = _APART.sub(lambda run: run[0].replace(" ", ""), normalise(text))
    words = spelled.split()
    mended = [meant for word in words for meant in _unglued(word) or [_mended(word)]]
    if KEYWORD in mended:
        mended = [word for word in mended if word not in LISTS["dictated"]]
    elif len(words) <= APART:  # «iscri zione off»
        mended = _unglued("".join(words)) or mended
    for index, word in enumerate(mended[1:], 1):  # after the keyword every slip of OFF counts
        near = len(word) < 5 and OSA.distance(word, "off") == 1
        if mended[index - 1] == KEYWORD and len(word) > 1 and (near or word[1:] in {"of", "ff"}):
            mended[index] = "off"
        if word in {"off", "of"} and mended[index - 1][:4] in _TORN:
            mended[index - 1 : index + 1] = [KEYWORD, "off"]
    for period in range(1, len(mended) // 2 + 1):
        if mended == mended[:period] * (len(mended) // period):
            return mended[:period]
    return mended


@lru_cache(maxsize=10_000)  # strangers' words: bounded
def _unglued(word: str) -> list[str]:
    """`iscrizioneoff` and `nonvoglio` as two words."""
    word = _SHOUTED.sub(r"\1", word)
    for end, switch in (("off", "off"), ("of", "off"), ("on", "on")):
        if word.endswith(end) and _mended(word.removesuffix(end)) == KEYWORD:
            return [KEYWORD, switch]
    return [word[:3], word[3:]] if word[:3] in {"non", "piu"} and word[3:] in _vocabulary() else []


@lru_cache(maxsize=10_000)
def _mended(word: str) -> str:
    """The word people meant: a slip in a middling word, two in a long one, an insisting «bastaaaa»."""
    word = _SHOUTED.sub(r"\1", word)
    if word in SLIPS:
        return SLIPS[word]
    if (
        word in _vocabulary()
        or word in LISTS["lookalikes"] | NAMES
        or (len(word) > 4 and word in known_words())
    ):
        return word
    single = once(word)
    for known in SHORT_WORDS:
        swapped = len(word) > 3 and word[0] == known[0] and sorted(word) == sorted(known)
        if single == once(known) or (swapped and OSA.distance(word, known) == 1):
            return known
    if len(word) < 5:
        return word
    if word_meant := _by_sound().get(_sound(word)):
        return SLIPS.get(word_meant, word_meant)
    near = process.extract_iter(word, _vocabulary(), scorer=OSA.distance, score_cutoff=2)
    # Of words equally near the one that differs by a double letter is meant: «alerta» is no «aperta»
    meant = [
        (slips, OSA.distance(single, once(known)), -len(known), place, known)
        for known, slips, place in near
        if slips <= _slips(word, known)
    ]
    best = min(meant)[-1] if meant else word
    return SLIPS.get(best, best)


def _slips(word: str, known: str) -> int:
    """Two slips only in long words and where the first letter holds: «descrizione» is not «iscrizione»."""
    if word[0] == known[0]:
        return 2 if min(len(word), len(known)) >= 9 else 1
    return 1 if word == known[1:] or len(known) >= 9 else 0


@lru_cache(maxsize=10_000)
def once(word: str) -> str:
    """The word without doubled letters."""
    return _DOUBLE.sub(r"\1", word)


@lru_cache(maxsize=10_000)
def _sound(word: str) -> str:
    """The word as a Sicilian hears it: «missaggiu», «mannari» and «vogghiu» are the Italian words."""
    for said, written in _SOUNDS:
        word = word.replace(said, written)
    return once(word).translate(_VOWELS)


@cache
def _vocabulary() -> list[str]:
    """The long words of the patterns, whose slips are mended; in the table's order, which breaks ties."""
    phrases = [phrase for rule in _TABLE["alone"] + _TABLE["anywhere"] for phrase in rule["phrases"]]
    used = set(re.findall(r"\{(\w+)\}", " ".join(chain(phrases, *LISTS.values()))))
    lists = chain.from_iterable(words for name, words in _TABLE["lists"].items() if name in used)
    topics = " ".join(chain(*DEFAULT_TOPICS.values())).split()
    words = [KEYWORD, *_WHOLE.findall(" ".join([*phrases, *lists])), *topics, *SLIPS]
    return list(dict.fromkeys(word for word in words if len(word) >= 6 + (word in SLIPS)))


@cache
def _by_sound() -> dict[str, str]:
    words = [*sorted(LISTS["elsewhere"]), *SHORT_WORDS[::-1], *_vocabulary()[::-1]]
    return {_sound(word): word for word in words if len(word) >= 5}


@cache
def known_words() -> frozenset[str]:
    """All words the table has for wishes: a message of nothing else is about the service."""
    others = {"elsewhere", "lookalikes", "not_names"}
    lists = (words for name, words in _TABLE["lists"].items() if name not in others)
    phrases = [phrase for rule in _TABLE["alone"] + _TABLE["anywhere"] for phrase in rule["phrases"]]
    return frozenset(_WHOLE.findall(" ".join(chain(phrases, *lists))))
