"""The small language of the tables of words (`phrases.toml`, `vocabulary.toml`), as regular expressions.

A pattern: a word; a|b for either; [may be missing]; {a list}; * for any letters; .. for up to three words in
between; !word where that word may not follow. The text has a space behind each word.
"""

import re
from collections.abc import Iterable, Mapping

Lists = Mapping[str, Iterable[str]]
GAP = r"(?:\S+ ){0,3}"


def source(phrases: Iterable[str], lists: Lists) -> str:
    """Any of these patterns, from the beginning of a word, each word with a space behind it."""
    return r"(?<!\S)" + _either(_phrase(phrase, lists) for phrase in phrases)


def _either(sources: Iterable[str]) -> str:
    # Once each: two equal alternatives are two ways to read the same word, and doubled at every repetition.
    return "(?:" + "|".join(dict.fromkeys(sources)) + ")"


def _phrase(phrase: str, lists: Lists) -> str:
    return "".join(_part(part, lists) for part in re.findall(r"\[[^\]]*\]|\S+", phrase))


def _part(part: str, lists: Lists) -> str:
    if part == "..":
        return GAP
    if part[0] == "[":
        return f"(?:{_phrase(part[1:-1], lists)})?"
    if part[0] == "!":
        return f"(?!{_part(part[1:], lists)})"
    if "|" in part:
        return _either(_part(either, lists) for either in part.split("|"))
    if part[0] == "{":
        return _either(_phrase(entry, lists) for entry in sorted(lists[part[1:-1]]))
    return re.escape(part).replace(r"\*", r"\S*") + " "
