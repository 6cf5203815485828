"""OFF wins: nothing is handed over from one second after its webhook was answered (DESIGN 5.2)."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import pytest

from tests.faults.stage import GONE, PEOPLE, FaultTown
from tests.faults.test_crash_elsewhere import citizens_message

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("faults")]

# Messages a second: the notice takes four seconds.
SLOW = 25.0
# 17,500 receipts in all, as of a notice to the whole town.
STATUSES, WEBHOOKS_EACH = 500, 4
COMMIT = 0.2  # seconds
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


def test_off_in_the_middle_of_a_notice(town: FaultTown) -> None:
    town.ask("slow_down", pace=SLOW)
    content = town.ask("notice")
    town.until(lambda: sum(town.count(content)[state] for state in GONE) > 10, "L'invio")
    attempts = town.sql("select provider_id, opaque_id from whatsapp_attempt where provider_id is not null")
    answered: dict[str, float] = {}
    with ThreadPoolExecutor(4) as pool:
        flood = []
        for number in LEAVING:
            flood += [pool.submit(town.post, receipts(attempts)) for _ in range(WEBHOOKS_EACH)]
            body = citizens_message(number, f"wamid.off{number}", "ISCRIZIONE OFF")
            assert town.post(body) == 200
            answered[number] = time.time()
        assert all(one.result() == 200 for one in flood)
    [(unread,)] = town.sql("select count(*) from whatsapp_webhookevent where handled_at is null")
    assert unread, "the receipts were read before they could be in the way"
    town.until(lambda: not town.count(content)["queued"], "La fine dell'avviso")
    town.recover()

    off_read, claimed = moments(town, content)
    # A claim that asked while the OFF was being committed is right to go on: that takes milliseconds.
    assert not {who for who in LEAVING if claimed.get(who, 0) > off_read[who] + COMMIT}, (
        "claimed after the OFF was read"
    )
    given = {one["to"]: one["at"] for one in town.log_of_provider() if one["template"]}
    late = {
        who: f"{given[who] - answered[who]:.2f} s, read after {off_read[who] - answered[who]:.2f}"
        for who in LEAVING
        if given.get(who, 0) > answered[who] + 1
    }
    assert not late, f"handed over after the OFF: {late}"
    states = town.states(content)
    skipped = [number for number in LEAVING if states[number] == "skipped"]
    assert len(skipped) > len(LEAVING) / 2, "the notice was over before they left"
    reasons = town.sql(
        "select distinct reason from whatsapp_message where state = 'skipped' and content_id = %s", content
    )
    assert all("cancellat" in reason for (reason,) in reasons), reasons
    assert set(states.values()) <= {"skipped"} | GONE


def moments(town: FaultTown, content: int) -> tuple[dict[str, float], dict[str, float]]:
    """When each OFF was read, and when the hand-over of the notice was claimed, by number; Unix times."""
    read = town.sql(
        "select c.phone, extract(epoch from m.handled_at)::float8 from whatsapp_message m "
        "join whatsapp_contact c on c.id = m.contact_id where m.inbound and m.provider_id like 'wamid.off%%' "
        "and c.phone = any(%s)",
        LEAVING,
    )
    claimed = town.sql(
        "select c.phone, extract(epoch from a.started_at)::float8 from whatsapp_attempt a "
        "join whatsapp_message m on m.id = a.message_id join whatsapp_contact c on c.id = m.contact_id "
        "where m.content_id = %s",
        content,
    )
    return dict(read), dict(claimed)
