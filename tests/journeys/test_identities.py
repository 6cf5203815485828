"""People without a number, and people who change it: the whole service over real HTTP, with real workers."""

import pytest

from tests.journeys.town import Phone, Town

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("journeys")]

GIUSEPPE, CONCETTA, SALVO = "t2", "t3", "t4"
NEW_NUMBER = "+393401119902"
SEND = """
from django.contrib.auth.models import User
from broadcasts import approval, sending
from broadcasts.models import Broadcast, Category
user = User.objects.get(username="segreteria")
category = Category.objects.get(slug="viabilita")
notice = Broadcast.objects.create(category=category, title={title!r}, text="Lavori.", author=user)
sending.send(approval.submit(notice, user), User.objects.get(username="responsabile"))
"""
OUTCOME = """
select m.state, m.reason from whatsapp_message m join broadcasts_broadcast b on b.content_id = m.content_id
where b.title = %s
"""


def send_notice(town: Town, title: str) -> None:
    town.manage("shell", "-c", SEND.format(title=title))


def subscribe(phone: Phone) -> None:
    phone.ask("ISCRIZIONE ON", "Benvenuto")


def leave(phone: Phone) -> None:
    phone.ask("ISCRIZIONE OFF", "non riceverai più")


def test_a_citizen_without_a_visible_number(town: Town) -> None:
    salvo = Phone(town, SALVO)
    subscribe(salvo)
    [(number,)] = town.sql("select phone from whatsapp_contact where profile_name like 'Salvo%%'")
    assert number is None
    send_notice(town, "Via Salvo chiusa")
    salvo.wait_for("Via Salvo chiusa", kind="template")
    salvo.send(type="text", text="C'è una buca in via Garibaldi")
    salvo.wait_for("Abbiamo ricevuto la segnalazione")
    leave(salvo)


def test_a_subscription_follows_a_change_of_number(town: Town) -> None:
    giuseppe, concetta = Phone(town, GIUSEPPE), Phone(town, CONCETTA)
    subscribe(giuseppe)
    subscribe(concetta)
    town.control(f"phones/{GIUSEPPE}/identity", number=NEW_NUMBER)
    known = "select count(*) from whatsapp_contact where phone = %s"
    town.until(lambda: town.sql(known, NEW_NUMBER) == [(1,)], "Il cambio di numero")
    send_notice(town, "Via Giuseppe chiusa")
    giuseppe.wait_for("Via Giuseppe chiusa", kind="template")
    concetta.wait_for("Via Giuseppe chiusa", kind="template")

    # Who left stays out, though the number is another.
    leave(giuseppe)
    before = len(giuseppe.received())
    town.control(f"phones/{GIUSEPPE}/identity", number=None)
    hidden = "select count(*) from whatsapp_contact where phone is null and profile_name like 'Giuseppe%%'"
    town.until(lambda: town.sql(hidden) == [(1,)], "Il numero nascosto")
    send_notice(town, "Via Lunga chiusa")
    concetta.wait_for("Via Lunga chiusa", kind="template")
    assert len(giuseppe.received()) == before
    assert len(town.sql(OUTCOME, "Via Lunga chiusa")) == 1
    leave(concetta)
