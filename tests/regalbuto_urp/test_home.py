"""The home page says what waits, to each role what concerns it, and what to do when nothing does."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from broadcasts.models import Budget
from regalbuto_urp import home
from regalbuto_urp.demo import clock
from reports import assembling
from subscribers import consent
from subscribers.models import Policy
from tests.factories.broadcasts import BroadcastFactory
from tests.factories.whatsapp import (
    ContactFactory,
    ContentFactory,
    InboundMessageFactory,
    OutboundMessageFactory,
)
from whatsapp import channels
from whatsapp.types import State

pytestmark = pytest.mark.django_db


OFFICE = ("Redazione", "Segnalazioni")


def enter(client: Client, *roles: str) -> Client:
    user = User.objects.create_user(roles[0].lower(), is_staff=True)
    user.groups.set(Group.objects.filter(name__in=roles))
    client.force_login(user)
    return client


def test_empty_home_says_so_and_what_to_do(client: Client) -> None:
    page = enter(client, *OFFICE).get("/admin/").content.decode()
    assert "Che cosa c&#x27;è da fare" in page
    assert "Nessuna segnalazione in attesa." in page
    assert "Nessun avviso in invio." in page
    assert "Scrivi un avviso" in page


def test_reports_waiting_most_serious_first(client: Client) -> None:
    assembling.receive(InboundMessageFactory(text="Panchina rotta in villa"))
    assembling.receive(InboundMessageFactory(text="Odore di gas vicino alla scuola"))
    page = enter(client, *OFFICE).get("/admin/adesso/").content.decode()
    assert page.index("Odore di gas") < page.index("Panchina rotta")
    assert "pericolo" in page


def test_what_a_citizen_writes_is_shown_as_text(client: Client) -> None:
    assembling.receive(InboundMessageFactory(text="<script>alert(1)</script> buca in via Roma"))
    page = enter(client, *OFFICE).get("/admin/adesso/").content.decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_paused_channel_and_uncertain_messages_are_told(client: Client) -> None:
    channels.pause(channels.current(), "qualità bassa")
    OutboundMessageFactory(state=State.UNCERTAIN)
    page = enter(client, *OFFICE).get("/admin/adesso/").content.decode()
    assert "in pausa" in page
    assert "qualità bassa" in page
    assert "state__exact=uncertain" in page


CARDS = {
    "Redazione": {"waiting", "notices", "channel", "arrivals", "money"},
    "Approvazione": {"waiting", "notices", "channel", "subscribers", "arrivals", "money"},
    "Segnalazioni": {"reports", "channel", "subscribers", "states"},
    "Revisori": {"waiting", "notices", "subscribers", "arrivals", "money"},
    "Amministratori": {"administration", "channel", "money"},
}


@pytest.mark.parametrize("role", CARDS)
def test_cards_of_a_role(client: Client, role: str) -> None:
    response = enter(client, role).get("/admin/")
    assert set(response.context["cards"]) == CARDS[role]
    assert response.status_code == 200


def test_auditors_cannot_write_notices(client: Client) -> None:
    assert "Scrivi un avviso" not in enter(client, "Revisori").get("/admin/").content.decode()


@pytest.mark.parametrize("path", ["/admin/", "/admin/adesso/"])
def test_strangers_see_nothing(client: Client, path: str) -> None:
    assert client.get(path).status_code == 302


def test_subscribers_by_month_go_on_where_nothing_happened() -> None:
    now = timezone.now()
    Policy.objects.update(in_force_from=now - timedelta(days=200))
    for days in (100, 95, 3):
        with clock.at(now - timedelta(days=days)):
            consent.subscribe(ContactFactory())
    months = home.subscribers(User(is_superuser=True))["months"]
    assert [count for _month, count in months][-1] == 3
    assert len(months) >= 4
    assert [month for month, _count in months] == sorted({month for month, _count in months})
    assert months[-1][0] == date(timezone.localdate().year, timezone.localdate().month, 1)


def test_the_last_weeks_notices_are_a_plot(client: Client) -> None:
    assert "Nessun messaggio arrivato" in enter(client, "Revisori").get("/admin/").content.decode()
    old, new = BroadcastFactory.create_batch(2)
    for notice, days, totals in (
        (old, 70, {"read": 9}),
        (new, 0, {"read": 30, "delivered": 10, "failed": 5}),
    ):
        notice.state, notice.totals = "completed", totals
        notice.content = ContentFactory()
        notice.started_at = notice.expires_at = timezone.now() - timedelta(days=days)
        notice.finished_at = timezone.now() - timedelta(days=30)
        notice.save()
    card = home.arrivals(User(is_superuser=True))
    assert card["notices"] == 1
    assert [group.values for group in card["plot"].groups] == [(0, 0)] * 7 + [(40, 30)]
    assert "40 arrivati, 30 letti" in client.get("/admin/").content.decode()


def test_the_months_money_is_for_who_may_see_it(client: Client) -> None:
    assert "Nessuno ha ancora fissato" in enter(client, "Redazione").get("/admin/").content.decode()
    Budget.objects.create(month=date(2020, 1, 1), euro=80)
    assert "su 80,00 €" in client.get("/admin/").content.decode()
    assert "Spesa di" not in enter(client, "Segnalazioni").get("/admin/").content.decode()


def test_home_asks_a_constant_number_of_questions(client: Client, django_assert_max_num_queries: Any) -> None:
    enter(client, *OFFICE).get("/admin/")
    for number in range(8):
        assembling.receive(InboundMessageFactory(text=f"Buca numero {number} in via Roma"))
    with django_assert_max_num_queries(44):
        client.get("/admin/")
