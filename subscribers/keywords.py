"""What a citizen's message asks of the subscription: pure, opposite strictness for in and out (FEATURES 1-3).

OFF is tolerant, because a missed one is a violation; ON is strict, because a false one is consent nobody
gave; what only looks like either is asked back. The rules are a table, `data/phrases.toml`.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain, permutations
from pathlib import Path
from typing import Literal

from rapidfuzz import process
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
# Of a long message only both ends are read, and of a story an OFF is asked back: characters, sentences.
HEAD, TAIL, STORY, SENTENCES = 400, 100, 1000, 12
# A pasted instruction holds both keywords and is longer than somebody's hesitation («iscrizione on/off»).
SHORT = 5
LONGEST_ON = 24  # words; whoever tells more is asked

_TABLE = tomllib.loads((Path(__file__).parent / "data" / "phrases.toml").read_text())
_LISTS: dict[str, frozenset[str]] = {name: frozenset(words) for name, words in _TABLE["lists"].items()}
_NO_ON = ("hesitations", "after", "limits", "elsewhere", "topic_off", "not_joining")
_NOT_BEFORE_ON = [
    [word] for word in ("con", "dopo", "di", "della", "dell", "la", "l", "mia", "per", "senza", "una")
]
_FILLERS = tuple(_TABLE["lists"]["fillers"])
_KEYCAP = re.compile(r"[0-9#*]\ufe0f?\u20e3|\u2139")  # emoji made of letters and digits
_CODE = re.compile(r"#[\s#]*([^\W_]+)(?:[-_ ]?(\d+)|-(\w+))?")  # a poster's, «#bacheca3» or «# bacheca 3»
_SENTENCE = re.compile(r"[^,.!?;:\n]+[,.!?;:\n]*")
_WORD = re.compile(r"#?[^\W_]+")
_QUESTION = re.compile("[?？؟]")
_DOUBLE, _SHOUTED = re.compile(r"(.)\1"), re.compile(r"(.)\1{2,}")


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
    ends = f"{text[:HEAD]} {text[-TAIL:]}" if len(text) > HEAD + TAIL else text
    words = _read(ends)
    meant = _meant(ends, words, topics)
    told = len(text) > STORY and words[:1] != [KEYWORD]
    return Recognition("ask_off") if told and meant.intent == "off" else meant


def _meant(text: str, words: list[str], topics: Topics) -> Recognition:
    """The message as a whole; where that leaves a doubt, a sentence of it which leaves none.

    «Che vergogna! Cancellatemi dalla lista!»: but a bare «Stop.» or «Basta!» before a report means nothing.
    """
    polite = bool(_LISTS["please"] & set(words))
    whole = _recognise(text, words, topics, polite=polite)
    if whole.intent not in {"ask_off", "other"}:
        return whole
    found, clear = set(), []
    for sentence in _SENTENCE.findall(text)[-SENTENCES:]:
        if _bare(said := _read(sentence)):
            meant = _recognise(sentence, said, topics, polite=polite)
            found.add(meant.intent)
            if meant.intent in {"off", "topic_on", "topic_off"} and (
                polite or not _QUESTION.search(sentence)
            ):
                clear.append((meant, said))
    if "on" in found or len({meant for meant, _ in clear if meant.topic}) > 1:
        return whole  # both keywords, or two topics
    for meant, said in clear:
        strong = meant.topic or KEYWORD in said or _wish(_bare(said), topics, polite=polite) == "off"
        if found <= {"off", "ask_off"} or (strong and not _LISTS["second_thoughts"] & set(words)):
            return meant
    return whole


def _recognise(text: str, words: list[str], topics: Topics, *, polite: bool) -> Recognition:
    """What these words ask, all of them together."""
    bare = _bare(words)
    asks = bool(_QUESTION.search(text))
    if not bare:
        return Recognition("help" if asks and not text.strip("?! ") else "other")
    if topic := _topic(bare, topics, is_question=asks and not polite):
        return topic
    if intent := _keyword(words, bare, topics, is_question=asks):
        return Recognition(intent)
    phrase = " ".join(bare) + " "
    alone = [intent for intent, pattern in _rules("alone") if pattern.fullmatch(phrase)]
    return Recognition(alone[0] if alone else _wish(bare, topics, polite=polite))


def _wish(bare: list[str], topics: Topics, *, polite: bool) -> Intent:
    """The first wish of the table found in the words; a wish to leave with doubt beside it is asked back."""
    phrase = " ".join(bare) + " "
    doubted = False
    for intent, pattern in _rules("anywhere"):
        if (doubted and intent != "off") or not (found := pattern.search(phrase)):
            continue
        before, after = phrase[: found.start()].split(), phrase[found.end() :].split()
        if _LISTS["elsewhere"] & set(after[:4]):
            return "other"  # «iscrivermi al corso», «cancellarmi dalla mensa»: for the offices
        asked = not polite and _LISTS["can"] & set(bare)  # «potete cancellarmi?»
        if intent != "off" or not (asked or _doubtful(before, after, topics)):
            return intent
        doubted = True
    return "ask_off" if doubted else "other"


def _doubtful(before: list[str], after: list[str], topics: Topics) -> bool:
    """A question, a condition, something told, somebody else's wish, or only some of the messages."""
    reason = next((index for index, word in enumerate(after) if word in _LISTS["reasons"]), len(after))
    names = frozenset(map(normalise, chain(*topics.values())))
    return bool(
        {*before, *after[:reason]} & (_LISTS["hesitations"] | _LISTS["limits"] | names)
        or _LISTS["before"] & set(before[-2:])
        or _LISTS["after"] & set(after)
    )


