"""The provider slow, refusing, failing, forgetting, throttling: each as the error's class says."""

import time
from collections.abc import Iterator

import pytest

from regalbuto_urp.local import start_simulator
from tests.faults.stage import GONE, PEOPLE, FaultTown, check_once

MOST_UNCERTAIN = 10
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults"), pytest.mark.timeout(900)]


def everybody_once(town: FaultTown, content: int) -> None:
    counts = check_once(town, content, at_most_uncertain=0)
    assert sum(counts[state] for state in GONE) == len(PEOPLE), counts


def test_slow(town: FaultTown) -> None:
    town.control("settings", answer_delay=1.5)
    content = town.ask("notice")
    town.recover()
    everybody_once(town, content)


def test_refusing_connections(town: FaultTown) -> None:
    """Nothing has left: everybody waits, and gets it when the provider is back."""
    town.kill("simulator")
    content = town.ask("notice")
    town.until(lambda: line_is(town, "down"), "La linea chiusa")
    assert town.count(content) == {"queued": len(PEOPLE)}
    town.processes["simulator"] = start_simulator(town.environment)
    town.ask("sync_templates")
    town.recover()
    everybody_once(town, content)


def waiting(town: FaultTown, content: int) -> int:
    """Who was tried in vain and will be again."""
    [(count,)] = town.sql(
        "select count(*) from whatsapp_message "
        "where content_id = %s and state = 'queued' and attempts_made > 0",
        content,
    )
    return int(count)


def line_is(town: FaultTown, state: str) -> bool:
    return town.sql("select line from whatsapp_channel") == [(state,)]


@pytest.fixture
def slow_pace(town: FaultTown) -> Iterator[None]:
    """Few calls under way at once, however slow the machine: those all become uncertain together."""
    town.sql("update whatsapp_channel set pace = 30 returning id")
    yield
    town.sql("update whatsapp_channel set pace = null returning id")


@pytest.mark.usefixtures("slow_pace")
def test_5xx_without_a_body_closes_the_line_and_few_are_uncertain(town: FaultTown) -> None:
    """Who is uncertain waits for a person; the others get it when the provider is back."""
    town.control("settings", http_status=502)
    content = town.ask("notice")
    town.until(lambda: line_is(town, "down"), "La linea chiusa")
    town.until(lambda: town.count(content)["in_flight"] == 0, "Le ultime risposte")
    uncertain = town.count(content)["uncertain"]
    assert 0 < uncertain <= MOST_UNCERTAIN
    assert town.count(content)["queued"] == len(PEOPLE) - uncertain
    town.control("settings", http_status=0)
    town.recover()
    counts = check_once(town, content, at_most_uncertain=uncertain)
    assert counts["uncertain"] == uncertain, "a lost answer was tried again without a person"

    town.ask("resend_uncertain", content=content)
    town.recover()
    everybody_once(town, content)


@pytest.mark.usefixtures("slow_pace")
def test_a_line_that_comes_and_goes(town: FaultTown) -> None:
    """Every three seconds the provider fails or works: few are uncertain, everybody else gets it once."""
    content = town.ask("notice")
    for _ in range(6):
        town.control("settings", http_status=500)
        time.sleep(3)  # the fault itself: how long each state of the provider lasts
        town.control("settings", http_status=0)
        time.sleep(3)
    town.recover()
    counts = check_once(town, content, at_most_uncertain=MOST_UNCERTAIN)
    assert counts["failed"] == 0

    town.ask("resend_uncertain", content=content)
    town.recover()
    everybody_once(town, content)


def test_5xx_with_a_known_code_goes_again(town: FaultTown) -> None:
    town.control("settings", fail_rate=0.5, fail_code=131000, fail_async=False)
    content = town.ask("notice")
    town.until(lambda: waiting(town, content) > 10, "I rifiuti")
    town.control("settings", fail_rate=0.0)
    town.recover()
    everybody_once(town, content)


def test_failed_statuses_are_final(town: FaultTown) -> None:
    town.control("settings", fail_rate=0.3, fail_code=131026)
    content = town.ask("notice")
    town.recover()
    states = town.states(content)
    failed = {number for number, state in states.items() if state == "failed"}
    assert failed
    assert {number for number, state in states.items() if state in GONE} == set(PEOPLE) - failed
    log = [one for one in town.log_of_provider() if one["to"] in PEOPLE]
    assert len(log) == len(PEOPLE), "somebody was tried again"
    assert {one["to"] for one in log if one["failed"]} == failed


@pytest.mark.parametrize("shuffled", [False, True])
def test_answers_lost_after_acceptance(town: FaultTown, shuffled: bool) -> None:
    """The statuses tell, even out of order and twice: nobody stays uncertain, nobody gets two."""
    town.control(
        "settings", lose_answer_rate=0.5, shuffle_statuses=shuffled, duplicate_webhooks=int(shuffled)
    )
    content = town.ask("notice")
    town.recover()
    everybody_once(town, content)


def test_throttling(town: FaultTown) -> None:
    """130429 slows the whole number down: nobody fails, nobody gets two, the pace comes back."""
    town.control("settings", throughput=20)  # few: a slow machine must go too fast as well
    content = town.ask("notice")
    town.until(lambda: waiting(town, content) > 0, "Il primo 130429")
    town.until(lambda: throttle(town) < 1, "Il passo più lento")
    town.recover(lambda: forgive(town))
    everybody_once(town, content)
    town.sql("update whatsapp_channel set next_slot_at = now()")

    def full_pace() -> bool:
        town.sweep()
        return throttle(town) == 1

    town.until(full_pace, "Il ritorno al passo pieno")


def throttle(town: FaultTown) -> float:
    [(share,)] = town.sql("select throttle from whatsapp_channel")
    return float(share)


def forgive(town: FaultTown) -> bool:
    """The number's pause after «too fast» is over."""
    town.sql("update whatsapp_channel set next_slot_at = least(next_slot_at, now())")
    return True
