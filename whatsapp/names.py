"""Names that people give themselves on WhatsApp: shown so that they cannot pass for something else."""

import re
import unicodedata

# Joiners belong to emoji and to the writing of some languages; they turn nothing round.
_JOINERS = "\u200c\u200d"
# Letters and marks that Unicode counts as visible, but that show nothing.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_STARS = "*\u2022\u2217\u2219\u22c6\u25cf\u2605\u2606\u2731\u2736\ufe61\uff0a"
# In a copy where every figure and every star is «0», and what stands invisibly between them is «-».
_LIKE_A_NUMBER = re.compile(r"[+(]{0,3}0(?:[\s().,/_-]{0,3}0){4,}\)?")
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
_RIGHT_TO_LEFT = {"R", "AL", "AN"}


def clean(name: str) -> str:
    """The name without control characters, changes of direction and invisible characters."""
    visible = "".join(" " if char.isspace() else char for char in name if not _is_hidden(char))
    return " ".join(visible.split())


def shown(name: str) -> str:
    """The clean name; what looks in it like a telephone number, whole or masked, becomes «…»."""
    name = clean(name)
    pieces, end = [], 0
    for match in _LIKE_A_NUMBER.finditer("".join(map(_outline, name))):
        pieces.append(name[end : match.start()])
        end = match.end()
    return "…".join([*pieces, name[end:]])


def isolated(name: str) -> str:
    """The name for the middle of a sentence: one written from right to left does not move its neighbours."""
    if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in name):
        return f"{_FIRST_STRONG_ISOLATE}{name}{_POP_ISOLATE}"
    return name


def _is_hidden(char: str) -> bool:
    if char.isspace() or char in _JOINERS:
        return False
    # Control, format, surrogate, private and unassigned characters.
    return unicodedata.category(char).startswith("C") or char in _BLANK


def _outline(char: str) -> str:
    kind = unicodedata.category(char)
    if kind.startswith("N") or char in _STARS:
        return "0"
    if char == "＋":
        return "+"
    return "-" if kind in {"Cf", "Mn", "Me", "Pd"} else char