def normalise(text: str) -> str:
    """Lower case, without accents, punctuation, emoji, invisible characters; single spaces."""
    text = _KEYCAP.sub(" ", text)
    text = re.sub(r"(?<=\w) \+(?!\d)", " più", text)  # «non voglio + messaggi»
    text = re.sub(r"\b[xX] (?=favore|piacere|cortesia)", "per ", text)
    text = "".join(" " if unicodedata.category(char)[0] == "S" else char for char in text)
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    text = "".join(char for char in text if unicodedata.category(char) not in {"Mn", "Me", "Cf"})
    text = _CODE.sub(lambda code: " #" + "".join(filter(None, code.groups())), text)
    words = [word if index > 1 else word.lstrip("#") for index, word in enumerate(_WORD.findall(text))]
    return " ".join(words)


def _read(text: str) -> list[str]:
    """The words as they were meant: letters written apart joined, slips mended, repetitions once."""
    spelled = re.sub(r"\b(?:[a-z] )+[a-z]\b", lambda run: run[0].replace(" ", ""), normalise(text))
    words = spelled.split()
    mended = [meant for word in words for meant in _unglued(word) or [_mended(word)]]
    if KEYWORD in mended:
        mended = [word for word in mended if word not in _LISTS["dictated"]]
    elif len(words) <= SHORT:  # «iscri zione off»
        mended = _unglued("".join(words)) or mended
    for index, word in enumerate(mended[1:], 1):  # after the keyword every slip of OFF counts
        near = len(word) < 5 and OSA.distance(word, "off") == 1
        if mended[index - 1] == KEYWORD and len(word) > 1 and (near or word[1:] in {"of", "ff"}):
            mended[index] = "off"
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
    if word in _TABLE["slips"]:
        return str(_TABLE["slips"][word])
    if word in _vocabulary() or word in _LISTS["lookalikes"]:
        return word
    once = _once(word)
    for known in _TABLE["lists"]["short"]:
        swapped = len(word) > 3 and word[0] == known[0] and sorted(word) == sorted(known)
        if once == _once(known) or (swapped and OSA.distance(word, known) == 1):
            return str(known)
    if len(word) < 5:
        return word
    near = process.extract_iter(word, _vocabulary(), scorer=OSA.distance, score_cutoff=2)
    # Of words equally near the one that differs by a double letter is meant: «alerta» is no «aperta»
    meant = [
        (slips, OSA.distance(once, _once(known)), -len(known), place, known)
        for known, slips, place in near
        if slips <= _slips(word, known)
    ]
    best = min(meant)[-1] if meant else word
    return str(_TABLE["slips"].get(best, best))


def _slips(word: str, known: str) -> int:
    """Two slips only in long words and where the first letter holds: «descrizione» is not «iscrizione»."""
    if word[0] == known[0]:
        return 2 if min(len(word), len(known)) >= 9 else 1
    return 1 if word == known[1:] or len(known) >= 9 else 0


@lru_cache(maxsize=10_000)
def _once(word: str) -> str:
    return _DOUBLE.sub(r"\1", word)


def _keyword(words: list[str], bare: list[str], topics: Topics, *, is_question: bool) -> Intent | None:
    """ISCRIZIONE ON and ISCRIZIONE OFF, at the start or inside a sentence."""
    found = re.search(rf"(?:^|.*? ){KEYWORD} (on|off)\b(?! line)", " ".join(bare))
    if not found:  # «iscrizione in», «iscrizione om» are asked back; «iscrizione no» is no slip of ON
        near = any(len(word) < 4 and OSA.distance(_once(word), "on") <= 1 for word in bare[1:])
        is_slip = bare[0] == KEYWORD and len(bare) < 4 and bare[1:] != ["no"] and "line" not in bare
        return "ask_on" if near and is_slip else None
    before, after = bare[: len(found[0].split()) - 2], bare[len(found[0].split()) :]
    if {"on", "off"} <= set(bare):
        return "ask_off" if len(bare) < SHORT else "ask_on"
    if found[1] == "off":
        names = frozenset(map(normalise, chain(*topics.values())))
        doubt = (_LISTS["hesitations"] - _LISTS["said"]) & set(before) or _LISTS["before"] & set(before[-2:])
        limits = (_LISTS["limits"] | names) & {*before, *after}
        return "ask_off" if (is_question and len(bare) > 2) or doubt or limits else "off"
    return "on" if not is_question and _joins(words, topics) else "ask_on"


