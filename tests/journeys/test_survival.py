"""Workers killed, a broker emptied, in the middle of a notice: the sweep completes it, nobody twice."""

import re

import pytest

from tests.journeys.town import Town

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("journeys"), pytest.mark.timeout(600)]

PEOPLE = 150
# Messages a second: the notice takes ten seconds, so that the worker never dies too late.
SLOW = 15
SUBSCRIBE = f"""
from subscribers import consent
from whatsapp.models import Contact
for n in range({PEOPLE}):
    consent.subscribe(Contact.objects.create(phone=f"+3934022{{n:05}}"))
"""
SEND = """
from django.contrib.auth.models import User
from broadcasts import approval, sending
from broadcasts.models import Broadcast, Category
user = User.objects.get(username="segreteria")
category = Category.objects.get(slug="viabilita")
notice = Broadcast.objects.create(category=category, title="Via Roma chiusa", text="Lavori.", author=user)
sending.send(approval.submit(notice, user), User.objects.get(username="responsabile"))
print("notice", notice.pk)
"""
STATES = """
select m.state, count(*)
from whatsapp_message m join broadcasts_broadcast b on b.content_id = m.content_id
where b.id = %s group by m.state
"""
UNDER_WAY = {"queued", "in_flight"}
GONE = {"accepted", "sent", "delivered", "read"}


def states(town: Town, notice: int) -> dict[str, int]:
    return dict(town.sql(STATES, notice))


def test_killed_worker_and_emptied_broker(town: Town) -> None:
    town.manage("shell", "-c", SUBSCRIBE)
    assert town.sql("update whatsapp_channel set pace = %s returning id", SLOW)
    town.control("settings", answer_delay=0.4)  # so that calls are under way when the worker dies
    notice = int(re.findall(r"notice (\d+)", town.manage("shell", "-c", SEND))[0])

    town.until(lambda: sum(states(town, notice).get(state, 0) for state in GONE) > 10, "L'invio")
    town.kill("bulk")
    assert states(town, notice).get("queued", 0) > 10, "the notice was over before the worker died"
    town.empty_broker()
    town.sql("update whatsapp_channel set pace = null")
    town.control("settings", answer_delay=0)
    town.start_process("bulk")

    town.until(lambda: "queued" not in states(town, notice), "La ripresa dell'invio")
    town.until(lambda: not UNDER_WAY & states(town, notice).keys(), "La fine dell'invio")

    counts = [town.received(f"+3934022{n:05}") for n in range(PEOPLE)]
    assert max(counts) == 1, "somebody got it twice"
    final = states(town, notice)
    [(subscribed,)] = town.sql("select count(*) from subscribers_subscriber where state = 'active'")
    assert sum(final.values()) == subscribed, "somebody was forgotten"
    # Nobody is missing but those whose hand-over the kill cut short, and they are in plain sight.
    assert counts.count(0) <= final.get("uncertain", 0)
    assert set(final) <= GONE | {"uncertain"}
