"""Text from outside and from the office costs linear time (processor time, not the clock's)."""

import time

import pytest

from broadcasts import versions


@pytest.mark.parametrize(
    ("old", "new"),
    [("a " * 500, "a b " * 250), ("a " * 10_000, "a b " * 5_000), ("a b c " * 3_000, "c b a " * 3_000)],
    ids=["short", "long", "reversed"],
)
def test_the_history_of_a_draft_is_compared_in_bounded_time(old: str, new: str) -> None:
    began = time.thread_time()
    [change] = versions.differences({"Testo": old}, {"Testo": new})
    assert time.thread_time() - began < 0.5
    assert "".join(words for kind, words in change.pieces if kind != "insert") == old
