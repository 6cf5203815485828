"""The rules against texts as people write them, and against anything else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.severity import DANGER, assess

CATEGORIES = {
    "strade", "illuminazione", "rifiuti", "acqua-fognature", "verde", "animali", "edifici", "segnaletica",
    "sicurezza", "altro",
}  # fmt: skip
LINES = [
    [part.strip() for part in line.split("|")]
    for line in (Path(__file__).parent / "texts.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def test_the_list_is_long_enough_and_well_formed() -> None:
    assert len(LINES) >= 150
    assert sum(level == "4" for _, _, level in LINES) >= 25
    assert {category for _, category, _ in LINES} == CATEGORIES


@pytest.mark.parametrize("text", [text for text, _, level in LINES if level == "4"])
def test_no_danger_is_missed(text: str) -> None:
    assert assess(text).level == DANGER


@pytest.mark.parametrize("text", [text for text, _, level in LINES if level != "4"])
def test_nothing_else_is_danger(text: str) -> None:
    assert assess(text).level < DANGER, assess(text).reasons


def test_nine_categories_of_ten_are_right() -> None:
    wrong = [(text, category, assess(text).category) for text, category, _ in LINES]
    wrong = [row for row in wrong if row[1] != row[2]]
    assert len(wrong) <= len(LINES) * 0.1, wrong


def test_levels_below_danger_are_mostly_right() -> None:
    below = [(text, int(level)) for text, _, level in LINES if level != "4"]
    wrong = [(text, level, assess(text).level) for text, level in below if assess(text).level != level]
    assert len(wrong) <= len(below) * 0.2, wrong


def test_the_reasons_are_said_in_italian() -> None:
    assert "parla di gas" in assess("sento puzza di gas").reasons
    assert "la strada è bloccata" in assess("la strada è bloccata da un camion").reasons


def test_a_misspelt_danger_is_danger() -> None:
    for text in (
        "incedio in campagna",
        "ALAGAMENTO",
        "cornicione pericolannte",
        "fiame alte",
        "esplosine in via Roma",
    ):
        assert assess(text).level == DANGER, text


def test_a_possible_danger_is_serious() -> None:
    assert assess("pulite prima che scoppi un incendio").level == 3


@given(st.text(max_size=5000))
def test_any_text_has_an_answer(text: str) -> None:
    assessment = assess(text)
    assert assessment.level in {1, 2, 3, 4}
    assert assessment.category in CATEGORIES


@given(st.sampled_from([text for text, _, level in LINES if level == "4"]))
def test_capitals_and_exclamation_marks_change_nothing(text: str) -> None:
    assert assess(text.upper() + "!!!").level == DANGER


@pytest.mark.parametrize(
    "text", ["", " ", "😀" * 4096, "a" * 100_000, "non " * 2000, "\x00\u202e", "<script>alert(1)</script>"]
)
def test_strange_texts_are_no_danger(text: str) -> None:
    assert assess(text).level < DANGER
