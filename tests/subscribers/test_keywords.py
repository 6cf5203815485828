"""What people type, and what it must never be taken for."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.keywords import DEFAULT_TOPICS, Recognition, recognise
from subscribers.models import Topic

LINES = [
    line.partition(" | ")
    for line in (Path(__file__).parent / "corpus.txt").read_text().splitlines()
    if line and not line.startswith("# ")
]
CORPUS = [(text.replace("\\n", "\n"), *label.partition(":")[::2]) for label, _, text in LINES]
AROUND = st.text(alphabet=" .,;:!…«»\"'“”‘’()-–_*~#\u200b\u00a0\ufeff\u200d😀👍🏽🙏❤️🇮🇹ℹ️\n\t", max_size=6)
GAP = st.text(alphabet=" .-_\n\t\u00a0\u2009\u200b\ufeff«»👉", min_size=1, max_size=4).filter(
    lambda gap: set(gap) - {"\u200b", "\ufeff"}  # nobody sees these: they separate nothing
)
INVISIBLE = st.sampled_from(["", "", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2060"])
KEYWORDS = [
    ("iscrizione on", "on"), ("iscrizione off", "off"), ("stop", "off"), ("basta", "off"),
    ("cancellami", "off"), ("toglietemi dalla lista", "off"), ("non voglio messaggi", "off"),
    ("eventi off", "topic_off"), ("viabilità off", "topic_off"), ("allerta on", "topic_on"),
    ("protezione civile on", "topic_on"),
    ("aiuto", "help"), ("info", "help"), ("stato", "status"),
]  # fmt: skip
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def neighbours(letter: str) -> set[str]:
    """The keys around this one."""
    places = {key: (row, column) for row, keys in enumerate(KEYBOARD) for column, key in enumerate(keys)}
    row, column = places[letter]
    return {
        key for key, (r, c) in places.items() if abs(r - row) <= 1 and abs(c - column) <= 1 and key != letter
    }


def slips(typed: str) -> set[str]:
    """All that one slip makes of it: a letter dropped, doubled, swapped, a key beside it hit."""
    found = set()
    for at, letter in enumerate(typed):
        before, after = typed[:at], typed[at + 1 :]
        found |= {before + after, before + letter * 2 + after, before + after[:1] + letter + after[1:]}
        found |= {before + key + after for key in (neighbours(letter) if letter != " " else ())}
    return found - {typed}


@pytest.mark.parametrize(("text", "intent", "topic"), CORPUS)
def test_corpus(text: str, intent: str, topic: str) -> None:
    assert recognise(text) == Recognition(intent, topic)  # type: ignore[arg-type]


@given(data=st.data(), before=AROUND, after=AROUND)
@pytest.mark.parametrize(("keyword", "intent"), KEYWORDS)
def test_what_stands_around_and_inside_a_keyword_never_changes_it(
    keyword: str, intent: str, data: st.DataObject, before: str, after: str
) -> None:
    upper = data.draw(st.lists(st.booleans(), min_size=len(keyword), max_size=len(keyword)))
    hidden = data.draw(st.lists(INVISIBLE, min_size=len(keyword), max_size=len(keyword)))
    typed = "".join(
        f"{letter.upper() if up else letter}{mark}"
        for letter, up, mark in zip(keyword, upper, hidden, strict=True)
    )
    assert recognise(before + typed.replace(" ", data.draw(GAP)) + after).intent == intent


def test_a_slip_in_an_off_still_leaves_and_never_joins() -> None:
    assert {recognise(typed).intent for typed in slips("iscrizione off")} <= {"off", "ask_off"}


def test_a_slip_in_an_on_never_leaves() -> None:
    # But «iscrizione no», a slip on paper, is what people write who have had enough. Nobody loses by it:
    # who was joining is not subscribed yet, and is told how to.
    assert "off" not in {recognise(typed).intent for typed in slips("iscrizione on") - {"iscrizione no"}}


@given(st.sampled_from(sorted(slips("iscrizione"))), st.sampled_from(["on", "off"]), AROUND)
def test_a_slip_with_anything_around_it_never_turns_one_keyword_into_the_other(
    typed: str, switch: str, around: str
) -> None:
    other = {"on": {"off", "ask_off"}, "off": {"on", "ask_on"}}[switch]
    assert recognise(f"{around}{typed} {switch}{around}").intent not in other


@given(st.text(max_size=200))
def test_no_text_subscribes_without_the_keyword(text: str) -> None:
    assert recognise(text).intent != "on" or "scrizion" in text.casefold()


@given(st.lists(st.sampled_from([word for text, *_ in CORPUS for word in text.split()]), max_size=12))
def test_no_jumble_of_peoples_words_subscribes_unless_it_begins_with_the_keyword(words: list[str]) -> None:
    text = " ".join(words)
    assert recognise(text).intent != "on" or re.search("s[cvxr]+[ir]|s c r", text.casefold())


@given(
    st.lists(
        st.sampled_from(["non", "come", "se", "per", "line", "asilo", "scaduta", "anche", "mia", "off"]),
        min_size=1,
    )
)
def test_an_on_with_anything_but_a_name_is_not_believed(words: list[str]) -> None:
    assert recognise(f"iscrizione on {' '.join(words)}").intent != "on"


@pytest.mark.parametrize(
    "joined", ["iscrizione on {}", "Iscrizione on, {}", "Iscrizione on. {}", "{}. Iscrizione on"]
)
def test_an_on_beside_another_wish_is_not_believed(joined: str) -> None:
    others = {"off", "ask_off", "topic_on", "topic_off", "help", "status"}
    believed = [
        text
        for text, intent, _ in CORPUS
        if intent in others and recognise(joined.format(text)).intent == "on"
    ]
    assert not believed


def test_the_towns_own_topics_are_recognised() -> None:
    topics = {**DEFAULT_TOPICS, "sport": ["Sport", "Palazzetto dello Sport"]}
    assert recognise("palazzetto dello sport OFF", topics) == Recognition("topic_off", "sport")
    assert recognise("non voglio più avvisi sullo sport", topics) == Recognition("topic_off", "sport")
    assert recognise("sport off").intent == "other"


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "\ud800", "iscrizione " * 2000, "a" * 5000, "1" * 5000, "😀" * 5000],
    ids=range(8),
)
def test_bad_input_asks_for_nothing_it_should_not(text: str) -> None:
    assert recognise(text).intent in {"other", "ask_on"}


def test_a_long_story_is_no_command_but_its_end_is_heard() -> None:
    story = "Ieri sera in piazza c'era tanta gente. " * 40
    assert recognise(story).intent == "other"
    assert recognise(story + "ISCRIZIONE OFF").intent == "ask_off"


@pytest.mark.django_db
def test_the_topics_installed_are_those_of_the_module() -> None:
    installed = {topic.slug: tuple(topic.words) for topic in Topic.objects.all()}
    assert installed == DEFAULT_TOPICS
