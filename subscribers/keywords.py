"""What a citizen's message asks of the subscription: pure, opposite strictness for in and out (FEATURES 1-3).

OFF is tolerant, because a missed one is a violation; ON is strict, because a false one is consent nobody
gave; what only looks like either is asked back. The rules are a table, `data/phrases.toml`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, permutations

from rapidfuzz.distance import OSA

from subscribers.phrases import (
    CHINESE_SURNAMES,
    KEYWORD,
    LISTS,
    NAMES,
    Intent,
    Topics,
    any_of,
    foreign_rules,
    known_words,
    once,
    read,
    rules,
)
from subscribers.phrases import DEFAULT_TOPICS as DEFAULT_TOPICS
from subscribers.phrases import normalise as normalise

# Of a long message only both ends are read, and of a story an OFF is asked back: characters, sentences.
HEAD, TAIL, STORY, SENTENCES = 400, 100, 1000, 12
_SENTENCE = re.compile(r"[^.!?;:\n]+[.!?;:\n]*")
_CLEAR = {"off", "topic_on", "topic_off"}
_DOUBTS = (
    "hesitations", "limits", "after", "not_names", "elsewhere", "topic_off", "conditions",
    "second_thoughts", "writes", "removes", "give_up", "enough",
)  # fmt: skip
_LINE = re.compile(r"[.!\n]++\s*+")
_SWITCH = re.compile(rf"(?<!\S){KEYWORD} (on|off)\b(?! line)")
_WORD = re.compile(r"\w+")
# «eventioff»
_GLUED_SWITCH = re.compile(r"(?<=[a-z]{4})(off|on)$")
_CLAUSE = re.compile(r"[^.!?;:,()\n]+[.!?;:,()\n]*")


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
    words = read(ends)
    meant = _meant(ends, words, topics)
    told = len(text) > STORY and words[:1] != [KEYWORD]
    return Recognition("ask_off") if told and meant.intent == "off" else meant


def _meant(text: str, words: list[str], topics: Topics) -> Recognition:
    """The message as a whole; where that leaves a doubt, a sentence of it which leaves none.

    «Che vergogna! Cancellatemi dalla lista!»: but a bare «Stop.» or «Basta!» before a report means nothing.
    """
    polite = bool(LISTS["please"] & set(words))
    whole = _recognise(text, words, topics, polite=polite)
    if whole.intent not in {"ask_off", "other"} or {"on", "off"} <= set(words):
        return whole
    certain = not LISTS["conditions"] & set(words)
    found, clear = set(), []
    for sentence in (_CLAUSE if certain else _SENTENCE).findall(text)[-SENTENCES:]:
        if _bare(said := read(sentence)):
            meant = _recognise(sentence, said, topics, polite=polite)
            found.add(meant.intent)
            if meant.intent == "status" or (meant.intent in _CLEAR and (polite or "?" not in sentence)):
                clear.append((meant, said))
    if len({meant for meant, _ in clear if meant.topic}) > 1 and clear[0][0].intent != "topic_off":
        return whole  # but «non mandatemi gli eventi, solo le allerte» leaves one
    for meant, said in clear:
        wished = _wish(_bare(said), topics, polite=polite) == "off" or LISTS["messages"] & set(words)
        strong = meant.intent != "off" or KEYWORD in said or wished
        doubts = LISTS["instructing" if meant.topic else "second_thoughts"]
        if found <= {"off", "ask_off"} or (strong and not doubts & set(words)):
            return meant
    hinted = found - {"other", "help"} == {"ask_off"} and not LISTS["never"] & set(words)
    return Recognition("ask_off") if whole.intent == "other" and hinted else whole


def _recognise(text: str, words: list[str], topics: Topics, *, polite: bool) -> Recognition:
    """What these words ask, all of them together."""
    bare = _bare(words)
    asks = "?" in text
    if not bare:
        return Recognition("help" if asks and not text.strip("?! ") else "other")
    if topic := _topic(bare, topics, is_question=asks and not polite):
        return topic
    if intent := _keyword(text, words, bare, topics, is_question=asks):
        return Recognition(intent)
    phrase = " ".join(bare) + " "
    alone = [intent for intent, pattern in rules("alone") if pattern.fullmatch(phrase)]
    intent = alone[0] if alone else _wish(bare, topics, polite=polite)
    if intent == "other":
        intent = _abroad(normalise(text), asks=asks and not polite)
    if intent == "other" and set(bare) <= known_words() and any_of("hints").search(phrase):
        intent = "ask_off"
    return Recognition(intent)


def _abroad(said: str, *, asks: bool) -> Intent:
    """The wish in another language."""
    for intent, pattern in foreign_rules():
        if pattern.search(said):
            asks = asks or any_of("foreign_questions").search(said + " ") is not None
            return "ask_off" if asks and intent == "off" else intent
    return "other"


def _wish(bare: list[str], topics: Topics, *, polite: bool) -> Intent:
    """The first wish of the table found in the words; a wish to leave with doubt beside it is asked back."""
    phrase = " ".join(bare) + " "
    doubted = False
    for intent, pattern in rules("anywhere"):
        if (doubted and intent != "off") or not (found := pattern.search(phrase)):
            continue
        before, after = phrase[: found.start()].split(), phrase[found.end() :].split()
        told = intent == "ask_on" and LISTS["messages"] & set(found[0].split())
        if LISTS["elsewhere"] & set(after[:4]) and not told:
            return "other"  # «iscrivermi al corso», «cancellarmi dalla mensa»: for the offices
        asked = not polite and LISTS["can"] & set(bare)  # «potete cancellarmi?»
        # «Toglietemi» is told by whom it concerns, and the dead have no say
        own = bool(any_of("own").search(found[0]) or LISTS["dead"] & set(before))
        if intent == "ask_on" and LISTS["never"] & set(before[-3:]):
            return "ask_off"
        if intent != "off" or not (asked or _doubtful(before, after, topics, own=own)):
            return intent
        doubted = True
    return "ask_off" if doubted else "other"


def _doubtful(before: list[str], after: list[str], topics: Topics, *, own: bool = False) -> bool:
    """A question, a condition, something told, somebody else's wish, or only some of the messages."""
    names = frozenset(map(normalise, chain(*topics.values())))
    return bool(
        {*([] if own else before), *_until_reason(after)} & (LISTS["hesitations"] | LISTS["limits"] | names)
        or set(before) & LISTS["conditions"]
        or LISTS["before"] & set(before[-1 if own else -2 :])
        or LISTS["after"] & set(after)
    )


