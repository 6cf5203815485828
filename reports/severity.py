"""How serious a report is and what it is about, from its words. Pure: no Django, no database.

Rules find dangers and name them (`data/vocabulary.toml`); a model learnt from examples (`learning`) sees the
words and what the rules found, and decides. The staff see every reason. Danger is looked for widely, because
a missed one costs more than a false one; what is denied, past, imagined, or only said in a figure does not
count.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from reports import learning
from reports import vocabulary as words
from reports.vocabulary import LENGTH_LIMIT, Rule

ROUTINE, NUISANCE, SERIOUS, DANGER = 1, 2, 3, 4
OTHER = "altro"
REASONS_LIMIT = 5
# Room for who is concerned and whether the road is blocked.
DANGERS_LIMIT = 3
WORDS_LIMIT = 3
# Of a danger that only the model sees: the middle.
UNNAMED_WEIGHT = 6
# From here on it is danger: below 0, because a missed one costs more than a false one (`learn_reports` prints
# what other thresholds would miss and page).
THRESHOLD = -0.2
# Letters of a word in which one slip is mended
SLIPS_FROM = 6
_LONG_SPELLINGS = [right for right in words.SPELLINGS if len(right) >= SLIPS_FROM]
# Words before a danger word that may deny or date it.
WINDOW = 14
_WORD = re.compile(r"\w+")
_STOPS, _PAUSES, _SIGNS = re.compile(r"[.;!?\n]+"), re.compile(r"[,:()]+"), re.compile(r"[^a-z0-9.,]+")
_TURN = re.compile(r"(?<!\S)(?:\.|ma|pero|invece) ")
_LIKE = re.compile(r"\bcome (?:\w+ )?$")


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


@dataclass(frozen=True)
class _Reading:
    """What the rules find in a text, and the sentences left for the model.

    Left out are those denied or past, so that they hide no true danger beside them; if nothing else is left,
    all stay, and are `untrue`.
    """

    dangers: list[Rule]
    possible: list[Rule]
    serious: list[Rule]
    nuisance: list[Rule]
    vulnerable: list[Rule]
    sentences: list[str]
    untrue: bool


def assess(text: str) -> Assessment:
    """Level, category and reasons of a report's text. Any text has an answer; an empty one is routine.

    Of a long text the first `LENGTH_LIMIT` characters count.
    """
    return _assess(text[:LENGTH_LIMIT])


@lru_cache(maxsize=512)  # a case is assessed again with each piece it gains
def _assess(text: str) -> Assessment:
    read = _read(text)
    if not read.sentences:
        return Assessment(ROUTINE, OTHER, (), 0, False, False)
    weights = learning.load()[1]
    scores = learning.scores(_vector(read), weights)
    blocked = [rule for rule in read.serious if rule.blocked]
    reasons = [rule.reason for rule in read.dangers[:DANGERS_LIMIT]]
    weight = 0
    if scores.get(learning.DANGER, 0) >= THRESHOLD:
        level = DANGER
        weight = max((rule.weight for rule in read.dangers), default=UNNAMED_WEIGHT)
        reasons = reasons or _weightiest(text, read)
        reasons += [rule.reason for rule in blocked + read.vulnerable]
    else:
        level = next((n for n in (SERIOUS, NUISANCE) if scores.get(learning.LEVELS[n], 0) > 0), ROUTINE)
        level = max(level, SERIOUS) if read.possible or read.dangers else level
        reasons = [f"{reason}, come possibilità" for reason in reasons + [r.reason for r in read.possible]]
        reasons += [rule.reason for rule in read.serious + read.vulnerable + read.nuisance]
    reasons = reasons[:REASONS_LIMIT]
    return Assessment(
        level, learning.category(scores), tuple(reasons), weight, bool(read.vulnerable), bool(blocked)
    )


def vector(text: str) -> learning.Vector:
    """What the model sees of a text."""
    return _vector(_read(text))


def _read(text: str) -> _Reading:
    sentences = [_without_figures(sentence) for sentence in _sentences(plain(text))]
    dangers, possible, clean, meant = _find_dangers(sentences)
    serious, nuisance, vulnerable = (
        _found(clean, rules) for rules in (words.SERIOUS, words.NUISANCE, words.VULNERABLE)
    )
    return _Reading(dangers, possible, serious, nuisance, vulnerable, meant or sentences, not meant)


def _vector(read: _Reading) -> learning.Vector:
    found = {f"!{rule.reason}" for rule in read.dangers}
    found |= {f"?{rule.reason}" for rule in read.possible}
    found |= {f"+{rule.reason}" for rule in read.serious + read.nuisance + read.vulnerable}
    found |= {"!"} if read.dangers else {"-"} if read.untrue else set()
    return learning.vector(read.sentences, found)


def _weightiest(text: str, read: _Reading) -> list[str]:
    """Why the model alone sees danger, in the citizen's own words."""
    written = {plain(word).strip(): word for word in _WORD.findall(text.lower())}
    heard = {word for sentence in read.sentences for word in sentence.split() if word in written}
    found = learning.weightiest(heard, learning.DANGER, learning.load()[1])[:WORDS_LIMIT]
    return [f"parole che fanno pensare a un pericolo: {', '.join(written[word] for word in found)}"]


