"""How serious a report is and what it is about, from its words. Pure: no Django, no database.

Rules, not a model: the staff see every reason and can correct every word (`vocabulary`). Danger is looked for
widely, because a missed one costs more than a false one; what is denied, past, or only said in a figure
does not count.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from reports import vocabulary
from reports.vocabulary import Danger

ROUTINE, NUISANCE, SERIOUS, DANGER = 1, 2, 3, 4
OTHER = "altro"
# A longer text adds words, not dangers; this bounds the work on 4,096 characters of anything.
LENGTH_LIMIT = 4096
REASONS_LIMIT = 5
# What the danger is weighs as much as the thing it happens to.
DANGER_WEIGHT = 6

# Words so important that one wrong letter must not hide them; shorter ones would meet their neighbours.
_SPELLINGS = [
    "incendio",
    "incendi",
    "fiamme",
    "esplosione",
    "esploso",
    "scoppiato",
    "crollato",
    "crollata",
    "crollo",
    "crolla",
    "pericolante",
    "allagato",
    "allagata",
    "allagamento",
    "allagati",
    "voragine",
    "frana",
    "ferito",
    "feriti",
    "scoperti",
    "scoperto",
    "elettrici",
    "incidente",
    "ambulanza",
    "pompieri",
    "lampione",
    "lampioni",
    "spazzatura",
    "cassonetto",
    "cassonetti",
    "rifiuti",
    "marciapiede",
    "randagio",
    "randagi",
    "fognatura",
    "semaforo",
    "cartello",
    "tombino",
    "sterpaglie",
    "discarica",
    "cornicione",
    "asfalto",
    "illuminazione",
    "immondizia",
    "segnaletica",
]
_SHORT_FORMS = {
    "nn": "non", "x": "per", "xke": "perche", "xche": "perche", "ke": "che", "cmq": "comunque",
    "qlc": "qualcuno", "ce": "c e",
}  # fmt: skip


@dataclass(frozen=True)
class Assessment:
    """What a text says of its own urgency.

    Attributes:
        level: 1 routine, 2 nuisance, 3 serious, 4 danger to people now.
        category: slug of a `ReportCategory`.
        reasons: in Italian, the weightiest first («parla di gas»).
    """

    level: int
    category: str
    reasons: tuple[str, ...]
    weight: int = 0
    vulnerable: bool = False
    blocked: bool = False


@lru_cache(maxsize=512)  # a case is assessed anew with each piece it gains
def assess(text: str) -> Assessment:
    """Level, category and reasons of a report's text. Any text has an answer; an empty one is routine."""
    clean = _without_figures(plain(text[:LENGTH_LIMIT]))
    dangers, possible, clean = _find_dangers(clean)
    level, reasons = _level(clean, dangers, possible)
    return Assessment(level, _category(clean, dangers, possible), tuple(reasons[:REASONS_LIMIT]))


def plain(text: str) -> str:
    """Small letters without accents or doubled letters; `,` and `.` stay as words of their own."""
    text = unicodedata.normalize("NFKD", text.lower().replace("c'è", "c e").replace("c’è", "c e"))
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"[.;!?\n]+", " . ", text)
    text = re.sub(r"[,:()]+", " , ", text)
    words = re.sub(r"[^a-z0-9.,]+", " ", text).split()
    return " ".join(_spelt(_single(_SHORT_FORMS.get(word, word))) for word in words)


def _single(text: str) -> str:
    return re.sub(r"([a-z])\1+", r"\1", text)


@lru_cache(maxsize=4096)
def _spelt(word: str) -> str:
    """The word, or the important one it misspells by one letter."""
    if len(word) < 6:
        return word
    for right in _RIGHT:
        if abs(len(right) - len(word)) <= 1 and OSA.distance(word, right, score_cutoff=1) == 1:
            # The ending only changes number or gender: that is no mistake.
            return word if word[:-1] == right[:-1] else right
    return word


_RIGHT = tuple(word for word in map(_single, _SPELLINGS) if len(word) >= 6)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_single(pattern)})\b")


def _without_figures(text: str) -> str:
    for pattern, meant in vocabulary.FIGURES:
        text = _compiled(pattern).sub(_single(meant), text)
    return text