def _until_reason(words: list[str]) -> list[str]:
    return words[: next((index for index, word in enumerate(words) if word in LISTS["reasons"]), len(words))]


def _keyword(
    text: str, words: list[str], bare: list[str], topics: Topics, *, is_question: bool
) -> Intent | None:
    """ISCRIZIONE ON and ISCRIZIONE OFF, at the start or inside a sentence."""
    phrase = " ".join(bare)
    found = _SWITCH.search(phrase)
    if not found:  # «iscrizione in», «iscrizione om» are asked back; «iscrizione no» is no slip of ON
        near = any(len(word) < 4 and OSA.distance(once(word), "on") <= 1 for word in bare[1:])
        is_slip = bare[0] == KEYWORD and len(bare) < 4 and bare[1:] != ["no"] and "line" not in bare
        named = bare[0] == KEYWORD and len(bare) > 1 and _joins(text, [], words[words.index(KEYWORD) + 1 :])
        return "ask_on" if (near and is_slip) or named else None
    before, after = phrase[: found.start()].split(), phrase[found.end() :].split()
    if {"on", "off"} <= set(bare):
        return "ask_on" if LISTS["instructing"] & set(bare) else "ask_off"
    if found[1] == "off":
        told = is_question and len(bare) > 2
        if not before and not told:  # «iscrizione off, ci ho provato ieri ma continuate a scrivere»
            limits = (LISTS["conditions"] | LISTS["limits"]) & set(_until_reason(after))
            return "ask_off" if limits else "off"
        return "ask_off" if told or _doubtful(before, after, topics) else "off"
    if any_of("removes").search(" ".join(after) + " "):
        return "ask_off"  # «ho scritto iscrizione on per sbaglio, annullatela»
    return "ask_on" if is_question or not _is_on(text, words, topics) else "on"


