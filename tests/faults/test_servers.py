"""The broker emptied or restarted, the database's sessions cut, in the middle of a notice."""

import pytest

from tests.faults.stage import GONE, FaultTown, check_once
from whatsapp.delivery import SLOTS

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults")]


def half_way(town: FaultTown) -> int:
    """A notice that has reached some and not all."""
    town.control("settings", answer_delay=0.2)
    content: int = town.ask("notice")
    town.until(lambda: sum(town.count(content)[state] for state in GONE) > 5, "L'invio")
    return content


def test_broker_emptied(town: FaultTown) -> None:
    content = half_way(town)
    town.empty_broker()
    town.recover()
    check_once(town, content, at_most_uncertain=0)


def test_broker_restarted(town: FaultTown) -> None:
    content = half_way(town)
    town.kill("broker")
    town.start_broker()
    town.recover()
    check_once(town, content, at_most_uncertain=0)
    assert all(town.alive(name) for name in ("web", "alert", "reply", "bulk")), "a process did not bear it"


def test_database_sessions_cut(town: FaultTown) -> None:
    """Several times: what was in hand is uncertain until its status comes; nothing is sent again."""
    content = half_way(town)
    under_way = town.count(content)["in_flight"]
    for _ in range(3):
        assert town.cut_database(), "nobody was connected"
        town.sweep()
    town.recover()
    assert under_way, "no call was under way at the first cut"
    check_once(town, content, at_most_uncertain=SLOTS * 3)
    assert all(town.alive(name) for name in ("web", "alert", "reply", "bulk")), "a process did not bear it"
