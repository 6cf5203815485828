"""A linear model of what reports mean, learnt from examples (`data/examples.txt`). Pure Python, no database.

One support vector machine for each answer: ten categories, and whether the text is at least a nuisance,
serious, a danger. It sees words, their stems, pairs of stems, pieces of four letters (slips and dialect) and
what the rules found; so each answer can be taken apart into the words that gave it. `learn_reports` trains.
"""

import gzip
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from operator import itemgetter, mul
from pathlib import Path
from random import Random

DATA = Path(__file__).parent / "data"
EXAMPLES, WORDS, WEIGHTS = DATA / "examples.txt", DATA / "vocabulary.toml", DATA / "weights.tsv.gz"
DANGER = "pericolo"
LEVELS = {2: "fastidio", 3: "serio", 4: DANGER}
# Of the lists of examples, those the rules never were mended on: each can be held out to judge.
FAIR = "lista"
STEM, PIECE = 5, 4
# Pieces are many: each counts less than a word.
PIECE_VALUE = 0.6
# A rule's finding beside the words of a text, which together count 1. More would be believed too much: the
# rules were mended on part of the examples.
RULE = 0.08
# Of the training: how hard it tries to fit each example, and how often it goes through all.
HARDNESS, ROUNDS = 1.0, 6
# Weights are kept in hundredths; what says less is left out.
UNIT = 100

Vector = dict[str, float]
Weights = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Example:
    """A labelled text: category's slug, level 1-4, and the list it came from."""

    text: str
    category: str
    level: int
    source: str


def read_examples() -> list[Example]:
    """The examples in the repository; `# name:` begins a list. ValueError for a line not understood."""
    found, source = [], ""
    for line in EXAMPLES.read_text("utf-8").splitlines():
        if line.startswith("#"):
            source = line[1:-1].strip() if line.endswith(":") else source
        elif line.strip():
            text, category, level = (part.strip() for part in line.rsplit("|", 2))
            found.append(Example(text, category, int(level), source))
    return found


def digest() -> str:
    """Of the examples and the rules' words: tells whether the weights still belong to them."""
    return hashlib.sha256(EXAMPLES.read_bytes() + WORDS.read_bytes()).hexdigest()


# --- What is seen in a text ---


def vector(sentences: Iterable[str], findings: Iterable[str]) -> Vector:
    """Features and their values, the words' of length 1 together."""
    names: set[str] = set()
    for sentence in sentences:
        words = [word for word in sentence.split() if word != ","]
        stems = [word[:STEM] for word in words]
        names.update(f"{a} {b}" for a, b in pairwise(stems))
        names.update(name for word in words for name in of_word(word))
    values = {name: PIECE_VALUE if name[0] == "~" else 1.0 for name in sorted(names)}
    length = sum(value * value for value in values.values()) ** 0.5
    found = {name: value / length for name, value in values.items()}
    return found | dict.fromkeys(sorted(findings), RULE) | {"": RULE}


def of_word(word: str) -> Iterator[str]:
    """The word, its stem and its pieces; of «il» or «a» only the pairs say something."""
    if len(word) > 2:
        yield word
        yield f"{word[:STEM]}*"
    if len(word) >= PIECE:
        edged = f"^{word}$"
        yield from (f"~{edged[i : i + PIECE]}" for i in range(len(edged) - PIECE + 1))


# --- Answers ---


def scores(seen: Vector, weights: Weights) -> dict[str, float]:
    """How much speaks for each answer; above 0 it is more likely than not."""
    found: dict[str, float] = defaultdict(float)
    for name, value in seen.items():
        for answer, weight in weights.get(name, {}).items():
            found[answer] += weight * value / UNIT
    return found


def category(said: dict[str, float]) -> str:
    """The likeliest category."""
    return max((answer for answer in said if answer not in LEVELS.values()), key=lambda answer: said[answer])


