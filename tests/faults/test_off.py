"""OFF wins: nothing is handed over from one second after its webhook was answered (DESIGN 5.2)."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import pytest

from tests.faults.conftest import LONG
from tests.faults.stage import GONE, PEOPLE, FaultTown, Missed, Stalls, tried_again
from tests.faults.test_crash_elsewhere import citizens_message

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults"), pytest.mark.timeout(900)]

# Messages a second: the notice takes more than six.
SLOW = 15.0
# 17,500 receipts in all, as of a notice to the whole town.
STATUSES, WEBHOOKS_EACH = 500, 4
# Seconds: how long an OFF's own commit may take, and the stall from which a clock tells of the machine only.
COMMIT, STALL = 0.2, 0.15
LEAVING = PEOPLE[30::8]


def receipts(attempts: list[tuple[str, str]]) -> dict[str, object]:
    """A webhook full of statuses about messages handed over already."""
    stamp = str(int(time.time()))
    told = islice(cycle(attempts), STATUSES)
    statuses = [
        {"id": id_, "status": "delivered", "timestamp": stamp, "recipient_id": "393405000000",
         "biz_opaque_callback_data": opaque}
        for id_, opaque in told
    ]  # fmt: skip
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "393665340900", "phone_number_id": "106540352242922"},
        "statuses": statuses,
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}],
    }


@tried_again
def test_off_in_the_middle_of_a_notice(town: FaultTown) -> None:
    """Two rules: nobody is claimed after their OFF was read, or handed over a second after it was answered.

    Both are read off clocks, which a machine that stands still falsifies. In `make faults`, which has the
    machine to itself, such a run shows nothing and is repeated. In `make test` other tests run beside it:
    there the first rule is granted the stall that was measured, and the second is judged only without one.
    """
    town.ask("slow_down", pace=SLOW)
    content = town.ask("notice")
    town.until(lambda: sum(town.count(content)[state] for state in GONE) > 20, "L'invio")
    attempts = town.sql("select provider_id, opaque_id from whatsapp_attempt where provider_id is not null")
    answered: dict[str, float] = {}
    with Stalls() as stalls:
        with ThreadPoolExecutor(4) as pool:
            flood = []
            for number in LEAVING:
                flood += [pool.submit(town.post, receipts(attempts)) for _ in range(WEBHOOKS_EACH)]
                body = citizens_message(number, f"wamid.off{content}.{number}", "ISCRIZIONE OFF")
                assert town.post(body) == 200
                answered[number] = time.time()
            assert all(one.result() == 200 for one in flood)
        town.until(lambda: not town.count(content)["queued"], "La fine dell'avviso")
    town.recover()

    states = town.states(content)
    assert set(states.values()) <= {"skipped"} | GONE
    reasons = town.sql(
        "select distinct reason from whatsapp_message where state = 'skipped' and content_id = %s", content
    )
    assert all("cancellat" in reason for (reason,) in reasons), reasons
    stalled = stalls.worst > STALL
    if stalled and LONG:
        raise Missed(f"the machine stood still for {stalls.worst:.2f} s")

    off_read, claimed = moments(town, content)
    # A claim that asked while the OFF was being committed is right to go on: that takes milliseconds.
    allowed = COMMIT + (stalls.worst if stalled else 0)
    assert not {who for who in LEAVING if claimed.get(who, 0) > off_read[who] + allowed}, (
        "claimed after the OFF was read"
    )
    given = {one["to"]: one["at"] for one in town.log_of_provider() if one["template"]}
    late = {
        who: f"{given[who] - answered[who]:.2f} s, read after {off_read[who] - answered[who]:.2f}"
        for who in LEAVING
        if given.get(who, 0) > answered[who] + 1
    }
    assert stalled or not late, f"handed over after the OFF: {late}"

    if sum(states[number] == "skipped" for number in LEAVING) <= len(LEAVING) / 2:
        raise Missed("the notice was over before they left")
    if sum(town.unread_at(moment) > 0 for moment in off_read.values()) <= len(LEAVING) / 2:
        raise Missed("the receipts were read before they could be in the way")


def moments(town: FaultTown, content: int) -> tuple[dict[str, float], dict[str, float]]:
    """When each OFF was read, and when the hand-over of the notice was claimed, by number; Unix times."""
    read = town.sql(
        "select c.phone, extract(epoch from m.handled_at)::float8 from whatsapp_message m "
        "join whatsapp_contact c on c.id = m.contact_id where m.inbound and m.provider_id like %s "
        "and c.phone = any(%s)",
        f"wamid.off{content}.%",
        LEAVING,
    )
    claimed = town.sql(
        "select c.phone, extract(epoch from a.started_at)::float8 from whatsapp_attempt a "
        "join whatsapp_message m on m.id = a.message_id join whatsapp_contact c on c.id = m.contact_id "
        "where m.content_id = %s",
        content,
    )
    return dict(read), dict(claimed)
