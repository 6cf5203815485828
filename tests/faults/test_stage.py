"""What is tried again, and what never is."""

from unittest.mock import Mock

import pytest

from tests.faults.stage import TRIES, Missed, tried_again


def test_a_missed_moment_is_tried_again_in_a_cleared_town() -> None:
    town, case = Mock(), Mock(side_effect=[Missed, Missed, None])
    tried_again(case)(town, rounds=1)
    assert (case.call_count, town.clear.call_count) == (3, 2)


def test_a_moment_always_missed_is_a_failure() -> None:
    case = Mock(side_effect=Missed)
    with pytest.raises(Missed):
        tried_again(case)(Mock())
    assert case.call_count == TRIES


def test_a_broken_promise_is_never_tried_again() -> None:
    case = Mock(side_effect=[AssertionError("twice"), None])
    with pytest.raises(AssertionError, match="twice"):
        tried_again(case)(Mock())
    assert case.call_count == 1
