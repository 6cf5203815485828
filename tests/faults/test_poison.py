"""Messages made to stop the service, to real workers: an OFF from another phone does not wait for them."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.faults.stage import PEOPLE, FaultTown, Stalls
from tests.faults.test_crash_elsewhere import citizens_message
from tests.security.adversarial import costly_messages

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults"), pytest.mark.timeout(900)]

LEAVING = PEOPLE[5::20]
# Seconds from the webhook's answer, and megabytes of a worker at its largest.
AT_ONCE, MEMORY = 1.0, 300


def test_an_off_does_not_wait_for_ten_adversarial_messages(town: FaultTown) -> None:
    texts = costly_messages(random.Random(5), drawn=40)
    with Stalls() as stalls:
        for turn, number in enumerate(LEAVING):
            for n, text in enumerate(texts[turn * 10 : turn * 10 + 10]):
                sender = f"+3934099{turn:02}{n:03}"
                assert town.post(citizens_message(sender, f"wamid.poison{turn}.{n}", text)) == 200
            assert town.post(citizens_message(number, f"wamid.off.poison{turn}", "ISCRIZIONE OFF")) == 200
        town.until(lambda: not unhandled(town), "La lettura di tutti i messaggi")
    waited = town.sql(
        "select extract(epoch from m.handled_at - e.received_at)::float8 from whatsapp_message m "
        "join whatsapp_webhookevent e on position(convert_to(m.provider_id || '\"', 'UTF8') in e.body) > 0 "
        "where m.provider_id like %s",
        "wamid.off.poison%",
    )
    assert len(waited) == len(LEAVING)
    assert max(seconds for (seconds,) in waited) < AT_ONCE + stalls.worst
    states = town.sql(
        "select s.state from subscribers_subscriber s join whatsapp_contact c on c.id = s.contact_id "
        "where c.phone = any(%s)",
        LEAVING,
    )
    assert {state for (state,) in states} == {"left"}
    assert largest(town) < MEMORY
    assert not town.sql("select 1 from whatsapp_message where set_aside_at is not null")


def unhandled(town: FaultTown) -> Any:
    return town.sql("select 1 from whatsapp_webhookevent where handled_at is null") or town.sql(
        "select 1 from whatsapp_message where inbound and handled_at is null"
    )


def largest(town: FaultTown) -> float:
    """Megabytes that the largest worker has ever held."""
    peaks = []
    for worker in ("alert", "reply", "bulk"):
        lines = Path(f"/proc/{town.pids[worker]}/status").read_text().splitlines()
        [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
        peaks.append(int(peak) / 1024)
    return max(peaks)