def _find_dangers(text: str) -> tuple[list[Danger], list[Danger], str]:
    """Dangers of now, those only possible, and the text without the latter and what is denied or past."""
    dangers: list[Danger] = []
    possible: list[Danger] = []
    sentences = []
    for sentence in _sentences(text):
        meant = sentence
        for danger in vocabulary.DANGERS:
            for match in _compiled(danger.pattern).finditer(sentence):
                before, after = sentence[: match.start()], sentence[match.end() :]
                if "falsoalarme" in text or _denied(before, after) or _past(before, after, sentence):
                    meant = re.sub(rf"\b{match[0]}\b", "", meant)
                    continue
                if not (danger.certain and _possible(before)):
                    dangers.append(danger)
                    break
                possible.append(danger)
                meant = re.sub(rf"\b{match[0]}\b", "", meant)
        sentences.append(meant)
    return list(dict.fromkeys(dangers)), list(dict.fromkeys(possible)), " . ".join(sentences)


def _sentences(text: str) -> Iterator[str]:
    """What one denial or one date covers: up to a full stop or a «ma»."""
    return (part.strip() for part in re.split(r"\.|\bma\b|\bpero\b|\binvece\b", text) if part.strip())


def _denied(before: str, after: str) -> bool:
    denied = re.search(rf"\b{_DENIALS} (?:{_BETWEEN} )*$|\b(?:spent|domat)\w+ (?:\w+ )?$", before)
    return bool(denied or re.match(rf"\s*{_ENDED}\b", after))


def _past(before: str, after: str, sentence: str) -> bool:
    attached = rf"\s*(?:\w+ ){{0,2}}?(?:(?:del|di|nel|de|d|l|un|du|tre|qualche)\w* )*{_PAST}\b"
    if re.match(attached, after) and not re.search(r"\bcome (?:\w+ )?$", before):
        return True
    if re.search(r"\bdopo (?:l|lo|la|il|i|quel\w*|un\w?) (?:\w+ )?$", before):
        return True
    if re.search(rf"\b{_NOW}\b", sentence):
        return False
    over = re.search(rf"\b{_YESTERDAY}\b", sentence) and re.search(rf"\b{_OVER}\b", sentence)
    return bool(over or re.search(rf"\b{_PAST}\b", sentence))


def _possible(before: str) -> bool:
    return bool(re.search(rf"\b{_POSSIBILITY}(?: \w+){{0,5}} ?$", before))


_DENIALS = _single(vocabulary.DENIALS)
_BETWEEN = _single(vocabulary.BETWEEN)
_ENDED = _single(vocabulary.ENDED)
_PAST = _single(vocabulary.PAST)
_NOW = _single(vocabulary.NOW)
_OVER = _single(vocabulary.OVER)
_YESTERDAY = _single(vocabulary.YESTERDAY)
_POSSIBILITY = _single(vocabulary.POSSIBILITY)


def _level(text: str, dangers: list[Danger], possible: list[Danger]) -> tuple[int, list[str]]:
    if dangers:
        return DANGER, [danger.reason for danger in dangers]
    reasons = [f"{danger.reason}, come possibilità" for danger in possible]
    serious = _reasons(text, vocabulary.SERIOUS)
    nuisance = _reasons(text, vocabulary.NUISANCE)
    level = SERIOUS if possible or serious else NUISANCE if nuisance else ROUTINE
    vulnerable = _reasons(text, vocabulary.VULNERABLE)
    if vulnerable and level < SERIOUS:
        level += 1
    return level, reasons + serious + vulnerable + nuisance


def _reasons(text: str, rules: tuple[tuple[str, str], ...]) -> list[str]:
    """The rules found at least once without a denial before them."""
    return [
        reason
        for reason, pattern in rules
        if any(not _denied(text[: m.start()], "") for m in _compiled(pattern).finditer(text))
    ]


def _category(text: str, dangers: list[Danger], possible: list[Danger]) -> str:
    """The topic with the most weight; among equals the one named first."""
    feared = next((danger.category for danger in possible if danger.category), OTHER)
    weights: dict[str, int] = {}
    first: dict[str, int] = {}
    for slug, rules in vocabulary.TOPICS.items():
        for weight, pattern in rules:
            found = {match[0]: match.start() for match in _compiled(pattern).finditer(text)}
            if found:
                weights[slug] = weights.get(slug, 0) + weight + min(len(found) - 1, 2)
                first[slug] = min(first.get(slug, len(text)), *found.values())
    for danger in dangers:
        if danger.category:
            weights[danger.category] = weights.get(danger.category, 0) + DANGER_WEIGHT
            first.setdefault(danger.category, len(text))
    return max(weights, key=lambda slug: (weights[slug], -first[slug]), default=feared)
