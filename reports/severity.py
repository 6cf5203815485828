"""How serious a report is and what it is about, from its words. Pure: no Django, no database.

Rules, not a model: the staff see every reason, and every word can be corrected (`data/vocabulary.toml`).
Danger is looked for widely, because a missed one costs more than a false one; what is denied, past, imagined,
or only said in a figure does not count.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from reports import vocabulary as words
from reports.vocabulary import Rule

ROUTINE, NUISANCE, SERIOUS, DANGER = 1, 2, 3, 4
OTHER = "altro"
# A longer text adds words, not dangers; this bounds the work on 4,096 characters of anything.
LENGTH_LIMIT = 4096
REASONS_LIMIT = 5
# Room for who is concerned and whether the road is blocked.
DANGERS_LIMIT = 3
# What the danger is weighs as much as the thing it happens to.
DANGER_WEIGHT = 7
# Words before and after a danger word that may deny or date it.
WINDOW = 14


@dataclass(frozen=True)
class Assessment:
    """What a text says of its own urgency.

    Attributes:
        level: 1 routine, 2 nuisance, 3 serious, 4 danger to people now.
        category: slug of a `ReportCategory`.
        reasons: in Italian, the weightiest first («parla di gas»).
        weight: of the greatest danger found, 1-9 (9: people hurt); 0 without danger.
        vulnerable: concerns children, a school, elderly, ill or disabled people.
        blocked: a road cannot be passed.
    """

    level: int
    category: str
    reasons: tuple[str, ...]
    weight: int
    vulnerable: bool
    blocked: bool


@lru_cache(maxsize=512)  # a case is assessed anew with each piece it gains
def assess(text: str) -> Assessment:
    """Level, category and reasons of a report's text. Any text has an answer; an empty one is routine."""
    sentences = [_without_figures(sentence) for sentence in _sentences(plain(text[:LENGTH_LIMIT]))]
    dangers, possible, clean, told = _find_dangers(sentences)
    serious, nuisance = _found(clean, words.SERIOUS), _found(clean, words.NUISANCE)
    vulnerable = _found(clean, words.VULNERABLE)
    blocked = [rule for rule in serious if rule.blocked]
    if dangers:
        level = DANGER
        reasons = [rule.reason for rule in dangers[:DANGERS_LIMIT] + blocked + vulnerable]
    else:
        level = SERIOUS if possible or serious else NUISANCE if nuisance else ROUTINE
        level += bool(vulnerable) and level < SERIOUS
        reasons = [f"{rule.reason}, come possibilità" for rule in possible]
        reasons += [rule.reason for rule in serious + vulnerable + nuisance]
    return Assessment(
        level,
        _category(clean, dangers) or _category(told, possible) or OTHER,
        tuple(reasons[:REASONS_LIMIT]),
        max((rule.weight for rule in dangers), default=0),
        bool(vulnerable),
        bool(blocked),
    )


# --- The text, as it was meant ---


def plain(text: str) -> str:
    """Letters only (`vocabulary.letters`), slips mended; `,` and `.` are words of their own."""
    text = re.sub(r"[.;!?\n]+", " . ", words.letters(text))
    text = re.sub(r"[,:()]+", " , ", text)
    found = re.sub(r"[^a-z0-9.,]+", " ", text).split()
    return " ".join(_spelt(words.SHORT.get(word, word)) for word in found) + " "


@lru_cache(maxsize=4096)
def _spelt(word: str) -> str:
    """The word, or the important one it misspells by one letter or writes as a Sicilian says it."""
    if len(word) < 4 or word in words.LOOKALIKES or word in words.SPELLINGS:
        return word
    for right in words.SPELLINGS:
        # The ending only changes number or gender: that is no mistake.
        if word[:-1] != right[:-1] and _sound(word) == _sound(right):
            return right
    for right in words.SPELLINGS:
        if len(word) >= 6 and len(right) >= 6 and OSA.distance(word, right, score_cutoff=1) == 1:
            return word if word[:-1] == right[:-1] else right
    return word


@lru_cache(maxsize=4096)
def _sound(word: str) -> str:
    return word.replace("nd", "n").replace("uo", "o").replace("k", "c").translate(_VOWELS)


_VOWELS = str.maketrans("eoj", "iui")


