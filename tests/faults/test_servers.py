"""The broker emptied or restarted, the database's sessions cut, in the middle of a notice."""

import pytest

from tests.faults.stage import GONE, PACE, WORKERS, FaultTown, Missed, check_once, tried_again
from whatsapp.delivery import SLOTS

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults"), pytest.mark.timeout(900)]

# Messages a second: the notice takes five seconds, so that its middle is long enough to be caught.
SLOW = 20.0


def half_way(town: FaultTown) -> int:
    """A notice that has reached some and not all."""
    town.ask("slow_down", pace=SLOW)
    town.control("settings", answer_delay=0.2)
    content: int = town.ask("notice")
    town.until(lambda: sum(town.count(content)[state] for state in GONE) > 5, "L'invio")
    check_not_over(town, content)
    return content


def check_not_over(town: FaultTown, content: int) -> None:
    if not town.count(content)["queued"]:
        raise Missed("the notice was over before anything broke")


@tried_again
def test_broker_emptied(town: FaultTown) -> None:
    content = half_way(town)
    town.empty_broker()
    town.ask("slow_down", pace=PACE)
    town.recover()
    check_once(town, content, at_most_uncertain=0)


@tried_again
def test_broker_restarted(town: FaultTown) -> None:
    content = half_way(town)
    town.kill("broker")
    town.start_broker()
    town.ask("slow_down", pace=PACE)
    town.recover()
    check_once(town, content, at_most_uncertain=0)
    assert all(town.alive(name) for name in ("web", *WORKERS)), "a process did not bear it"


@tried_again
def test_database_sessions_cut(town: FaultTown) -> None:
    """Several times: what was in hand is uncertain until its status comes; nothing is sent again."""
    content = half_way(town)
    known = 0
    for _ in range(3):
        known = cut_during_a_call(town, content, known)
    town.ask("slow_down", pace=PACE)
    town.recover()
    check_once(town, content, at_most_uncertain=SLOTS * 3)
    assert all(town.alive(name) for name in ("web", *WORKERS)), "a process did not bear it"


def cut_during_a_call(town: FaultTown, content: int, known: int) -> int:
    """Cut all sessions while a call is under way, of a turn begun after this attempt; the last attempt made.

    Between two tasks nobody is connected, and what an earlier cut left in flight is no call any more.
    """

    def cut() -> bool:
        check_not_over(town, content)
        calls = town.sql("select id from whatsapp_attempt where state = 'in_flight' and id > %s", known)
        if not calls:
            town.sweep()  # the last one may have been cut short too
            return False
        return town.cut_database() > 0

    town.until(cut, "Una chiamata in corso")
    [(last,)] = town.sql("select max(id) from whatsapp_attempt")
    return int(last)
