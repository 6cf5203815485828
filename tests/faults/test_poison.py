"""Messages made to stop the service, to real workers: an OFF from another phone does not wait for them."""

import os
import random
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.faults.stage import PEOPLE, FaultTown
from tests.faults.test_crash_elsewhere import citizens_message
from tests.security.adversarial import costly_messages

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults"), pytest.mark.timeout(900)]

LEAVING = PEOPLE[5::20]
# Seconds from the webhook's answer, and megabytes of a worker at its largest
AT_ONCE, MEMORY = 1.0, 300


def test_an_off_does_not_wait_for_ten_adversarial_messages(town: FaultTown) -> None:
    """The second is counted in the processor time of the process that reads: what else the machine does at
    the same time is not ours to bound."""
    texts = costly_messages(random.Random(5), drawn=40)
    for turn, number in enumerate(LEAVING):
        for n, text in enumerate(texts[turn * 10 : turn * 10 + 10]):
            sender = f"+3934099{turn:02}{n:03}"
            assert town.post(citizens_message(sender, f"wamid.poison{turn}.{n}", text)) == 200
        off = f"wamid.off.poison{turn}"
        assert town.post(citizens_message(number, off, "ISCRIZIONE OFF")) == 200
        answered, spent = time.monotonic(), processor_time(town, "reply")
        town.until(partial(handled, town, off), "La lettura della disiscrizione")
        waited = min(time.monotonic() - answered, processor_time(town, "reply") - spent)
        assert waited < AT_ONCE
        town.until(lambda: not unhandled(town), "La lettura degli altri messaggi")
    states = town.sql(
        "select s.state from subscribers_subscriber s join whatsapp_contact c on c.id = s.contact_id "
        "where c.phone = any(%s)",
        LEAVING,
    )
    assert {state for (state,) in states} == {"left"}
    assert largest(town) < MEMORY
    assert not town.sql("select 1 from whatsapp_message where set_aside_at is not null")


def handled(town: FaultTown, provider_id: str) -> bool:
    query = "select 1 from whatsapp_message where provider_id = %s and handled_at is not null"
    return bool(town.sql(query, provider_id))


def processor_time(town: FaultTown, worker: str) -> float:
    """Seconds of processor that a worker has used so far."""
    fields = Path(f"/proc/{town.pids[worker]}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