def _sentences(text: str) -> Iterator[str]:
    """What one denial or one date covers: up to a full stop or a «ma». Greetings are left out."""
    for part in re.split(r"(?<!\S)(?:\.|ma|pero|invece) ", text):
        if sentence := words.GREETINGS.sub("", part).strip(" ,"):
            yield sentence + " "


def _without_figures(sentence: str) -> str:
    for rule in words.FIGURES:
        sentence = rule.pattern.sub(rule.means, sentence)
    return sentence


# --- Dangers ---


def _find_dangers(sentences: list[str]) -> tuple[list[Rule], list[Rule], str, str]:
    """Dangers of now, the greatest first, and possible ones; the text of now, and all but what is denied."""
    dangers: set[Rule] = set()
    possible: set[Rule] = set()
    texts = []
    alarm_was_false = any("falsoalarme" in sentence for sentence in sentences)
    for sentence in sentences:
        now = words.NOW.search(sentence)
        over = _is_over(sentence) or (alarm_was_false and not now)
        habit = words.HABIT.search(sentence) and not now
        denied, unmeant = [], []
        for rule in words.DANGERS:
            for match in rule.pattern.finditer(sentence):
                before, after = _last_words(sentence[: match.start()]), sentence[match.end() :]
                if _denied(before):
                    denied.append(match.span())
                elif _ended(before, after) or _past(before, after, over):
                    unmeant.append(match.span())
                elif _imagined(before) or (rule.certain and (habit or _possible(before))):
                    possible.add(rule)
                    unmeant.append(match.span())
                else:
                    dangers.add(rule)
                    break
        texts.append((_cut(sentence, denied + unmeant), _cut(sentence, denied)))
    order = words.DANGERS.index
    ranked = sorted(dangers, key=lambda rule: (-rule.weight, order(rule)))
    meant, told = map(". ".join, zip(*texts, strict=True)) if texts else ("", "")
    return ranked, sorted(possible - dangers, key=order), meant, told


def _last_words(text: str) -> str:
    return "".join(f"{word} " for word in text[-20 * WINDOW :].split()[-WINDOW:])


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> str:
    kept = list(text)
    for start, end in spans:
        kept[start:end] = [""] * (end - start)
    return "".join(kept)


def _denied(before: str) -> bool:
    return bool(words.DENIED.search(before)) and not words.HOLDS.search(before)


def _ended(before: str, after: str) -> bool:
    return bool(words.ENDED.match(after)) and not words.HOLDS.search(before)


def _is_over(sentence: str) -> bool:
    """Is all of it of long ago, or of yesterday and done with?"""
    dated = any(
        not words.OF.search(_last_words(sentence[: m.start()])) for m in words.PAST.finditer(sentence)
    )
    recent = words.YESTERDAY.search(sentence)
    if (dated or recent) and words.SETTLED.search(sentence):
        return True
    return (dated or bool(recent and words.WAS.search(sentence))) and not words.NOW.search(sentence)


def _past(before: str, after: str, over: bool) -> bool:
    if words.LONG_AGO.match(after) and not re.search(r"\bcome (?:\w+ )?$", before):
        return True
    return over and not words.PRESENT.search(before)


def _imagined(before: str) -> bool:
    return bool(words.IMAGINED.search(before)) and not words.UNCERTAIN.search(before)


def _possible(before: str) -> bool:
    return bool(words.POSSIBLE.search(before)) and not words.PRESENT.search(before)


# --- What else it says ---


def _found(text: str, rules: tuple[Rule, ...]) -> list[Rule]:
    """The rules found at least once without a denial before them."""
    return [
        rule
        for rule in rules
        if any(not _denied(_last_words(text[: m.start()])) for m in rule.pattern.finditer(text))
    ]


def _category(text: str, dangers: list[Rule]) -> str:
    """The topic with the most weight; among equals the one named first; empty if none is."""
    weights: dict[str, int] = {}
    first: dict[str, int] = {}
    for rule in words.TOPICS:
        found = {match[0]: match.start() for match in rule.pattern.finditer(text)}
        if found:
            weights[rule.kind] = weights.get(rule.kind, 0) + rule.weight + min(len(found) - 1, 2)
            first[rule.kind] = min(first.get(rule.kind, len(text)), *found.values())
    for danger in dangers:
        if danger.kind:
            weights[danger.kind] = weights.get(danger.kind, 0) + DANGER_WEIGHT
            first.setdefault(danger.kind, len(text))
    return max(weights, key=lambda slug: (weights[slug], -first[slug]), default="")
