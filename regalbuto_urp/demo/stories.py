"""The texts of the practice data, read from the tables beside this file."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A notice `days` ago; `category` is a slug, `picture` a subject of `pictures`.

    `fate`: how far it got, "draft", "submitted", "returned" (for the `reason`) or "sent".
    """

    days: float
    category: str
    title: str
    text: str
    picture: str = ""
    fate: str = "sent"
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A report `days` ago: its messages, pictures, whether it has a position, and how far the staff got."""

    days: float
    texts: list[str]
    fate: str  # of `life.STEPS`
    pictures: tuple[str, ...] = ()
    answer: str = ""
    placed: bool = True


def read(name: str) -> dict[str, Any]:
    """One of the tables."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def notices() -> list[Notice]:
    """Oldest first."""
    return [Notice(**row) for row in read("notices")["notice"]]


def cases() -> list[Case]:
    """Oldest first."""
    return [Case(**row) for row in read("cases")["case"]]
