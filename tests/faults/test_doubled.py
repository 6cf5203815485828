"""Whatever comes twice has one effect: tasks, beats, workers, the end of a hold."""

import uuid

import pytest

from tests.faults.stage import GONE, PEOPLE, FaultTown, check_once

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults"), pytest.mark.timeout(900)]


def test_ten_identical_tasks_and_one_delivered_twice(town: FaultTown) -> None:
    town.raise_one("bulk", as_name="bulk-second")
    content = town.ask("notice")
    same = str(uuid.uuid4())
    for _ in range(10):
        town.nudge("whatsapp.deliver_bulk", queue="bulk")
    for _ in range(2):
        town.nudge("whatsapp.deliver_bulk", queue="bulk", task_id=same)
    town.recover()
    counts = check_once(town, content, at_most_uncertain=0)
    assert sum(counts[state] for state in GONE) == len(PEOPLE)
    town.strike("bulk-second")


def test_two_clicks_at_once(town: FaultTown) -> None:
    told, content = town.ask("two_clicks")
    assert told == ["refused", "sent"]
    town.recover()
    counts = check_once(town, content, at_most_uncertain=0)
    assert sum(counts[state] for state in GONE) == len(PEOPLE)


def test_two_beats_and_a_notice_whose_time_has_come(town: FaultTown) -> None:
    for beat in ("beat-one", "beat-two"):
        town.raise_beat(beat)
    town.raise_one("alert", as_name="alert-second")
    notice = town.ask("scheduled_notice")

    def left() -> bool:
        return bool(town.contents_of(notice))

    town.until(left, "La partenza")
    town.recover(lambda: town.settled())
    for name in ("beat-one", "beat-two", "alert-second"):
        town.strike(name)
    [content] = town.contents_of(notice)
    counts = check_once(town, content, at_most_uncertain=0)
    assert sum(counts[state] for state in GONE) == len(PEOPLE)
    arrived = [one for one in town.log_of_provider() if one["template"]]
    assert len(arrived) == len(PEOPLE), "it left twice"
