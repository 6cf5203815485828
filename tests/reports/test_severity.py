"""The rules against texts as people write them, and against anything else."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import mean
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import learning
from reports.severity import DANGER, assess, vector

CATEGORIES = {
    "strade", "illuminazione", "rifiuti", "acqua-fognature", "verde", "animali", "edifici", "segnaletica",
    "sicurezza", "altro",
}  # fmt: skip
LINES = [(one.text, one.category, one.level) for one in learning.read_examples()]
WORDS = sorted({word for text, _, _ in LINES for word in text.split()})
DANGERS = [text for text, _, level in LINES if level == DANGER]
OTHERS = [text for text, _, level in LINES if level < DANGER]


def in_order(texts: list[str]) -> list[str]:
    """As the staff see them: by level, then by the danger."""
    found = {text: assess(text) for text in texts}
    return sorted(texts, key=lambda text: (-found[text].level, -found[text].weight))


def test_the_examples_are_well_formed() -> None:
    assert len({text for text, _, _ in LINES}) == len(LINES)
    assert {category for _, category, _ in LINES} == CATEGORIES
    assert {level for _, _, level in LINES} == {1, 2, 3, 4}


def test_the_weights_belong_to_the_examples() -> None:
    """After a change of the examples or of the words: `manage.py learn_reports`."""
    assert learning.load()[0] == learning.digest()


def test_the_same_examples_teach_the_same() -> None:
    examples = learning.read_examples()[::20]
    seen = [vector(one.text) for one in examples]
    assert learning.train(seen, examples) == learning.train(seen, examples)


def test_what_it_never_saw_is_understood_mostly() -> None:
    """The rules alone: kinds 64%, dangers missed 37 of 75, others paged 24 of 225. Wanted: 90%, 0 and 0."""
    lines = (Path(__file__).parent / "texts_held_out.txt").read_text(encoding="utf-8").splitlines()[1:]
    unseen = [line.rsplit(" | ", 2) for line in lines]
    assert not {text for text, _, _ in unseen} & {text for text, _, _ in LINES}
    found = [(assess(text), category, int(level)) for text, category, level in unseen]
    right = [said.category == category for said, category, _ in found]
    missed = [said.level < DANGER for said, _, level in found if level == DANGER]
    paged = [said.level == DANGER for said, _, level in found if level < DANGER]
    assert mean(right) >= 0.78
    assert mean(missed) <= 0.13
    assert mean(paged) <= 0.07


def test_no_danger_of_the_examples_is_missed_and_hardly_anything_else_paged() -> None:
    assert [text for text in DANGERS if assess(text).level < DANGER] == []
    assert len([text for text in OTHERS if assess(text).level == DANGER]) <= len(OTHERS) * 0.005


def test_the_dangers_come_first() -> None:
    assert set(DANGERS) <= set(in_order([text for text, _, _ in LINES])[: len(DANGERS) + 20])


@given(st.randoms(use_true_random=False))
def test_forty_dangers_among_250_reports_come_in_the_first_45(random: Random) -> None:
    dangers, others = random.sample(DANGERS, 40), random.sample(OTHERS, 210)
    assert set(dangers) <= set(in_order(others + dangers)[:45])


def test_categories_and_levels_learnt_are_right() -> None:
    wrong = [
        text
        for text, category, level in LINES
        if (assess(text).category, assess(text).level) != (category, level)
    ]
    assert len(wrong) <= len(LINES) * 0.1, wrong


def test_what_only_the_model_sees_is_explained_by_its_words() -> None:
    found = assess("il muro si gonfia e i ragazzi passano di là")
    assert (found.level, found.weight) == (DANGER, 6)
    assert found.reasons[0].startswith("parole che fanno pensare a un pericolo: ")
    assert "gonfia" in found.reasons[0]


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


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("un signore svenuto in piazza", 9),
        ("puzza di gas", 8),
        ("incendio in contrada", 8),
        ("sta crollando il balcone", 7),
        ("fili elettrici scoperti", 6),
        ("strada allagata", 5),
        ("tombino senza coperchio", 4),
        ("puzza di gas e un signore svenuto", 9),
        ("lampione spento", 0),
        ("prima che scoppi un incendio", 0),
    ],
)
def test_dangers_are_weighed(text: str, weight: int) -> None:
    assert assess(text).weight == weight


@pytest.mark.parametrize(
    ("text", "vulnerable", "blocked"),
    [
        ("buca davanti alla scuola", True, False),
        ("con la carrozzina non si passa", True, True),
        ("la strada è bloccata da un albero caduto", False, True),
        ("voragine davanti all'asilo, strada chiusa", True, True),
        ("buca in via Roma", False, False),
    ],
)
def test_who_is_concerned_and_whether_one_can_pass(text: str, vulnerable: bool, blocked: bool) -> None:
    found = assess(text)
    assert (found.vulnerable, found.blocked) == (vulnerable, blocked)
    assert any(reason.startswith("riguarda") for reason in found.reasons) == vulnerable
    assert ("la strada è bloccata" in found.reasons) == blocked


@settings(deadline=None)
@given(st.text(max_size=5000) | st.lists(st.sampled_from(WORDS), max_size=800).map(" ".join))
def test_any_text_has_an_answer_soon(text: str) -> None:
    start = perf_counter()
    assessment = assess(text)
    assert perf_counter() - start < 0.5  # tens of milliseconds, on a machine with nothing else to do
    assert assessment.level in {1, 2, 3, 4}
    assert assessment.category in CATEGORIES
    assert (assessment.weight > 0) == (assessment.level == DANGER)


def doubled(text: str) -> str:
    return re.sub(r"(\w{3})([a-z])(?=[a-z])", r"\1\2\2", text)


def without_accents(text: str) -> str:
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
    )


@settings(deadline=None)
@given(
    st.sampled_from([text for text, _, _ in LINES]),
    st.lists(
        st.sampled_from(
            [
                str.upper,
                str.title,
                doubled,
                without_accents,
                lambda text: f"{text} 😱🔥",
                lambda text: f"🙏 {text}!!!",
                lambda text: f"Buongiorno, {text}. Grazie mille",
                lambda text: f"Salve {text} buona giornata",
                lambda text: f"  {text}\n",
            ]
        ),
        max_size=4,
    ),
)
def test_how_it_is_written_changes_nothing(text: str, changes: list[Callable[[str], str]]) -> None:
    written = text
    for change in changes:
        written = change(written)
    before, after = assess(text), assess(written)
    assert (after.level, after.category) == (before.level, before.category), written


@settings(deadline=None)
@given(
    st.sampled_from(DANGERS),
    st.sampled_from(
        [
            "L'anno scorso c'è stato un incendio",
            "Non ci sono feriti",
            "Due anni fa è crollato un muro",
            "Nessun incendio",
            "Non è gas",
        ]
    ),
    st.sampled_from(["{0}. {1}", "{1}. {0}", "{1}, ma {0}", "{1}\n{0}"]),
)
def test_a_danger_denied_or_past_hides_no_true_one(true: str, untrue: str, form: str) -> None:
    assert assess(untrue).level < DANGER
    assert assess(form.format(true, untrue)).level == DANGER


@pytest.mark.parametrize(
    "text", ["", " ", "😀" * 4096, "a" * 100_000, "non " * 2000, "\x00\u202e", "<script>alert(1)</script>"]
)
def test_strange_texts_are_no_danger(text: str) -> None:
    assert assess(text).level < DANGER
