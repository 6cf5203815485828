"""All patterns of the project, and texts made of their own words to slow them down."""

import ast
import dataclasses
import importlib
import pkgutil
import random
import re
from collections.abc import Iterator
from pathlib import Path
from re import _constants as tokens  # type: ignore[attr-defined]
from re import _parser as parser
from typing import Any

from subscribers import phrases

APPS = ("regalbuto_urp", "reports", "broadcasts", "subscribers", "whatsapp")
LENGTH = 4096
WORDS_TRIED = 8
# Runs of one character are what unbounded repetitions trip over.
FILLERS = " \n\t,.-'#(/a0"
# What ends a text so that it does not match after all
BREAK = "§"
INLINE = {"search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}


def modules() -> Iterator[Any]:
    for app in APPS:
        package = importlib.import_module(app)
        yield package
        for info in pkgutil.walk_packages(package.__path__, f"{app}."):
            if ".migrations" not in info.name and not info.name.endswith("__main__"):
                yield importlib.import_module(info.name)


def all_patterns() -> dict[str, re.Pattern[Any]]:
    """Where it stands -> the pattern: module globals and what is nested in them, tables compiled on demand,
    and literals given to the functions of `re`."""
    found: dict[str, re.Pattern[Any]] = {}
    seen: set[int] = set()
    for module in modules():
        for name, value in list(vars(module).items()):
            if not name.startswith("__"):
                _collect(value, f"{module.__name__}.{name}", found, seen)
        found |= {f"{module.__name__}:{line}": re.compile(text) for line, text in _literals(module)}
    for part in ("alone", "anywhere"):
        for at, (_intent, pattern) in enumerate(phrases.rules(part)):
            found[f"phrases.rules({part})[{at}]"] = pattern
    for at, (_intent, pattern) in enumerate(phrases.foreign_rules()):
        found[f"phrases.foreign_rules()[{at}]"] = pattern
    for name in phrases.LISTS:
        found[f"phrases.any_of({name})"] = phrases.any_of(name)
    return {where: pattern for pattern, where in {p: w for w, p in found.items()}.items()}


def _collect(value: Any, where: str, found: dict[str, re.Pattern[Any]], seen: set[int]) -> None:
    if isinstance(value, re.Pattern):
        found[where] = value
        return
    if id(value) in seen or isinstance(value, str | bytes | int | float):
        return
    seen.add(id(value))
    children: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        children = [(f"[{key!r:.20}]", item) for pair in value.items() for key, item in (pair, pair[::-1])]
    elif isinstance(value, list | tuple | set | frozenset):
        children = [(f"[{at}]", item) for at, item in enumerate(value)]
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        children = [(f".{field.name}", getattr(value, field.name)) for field in dataclasses.fields(value)]
    elif isinstance(value, type) and value.__module__.partition(".")[0] in APPS:
        children = [(f".{name}", item) for name, item in vars(value).items()]
    for name, item in children:
        _collect(item, where + name, found, seen)


def _literals(module: Any) -> Iterator[tuple[int, str]]:
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        is_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
        if is_re and node.func.attr in INLINE and isinstance(node.args[0], ast.Constant):
            yield node.lineno, node.args[0].value


def own_words(pattern: re.Pattern[Any]) -> list[str]:
    """The literals of a pattern; of a class one character."""
    words: list[str] = []
    _walk(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG), words)
    return list(dict.fromkeys(word.strip() for word in words if word.strip())) or ["a"]


def _walk(parsed: Any, words: list[str], current: str = "") -> None:
    """Python's parser takes out what alternatives begin with: `current` is put back in front of each."""
    for operation, argument in parsed:
        if operation is tokens.LITERAL:
            current += chr(argument)
            continue
        if operation is tokens.IN:
            current += _one_of(argument)
            continue
        words.append(current)
        for nested in _nested(operation, argument):
            _walk(nested, words, current)
        current = ""
    words.append(current)


def _nested(operation: Any, argument: Any) -> list[Any]:
    if operation is tokens.BRANCH:
        branches: list[Any] = argument[1]
        return branches
    if operation is tokens.SUBPATTERN:
        return [argument[-1]]
    if operation in (tokens.MAX_REPEAT, tokens.MIN_REPEAT, tokens.POSSESSIVE_REPEAT):
        return [argument[2]]
    if operation in (tokens.ASSERT, tokens.ASSERT_NOT):
        return [argument[1]]
    return [argument] if operation is tokens.ATOMIC_GROUP else []


def _one_of(characters: Any) -> str:
    for operation, argument in characters:
        if operation is tokens.LITERAL:
            return chr(argument)
        if operation is tokens.RANGE:
            return chr(argument[0])
    return ""


def texts(pattern: re.Pattern[Any], rng: random.Random, length: int = LENGTH) -> Iterator[str]:
    """Its words one by one, in pairs and all together, joined and apart; runs of one character after them."""
    words = own_words(pattern)
    chosen = words if len(words) <= WORDS_TRIED else rng.sample(words, WORDS_TRIED)
    for word in chosen:
        other = rng.choice(words)
        for unit in (word, f"{word} ", word + other, f"{word} {other} "):
            yield _filled(unit, length)
    shuffled = rng.sample(words, len(words))
    yield _filled("".join(shuffled), length)
    yield _filled(" ".join(shuffled) + " ", length)
    for filler in FILLERS:
        yield _filled(filler, length)
        yield rng.choice(chosen) + _filled(filler, length)[: length - 20] + BREAK
        yield _filled(rng.choice(chosen) + filler * 3, length)


def each_word(pattern: re.Pattern[Any], length: int = 240) -> Iterator[str]:
    """Every word repeated: short, for that is enough for what doubles with each repetition."""
    for word in own_words(pattern):
        yield _filled(word, length)
        yield _filled(f"{word} ", length)


def _filled(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[: length - 1] + BREAK


def costly_messages(rng: random.Random, drawn: int) -> list[str]:
    """What a citizen could send: the texts that once stopped the service, words that no cache knows, and as
    many of the patterns' own as are `drawn`."""
    patterns = [pattern for pattern in all_patterns().values() if isinstance(pattern.pattern, str)]
    everything = " ".join(word for pattern in patterns for word in own_words(pattern)[:3])
    return [
        "ehi" * 39 + "z",
        "ehi " * 29 + "rispondete",
        "perdita di gas " + "del " * 60,
        "perdita di gas " + "del " * 1000,
        "\ufdfa" * LENGTH,
        "\ufdfa " * (LENGTH // 2),
        "non c'è fuoco " * 300,
        "# " * (LENGTH // 2),
        "via " + " " * (LENGTH - 4),
        *(_random_words(rng) for _ in range(10)),
        *(everything[at : at + LENGTH] for at in range(0, len(everything), LENGTH)),
        *(rng.choice(list(texts(pattern, rng))) for pattern in rng.choices(patterns, k=drawn)),
    ]


def _random_words(rng: random.Random) -> str:
    letters = "abcdefghilmnopqrstuvz"
    words = ("".join(rng.choices(letters, k=rng.randint(5, 9))) for _ in range(600))
    return " ".join(words)[:LENGTH]