def _is_on(text: str, words: list[str], topics: Topics) -> bool:
    """ISCRIZIONE ON with nothing beside it that could take it back, or in a line before words of praise."""
    first = words.index(KEYWORD) if KEYWORD in words else len(words)
    if words[first + 1 : first + 2] != ["on"]:
        return False
    if _joins(text, words[:first], words[first + 2 :]):
        return True
    line, *more = _LINE.split(text.strip(), maxsplit=1)
    praise = read(more[0]) if more else []
    return (
        bool(LISTS["praise"] & set(praise))
        and not _meaning(set(praise) - LISTS["harmless"])
        and _recognise(more[0], praise, topics, polite=False).intent == "other"
        and _is_on(line, read(line), topics)
    )


def _joins(text: str, before: list[str], after: list[str]) -> bool:
    """Greetings, who writes, where, a poster's code: all that may stand beside an ON.

    A name is known by its first name, at either end, or by a title and its capitals: any other word could
    turn the ON into a question, a condition, somebody else's wish.
    """
    told = _left("before_on", before, LISTS["greetings"])
    if told and not (told[0] in LISTS["i_am"] and _is_name(text, told)):
        return False
    told = _left("after_on", after, LISTS["greetings"] | LISTS["thanks"])
    told = _without(told, LISTS["greetings"] | LISTS["thanks"])
    return all(word.isdecimal() for word in told) or _is_name(text, told)


def _meaning(words: Iterable[str]) -> bool:
    """Whether any of the words could turn an ON into something else."""
    return any(any_of(name).fullmatch(f"{word} ") for name in _DOUBTS for word in words)


def _left(patterns: str, words: list[str], around: frozenset[str]) -> list[str]:
    said = any_of(patterns).sub("", " ".join(words) + " ")
    told = any_of("fillers").sub("", said).split()
    if patterns == "after_on" and told and told[0] not in LISTS["streets"]:
        told = any_of("address").sub("", " ".join(told) + " ").split()
    return _without([word for word in told if word.isalpha() or word.isdecimal()], around)


def _is_name(text: str, words: list[str]) -> bool:
    """At most four words, none of them with a meaning here."""
    others = LISTS["particles"] | LISTS["introductions"]
    names = [word for word in words if word not in others and not word.isdecimal()]
    if not names or len(names) > 4 or _meaning(names):
        return False
    if {names[0], names[-1]} & NAMES or (names[0][0] in CHINESE_SURNAMES and len(names[0]) < 4):
        return True
    capitals = {normalise(word) for word in _WORD.findall(text) if word.istitle() and len(word) > 2}
    return bool(LISTS["titles"] & set(words)) and set(names) <= capitals - known_words()


def _topic(words: list[str], topics: Topics, *, is_question: bool) -> Recognition | None:
    """«ALLERTA ON», «non voglio più avvisi sulla viabilità»: nothing else beside the topic's words."""
    told = _GLUED_SWITCH.sub(r" \1", " ".join(words))
    said = set(told.split())
    if {"on", "off"} <= said or (is_question and not said & {"on", "off"}) or f"{KEYWORD} on" in told:
        return None
    leaves, joins = said & LISTS["topic_off"], said & LISTS["topic_on"]
    told = any_of("the_rest").sub("", told + " ").strip()
    begun = any_of("topic_reasons").split(told + " ")[0]  # «traffico on che ora lavoro a Catania»
    wanted = _subject(begun.strip() if {"on", "off"} & set(begun.split()) else told)
    for slug, names in topics.items() if leaves or joins else ():
        known = [_subject(normalise(name)) for name in names]
        if any(
            name and OSA.distance(wanted, name) <= (2 if len(name) >= 12 else len(name) >= 6)
            for name in chain(known, map(" ".join, permutations(known, 2)))
        ):
            return Recognition("topic_off" if leaves else "topic_on", slug)
    return None


@lru_cache(maxsize=1_000)
def _subject(told: str) -> str:
    """What remains without the words of wishing."""
    others = LISTS["topic_off"] | LISTS["topic_on"] | LISTS["topic_fillers"]
    return " ".join(word for word in told.split() if word not in others)


def _bare(words: list[str]) -> list[str]:
    """The words without courtesies, and without what people say out of anger."""
    return _without(any_of("fillers").sub("", " ".join(words) + " ").split(), LISTS["courtesies"])


def _without(words: list[str], around: frozenset[str]) -> list[str]:
    """The words without these at either end."""
    kept = [index for index, word in enumerate(words) if word not in around]
    return words[kept[0] : kept[-1] + 1] if kept else []
