"""What people type, and what it must never be taken for."""

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
KEYWORDS = [
    ("iscrizione on", "on"), ("iscrizione off", "off"), ("stop", "off"), ("cancellami", "off"),
    ("eventi off", "topic_off"), ("allerta on", "topic_on"), ("aiuto", "help"), ("stato", "status"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "intent", "topic"), CORPUS)
def test_corpus(text: str, intent: str, topic: str) -> None:
    assert recognise(text) == Recognition(intent, topic)  # type: ignore[arg-type]


@given(data=st.data(), before=AROUND, after=AROUND)
@pytest.mark.parametrize(("keyword", "intent"), KEYWORDS)
def test_what_stands_around_a_keyword_never_changes_it(
    keyword: str, intent: str, data: st.DataObject, before: str, after: str
) -> None:
    upper = data.draw(st.lists(st.booleans(), min_size=len(keyword), max_size=len(keyword)))
    gap = data.draw(st.text(alphabet=" .-_\n\t\u00a0«»", min_size=1, max_size=4))
    typed = "".join(c.upper() if up else c for c, up in zip(keyword, upper, strict=True))
    assert recognise(before + typed.replace(" ", gap) + after).intent == intent


@given(st.text(max_size=200))
def test_no_text_subscribes_without_the_keyword(text: str) -> None:
    assert recognise(text).intent != "on" or "scrizion" in text.casefold()


@given(
    st.lists(
        st.sampled_from(["non", "come", "se", "per", "line", "asilo", "scaduta", "anche", "mia", "off"]),
        min_size=1,
    )
)
def test_an_on_with_anything_but_a_name_is_not_believed(words: list[str]) -> None:
    assert recognise(f"iscrizione on {' '.join(words)}").intent != "on"


def test_the_towns_own_topics_are_recognised() -> None:
    topics = {**DEFAULT_TOPICS, "sport": ["Sport", "Palazzetto dello Sport"]}
    assert recognise("palazzetto dello sport OFF", topics) == Recognition("topic_off", "sport")
    assert recognise("sport off").intent == "other"


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\ud800", "iscrizione " * 2000, "a" * 5000, "1" * 5000, "😀" * 5000]
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