# --- The text, as it was meant ---


def plain(text: str) -> str:
    """Letters only (`vocabulary.letters`), slips mended; `,` and `.` are words of their own."""
    text = _STOPS.sub(" . ", words.letters(text))
    text = _PAUSES.sub(" , ", text)
    found = _SIGNS.sub(" ", text).split()
    return " ".join(_spelt(words.SHORT.get(word, word)) for word in found) + " "


@lru_cache(maxsize=4096)
def _spelt(word: str) -> str:
    """The word, or the important one it misspells by one letter or writes as a Sicilian says it."""
    if len(word) < 4 or word in words.LOOKALIKES or word in words.SPELLINGS:
        return word
    for right in _by_sound().get(_sound(word), ()):
        # The ending only changes number or gender: that is no mistake.
        if word[:-1] != right[:-1]:
            return right
    if len(word) < SLIPS_FROM:
        return word
    near = process.extract_iter(word, _LONG_SPELLINGS, scorer=OSA.distance, score_cutoff=1)
    for right, _slips, _place in near:
        return word if word[:-1] == right[:-1] else right
    return word


@cache
def _by_sound() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for right in words.SPELLINGS:
        found.setdefault(_sound(right), []).append(right)
    return found


@lru_cache(maxsize=4096)
def _sound(word: str) -> str:
    return word.replace("nd", "n").replace("uo", "o").replace("k", "c").translate(_VOWELS)


_VOWELS = str.maketrans("eoj", "iui")


def _sentences(text: str) -> Iterator[str]:
    """What one denial or one date covers: up to a full stop or a «ma». Greetings are left out."""
    for part in _TURN.split(text):
        if sentence := words.GREETINGS.sub("", part).strip(" ,"):
            yield sentence + " "


def _without_figures(sentence: str) -> str:
    for rule in words.FIGURES:
        sentence = rule.pattern.sub(rule.means, sentence)
    return sentence


# --- Dangers ---


def _find_dangers(sentences: list[str]) -> tuple[list[Rule], list[Rule], str, list[str]]:
    """Dangers of now, the greatest first, and possible ones; the text of now, and its sentences of now."""
    dangers: set[Rule] = set()
    possible: set[Rule] = set()
    texts, meant = [], []
    alarm_was_false = any("falsoalarme" in sentence for sentence in sentences)
    for sentence in sentences:
        now = words.NOW.search(sentence)
        over = _is_over(sentence) or (alarm_was_false and not now)
        habit = words.HABIT.search(sentence) and not now
        untrue, imagined, true = [], [], False
        for rule in words.DANGERS:
            for match in rule.pattern.finditer(sentence):
                before, after = _last_words(sentence[: match.start()]), sentence[match.end() :]
                if _denied(before) or _ended(before, after) or _past(before, after, over):
                    untrue.append(match.span())
                elif _imagined(before) or (rule.certain and (habit or _possible(before))):
                    possible.add(rule)
                    imagined.append(match.span())
                else:
                    dangers.add(rule)
                    true = True
                    break
        texts.append(_cut(sentence, untrue + imagined))
        if true or not untrue:
            meant.append(sentence)
    order = words.DANGERS.index
    ranked = sorted(dangers, key=lambda rule: (-rule.weight, order(rule)))
    return ranked, sorted(possible - dangers, key=order), ". ".join(texts), meant


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
    if words.LONG_AGO.match(after) and not _LIKE.search(before):
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
