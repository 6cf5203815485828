"""Deaths in the sweep and at the webhook's door; and at random."""

import random
import time
from collections import Counter

import pytest

from regalbuto_urp.local import free_port
from tests.faults.stage import GONE, PEOPLE, WORKERS, FaultTown, check_once
from tests.faults.test_crash_points import check_welcomed, die, pass_two_minutes
from whatsapp.delivery import SLOTS

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults"), pytest.mark.timeout(1800)]

KILLS_IN_A_ROUND = 4


def test_sweep_dies_after_marking_lost_attempts(town: FaultTown, rounds: int, seed: int) -> None:
    drawn = random.Random(f"{seed} lost_marked")
    for _ in range(rounds):
        content = lose_some(town, "bulk", "viabilita", drawn)
        die(town, "bulk", "lost_marked", town.sweep)
        assert town.count(content)["uncertain"], "the dead sweep's work was undone"
        town.recover()
        check_once(town, content, at_most_uncertain=SLOTS)
        town.clear()


def test_sweep_dies_after_the_second_chance_of_alerts(town: FaultTown, rounds: int, seed: int) -> None:
    drawn = random.Random(f"{seed} alerts_retried")
    for _ in range(rounds):
        content = lose_some(town, "alert", "allerta-meteo", drawn)
        town.recover()
        check_once(town, content, at_most_uncertain=SLOTS)
        pass_two_minutes(town)
        die(town, "bulk", "alerts_retried", town.sweep)
        assert not town.count(content)["uncertain"], "the dead sweep's work was undone"
        town.recover()
        check_once(town, content, at_most_uncertain=0)
        town.clear()


def lose_some(town: FaultTown, worker: str, category: str, drawn: random.Random) -> int:
    """A notice whose worker died in mid-call; its content."""
    contents: list[int] = []
    crash = f"before_call:{drawn.randint(1, 60)}"
    die(town, worker, crash, lambda: contents.append(town.ask("notice", slug=category)))
    return contents[0]


def test_alert_that_arrived_unknown_to_us_is_sent_once_more_and_counted(town: FaultTown) -> None:
    """The only second hand-over there is (DESIGN 5.1): its statuses were lost with the answer."""
    contents: list[int] = []
    town.control("settings", delay=3600.0)  # no status comes of these
    # Not before_record: it is reached without an answer too, when the first one takes long.
    die(
        town,
        "alert",
        "after_call:10",
        lambda: contents.append(town.ask("notice", slug="allerta-meteo")),
    )
    first = town.arrived(contents[0])
    assert max(first.values()) == 1
    town.control("settings", delay=0.02)
    town.raise_all()
    town.sweep()
    town.until(lambda: not town.count(contents[0])["in_flight"], "Gli incerti")
    pass_two_minutes(town)

    def again() -> bool:
        town.sweep()
        counts = town.count(contents[0])
        return sum(counts[state] for state in GONE) == len(PEOPLE)

    town.until(again, "Il secondo tentativo")
    arrived = town.arrived(contents[0])
    attempts = dict(
        town.sql(
            "select c.phone, count(a.id) from whatsapp_message m "
            "join whatsapp_attempt a on a.message_id = m.id "
            "join whatsapp_contact c on c.id = m.contact_id where m.content_id = %s group by c.phone",
            contents[0],
        )
    )
    assert set(arrived) == set(PEOPLE)
    assert max(arrived.values()) == 2, "nobody's first hand-over had arrived"
    assert all(attempts[number] == 2 for number, count in arrived.items() if count == 2)
    assert max(attempts.values()) == 2


def test_web_dies_between_storing_and_answering(town: FaultTown, rounds: int) -> None:
    """The provider posts again what was not answered: it is taken in once."""
    port = free_port()
    for round_ in range(rounds):
        number = f"+39340609{round_:04}"
        town.raise_one("web", crash="event_stored", as_name="dying-web", port=port)
        town.until(lambda: refused(town, port), "Il sito che muore")
        deaths = town.crashes("event_stored")
        body = joining(number, f"wamid.stored{round_}")
        assert town.post(body, port=port) == 0, "it answered"
        assert town.crashes("event_stored") == deaths + 1
        town.strike("dying-web")
        assert town.post(body) == 200
        town.recover()
        check_welcomed(town, number)


def refused(town: FaultTown, port: int) -> bool:
    """It answers, without having stored anything."""
    return town.get(f"http://127.0.0.1:{port}/webhooks/cloud_api/") == 403


def joining(number: str, message_id: str) -> dict[str, object]:
    """The webhook of a citizen who joins."""
    return citizens_message(number, message_id, "ISCRIZIONE ON")


def citizens_message(number: str, message_id: str, text: str) -> dict[str, object]:
    who = number.removeprefix("+")
    message = {
        "from": who, "id": message_id, "timestamp": str(int(time.time())), "type": "text",
        "text": {"body": text},
    }  # fmt: skip
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "393665340900", "phone_number_id": "106540352242922"},
        "contacts": [{"profile": {"name": "Prova"}, "wa_id": who}],
        "messages": [message],
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}],
    }


def test_kills_at_random(town: FaultTown, random_kills: int, seed: int) -> None:
    """Random workers die at random moments of a notice, while citizens write and an alert goes."""
    print(f"SEED={seed}")
    drawn = random.Random(seed)
    totals: Counter[str] = Counter()
    for round_ in range(random_kills // KILLS_IN_A_ROUND):
        town.control("settings", answer_delay=0.1)
        contents = {"bulk": town.ask("notice"), "alert": town.ask("notice", slug="allerta-meteo")}
        newcomers = [f"+3934061{round_:04}{one}" for one in range(3)]
        for number in newcomers:
            town.write_as(number, "ISCRIZIONE ON")
        kills = Counter(kill_one(town, drawn) for _ in range(KILLS_IN_A_ROUND))
        town.recover()
        for lane, content in contents.items():
            totals += check_once(town, content, at_most_uncertain=SLOTS * kills[lane])
        for number in newcomers:
            check_welcomed(town, number)
        totals["kills"] += KILLS_IN_A_ROUND
        town.clear()
    print(f"SEED={seed}", dict(totals))


def kill_one(town: FaultTown, drawn: random.Random) -> str:
    """After a random while; whatever was under way in it is a minute old when the next one starts."""
    worker = drawn.choices(WORKERS, weights=[3, 2, 5])[0]
    time.sleep(drawn.uniform(0, 0.6))
    town.strike(worker)
    town.age_silent([worker])
    town.raise_one(worker)
    town.sweep()
    return worker