def weightiest(words: Iterable[str], answer: str, weights: Weights) -> list[str]:
    """The words that speak for an answer, the strongest first."""
    says = {word: sum(weights.get(name, {}).get(answer, 0) for name in of_word(word)) for word in words}
    return sorted((word for word in says if says[word] > 0), key=lambda word: (-says[word], word))


# --- Training ---


def train(
    seen: Sequence[Vector], examples: Sequence[Example], step: Callable[[], object] = lambda: None
) -> Weights:
    """Weights from examples; the same for the same examples. `step` is called once for each answer."""
    index = {name: at for at, name in enumerate(sorted({name for one in seen for name in one}))}
    # The first place twice: of one place alone `itemgetter` makes no tuple.
    rows = [
        _Row(itemgetter(*at, at[0]), at, tuple(one.values()))
        for one in seen
        for at in [[index[n] for n in one]]
    ]
    targets: dict[str, list[bool]] = {
        category: [example.category == category for example in examples]
        for category in sorted({example.category for example in examples})
    } | {name: [example.level >= level for example in examples] for level, name in LEVELS.items()}
    weights: Weights = {name: {} for name in index}
    for answer, wanted in targets.items():
        found = _separate(rows, [1 if yes else -1 for yes in wanted], len(index))
        for name, at in index.items():
            if weight := round(found[at] * UNIT):
                weights[name][answer] = weight
        step()
    return {name: row for name, row in weights.items() if row}


@dataclass(frozen=True)
class _Row:
    pick: Callable[[list[float]], tuple[float, ...]]
    places: list[int]
    values: tuple[float, ...]


def _separate(rows: list[_Row], signs: list[int], size: int) -> list[float]:
    """Dual coordinate descent for a linear SVM with squared hinge loss (Hsieh et al., ICML 2008)."""
    weights, alphas, slack = [0.0] * size, [0.0] * len(rows), 0.5 / HARDNESS
    squares = [sum(value * value for value in row.values) + slack for row in rows]
    order, random = list(range(len(rows))), Random(0)
    for _ in range(ROUNDS):
        random.shuffle(order)
        for i in order:
            row = rows[i]
            gap = signs[i] * sum(map(mul, row.pick(weights), row.values)) - 1 + slack * alphas[i]
            alpha = max(alphas[i] - gap / squares[i], 0.0)
            if change := (alpha - alphas[i]) * signs[i]:
                alphas[i] = alpha
                for place, value in zip(row.places, row.values, strict=True):
                    weights[place] += change * value
    return weights


def hold_out(
    seen: Sequence[Vector], examples: Sequence[Example], step: Callable[[], object] = lambda: None
) -> Iterator[tuple[Example, dict[str, float]]]:
    """Each example of a fair list with what is said of it by weights that never saw its list."""
    for source in sorted({example.source for example in examples if example.source.startswith(FAIR)}):
        others = [i for i, example in enumerate(examples) if example.source != source]
        weights = train([seen[i] for i in others], [examples[i] for i in others], step)
        for one, example in zip(seen, examples, strict=True):
            if example.source == source:
                yield example, scores(one, weights)


# --- The file ---


def save(weights: Weights) -> None:
    """One line a feature, behind the digest of the examples."""
    answers = sorted({answer for row in weights.values() for answer in row})
    lines = ["\t".join([digest(), *answers])]
    for name, row in weights.items():
        lines.append("\t".join([name, *(str(row.get(answer, "")) for answer in answers)]))
    WEIGHTS.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))


@cache
def load() -> tuple[str, Weights]:
    """Digest of the examples learnt from, and the weights."""
    head, *lines = gzip.decompress(WEIGHTS.read_bytes()).decode().split("\n")
    learnt, *answers = head.split("\t")
    rows = (line.split("\t") for line in lines)
    return learnt, {
        name: {answer: int(weight) for answer, weight in zip(answers, row, strict=True) if weight}
        for name, *row in rows
    }
