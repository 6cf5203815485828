"""A worker dies after each durable step and on both sides of the call: nobody twice, nobody forgotten."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.faults.stage import GONE, PEOPLE, FaultTown, check_once
from whatsapp.crashpoints import POINTS
from whatsapp.delivery import SLOTS

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults"), pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Death:
    """Which worker dies, where, and at most at which time it gets there."""

    worker: str
    point: str
    last: int = 1
    category: str = "viabilita"

    def __str__(self) -> str:
        return f"{self.worker}-{self.point}"


OF_A_NOTICE = [
    Death("bulk", "claiming", 2),
    Death("bulk", "claimed", 2),
    Death("bulk", "before_call", 80),
    Death("bulk", "after_call", 80),
    # Two for sure: the answers of at most SLOTS people are written at once.
    Death("bulk", "before_record", 2),
    Death("bulk", "recording", 2),
    Death("bulk", "recorded", 2),
    Death("bulk", "turn_over"),
    Death("bulk", "event_taken", 2),
    Death("bulk", "events_applied", 2),
]
OF_AN_ALERT = [
    Death("alert", "claimed", 2, "allerta-meteo"),
    Death("alert", "before_call", 80, "allerta-meteo"),
    Death("alert", "after_call", 80, "allerta-meteo"),
]
OF_A_CITIZEN = [
    Death("reply", "event_taken"),
    Death("reply", "message_kept"),
    Death("reply", "message_handled"),
    Death("reply", "after_call"),
    Death("reply", "recorded"),
]
# Seconds: statuses come over more than a second, so that they are never read all at once.
SPREAD = 0.2
ELSEWHERE = {"event_stored", "lost_marked", "alerts_retried"}


def draws(seed: int, death: Death, rounds: int) -> list[int]:
    """The times at which a worker dies in each round; the first round of a short run is drawn too."""
    drawn = random.Random(f"{seed} {death}")
    return [drawn.randint(1, death.last) for _ in range(rounds)]


def die(town: FaultTown, worker: str, crash: str, what: Callable[[], None]) -> None:
    """Put an armed worker in the place of the sound one, do something, and see it dead."""
    town.strike(worker)
    deaths = town.crashes(crash.partition(":")[0])
    town.raise_one(worker, crash=crash)
    what()
    town.until(lambda: not town.alive(worker), f"La morte in {crash}")
    assert town.crashes(crash.partition(":")[0]) == deaths + 1, "it died of something else"
    town.age_silent([worker])


def test_every_point_is_tried() -> None:
    tried = {death.point for death in [*OF_A_NOTICE, *OF_AN_ALERT, *OF_A_CITIZEN]}
    assert tried | ELSEWHERE == set(POINTS)


@pytest.mark.parametrize("death", OF_A_NOTICE, ids=str)
def test_death_in_a_notice(town: FaultTown, death: Death, rounds: int, seed: int) -> None:
    for nth in draws(seed, death, rounds):
        contents: list[int] = []
        if death.point.startswith("event"):
            town.control("settings", delay=SPREAD)
        die(town, death.worker, f"{death.point}:{nth}", lambda into=contents: into.append(town.ask("notice")))
        town.recover()
        check_once(town, contents[0], at_most_uncertain=SLOTS)
        town.clear()


@pytest.mark.parametrize("death", OF_AN_ALERT, ids=str)
def test_death_in_an_alert(town: FaultTown, death: Death, rounds: int, seed: int) -> None:
    """Whoever is uncertain gets it by the alert rule, two minutes later; nobody else gets a second one."""
    for nth in draws(seed, death, rounds):
        contents: list[int] = []
        notice = death.category
        die(
            town,
            death.worker,
            f"{death.point}:{nth}",
            lambda into=contents, slug=notice: into.append(town.ask("notice", slug=slug)),
        )
        town.recover()
        check_once(town, contents[0], at_most_uncertain=SLOTS)
        pass_two_minutes(town)
        town.recover(lambda content=contents[0]: not town.count(content)["uncertain"])
        counts = check_once(town, contents[0], at_most_uncertain=0)
        assert sum(counts[state] for state in GONE) == len(PEOPLE)
        town.clear()


def pass_two_minutes(town: FaultTown) -> None:
    """For the attempts whose outcome is unknown; news of others has come since."""
    town.sql(
        "update whatsapp_attempt set started_at = started_at - interval '3 minutes' where state = 'uncertain'"
    )
    town.sql("update whatsapp_channel set last_status_at = now()")


@pytest.mark.parametrize("death", OF_A_CITIZEN, ids=str)
def test_death_in_a_conversation(town: FaultTown, death: Death, rounds: int, seed: int) -> None:
    """A citizen joins: stored once, subscribed once, welcomed once or visibly uncertain."""
    for nth, round_ in zip(draws(seed, death, rounds), range(rounds), strict=True):
        number = f"+3934060{list(map(str, OF_A_CITIZEN)).index(str(death)):02}{round_:03}"
        die(
            town,
            death.worker,
            f"{death.point}:{nth}",
            lambda who=number: town.write_as(who, "ISCRIZIONE ON"),
        )
        town.recover()
        check_welcomed(town, number)
        town.clear()


def check_welcomed(town: FaultTown, number: str) -> None:
    rows = town.sql(
        "select m.inbound, m.state, m.handled_at is not null from whatsapp_message m "
        "join whatsapp_contact c on c.id = m.contact_id where c.phone = %s",
        number,
    )
    heard = [row for row in rows if row[0]]
    said = [state for inbound, state, _ in rows if not inbound]
    assert heard == [(True, "received", True)]
    assert len(said) == 1
    assert said[0] in GONE | {"uncertain"}
    assert town.received(number) == (said[0] in GONE)
    kinds = town.sql(
        "select count(*) from subscribers_consentevent e join whatsapp_contact c "
        "on c.subject_id = e.subject_id where c.phone = %s",
        number,
    )
    assert kinds == [(1,)]