def _joins(words: list[str], topics: Topics) -> bool:
    """Is the ON meant? Beside it may stand a name, a poster's code, a reason: nothing that asks, tells, says
    no or perhaps, is about somebody else, a topic or another enrolment."""
    stops = frozenset().union(*(_LISTS[name] for name in _NO_ON))
    first = words.index(KEYWORD)
    named = {normalise(name) for name in chain(*topics.values())}
    return (
        words[first + 1 : first + 2] == ["on"]
        and len(words) <= LONGEST_ON
        and not stops & set(words)
        and words[first - 1 : first] not in _NOT_BEFORE_ON
        and not named & {*words[first + 2 : first + 3], " ".join(words[first + 2 : first + 4])}
    )


def _topic(words: list[str], topics: Topics, *, is_question: bool) -> Recognition | None:
    """«ALLERTA ON», «non voglio più avvisi sulla viabilità»: nothing else beside the topic's words."""
    told = re.sub(r"(?<=[a-z]{4})(off|on)$", r" \1", " ".join(words))  # «eventioff»
    if (found := _switched(told, topics)) and not is_question and not _LISTS["hesitations"] & set(words):
        return found
    said = set(told.split())
    if {"on", "off"} <= said or (is_question and not said & {"on", "off"}) or f"{KEYWORD} on" in told:
        return None
    leaves, joins = said & _LISTS["topic_off"], said & _LISTS["topic_on"]
    wanted = _subject(told)
    for slug, names in topics.items() if leaves or joins else ():
        known = [_subject(normalise(name)) for name in names]
        if any(
            name and OSA.distance(wanted, name) <= (2 if len(name) >= 12 else len(name) >= 6)
            for name in chain(known, map(" ".join, permutations(known, 2)))
        ):
            return Recognition("topic_off" if leaves else "topic_on", slug)
    return None


def _switched(told: str, topics: Topics) -> Recognition | None:
    """«EVENTI OFF perché …»: the topic's own keyword at the beginning says enough."""
    for slug, names in topics.items():
        for name in map(normalise, names):
            rest = told.removeprefix(f"{name} ")
            if rest != told and (switch := re.match(r"(on|off)(?: |$)(?!line|road)", rest)):
                return Recognition("topic_off" if switch[1] == "off" else "topic_on", slug)
    return None


@lru_cache(maxsize=1_000)
def _subject(told: str) -> str:
    """What remains without the words of wishing."""
    others = _LISTS["topic_off"] | _LISTS["topic_on"] | _LISTS["topic_fillers"]
    return " ".join(word for word in told.split() if word not in others)


def _bare(words: list[str]) -> list[str]:
    """The words without courtesies, and without what people say out of anger."""
    return _without(_compiled(*_FILLERS).sub("", " ".join(words) + " ").split(), _LISTS["courtesies"])


def _without(words: list[str], around: frozenset[str]) -> list[str]:
    """The words without these at either end."""
    kept = [index for index, word in enumerate(words) if word not in around]
    return words[kept[0] : kept[-1] + 1] if kept else []


# --- The table's patterns, as its head explains them -----------------------------------------------------


@cache
def _rules(part: str) -> list[tuple[Intent, re.Pattern[str]]]:
    """The patterns with their intents, in the table's order."""
    return [(rule["intent"], _compiled(phrase)) for rule in _TABLE[part] for phrase in rule["phrases"]]


@cache
def _compiled(*phrases: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\S)(?:" + "|".join(map(_regex, phrases)) + ")")


def _regex(phrase: str) -> str:
    return "".join(map(_part, re.findall(r"\[[^\]]*\]|\S+", phrase)))


def _part(part: str) -> str:
    if part == "..":
        return r"(?:\S+ ){0,3}"
    if part[0] in "[!":
        return f"(?:{_regex(part[1:-1])})?" if part[0] == "[" else f"(?!{_part(part[1:])})"
    if "|" in part:
        return "(?:" + "|".join(map(_part, part.split("|"))) + ")"
    if part[0] == "{":
        return "(?:" + "|".join(map(_regex, sorted(_LISTS[part[1:-1]]))) + ")"
    return re.escape(part.removesuffix("*")) + (r"\S* " if part.endswith("*") else " ")


@cache
def _vocabulary() -> list[str]:
    """The long words of the patterns: whose slips are mended; in the table's order, which breaks ties."""
    phrases = [phrase for rule in _TABLE["alone"] + _TABLE["anywhere"] for phrase in rule["phrases"]]
    used = set(re.findall(r"\{(\w+)\}", " ".join(chain(phrases, *_LISTS.values()))))
    lists = chain.from_iterable(words for name, words in _TABLE["lists"].items() if name in used)
    words = re.findall(r"(?<!\{)\b[a-z]+\b(?![*}])", " ".join([*phrases, *lists]))
    topics = " ".join(chain(*DEFAULT_TOPICS.values())).split()
    return list(dict.fromkeys(w for w in [KEYWORD, *words, *topics, *_TABLE["slips"]] if len(w) >= 6))
