"""What a notice costs and the month has cost, whatever the prices become."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from broadcasts import audience, costs, limits, sending
from broadcasts.errors import NotAllowed
from broadcasts.models import Broadcast, Budget, Price
from broadcasts.types import State
from regalbuto_urp.demo import clock
from tests.broadcasts.test_admin import text_of
from tests.factories.broadcasts import BroadcastFactory, SubscribedContactFactory
from tests.factories.whatsapp import ContentFactory, OutboundMessageFactory
from whatsapp import channels
from whatsapp.models import Contact, Message
from whatsapp.types import Lane
from whatsapp.types import State as MessageState

pytestmark = pytest.mark.django_db
ROME = ZoneInfo("Europe/Rome")
NOON = datetime(2026, 11, 18, 12, 0, tzinfo=ROME)


@pytest.fixture
def seeded() -> list[Price]:
    return list(Price.objects.all())


@pytest.fixture(autouse=True)
def _table(seeded: list[Price]) -> None:
    """Only the prices a test sets."""
    Price.objects.all().delete()


def price(day: date, euro: str, kind: str = "utility", **more: Any) -> Price:
    return Price.objects.create(day=day, kind=kind, euro=Decimal(euro), **more)


def budget(euro: str, month: date = date(2020, 1, 1)) -> Budget:
    return Budget.objects.create(month=month, euro=Decimal(euro))


def estimate(notice: Broadcast) -> costs.Estimate:
    people = audience.of(audience.rule(notice))
    found = costs.estimate(notice, people, people.count())
    assert found
    return found


def test_the_latest_price_that_has_begun_counts() -> None:
    price(date(2026, 1, 1), "0.03")
    price(date(2026, 10, 1), "0.05")
    price(date(2027, 1, 1), "0.09")
    price(date(2026, 11, 1), "0.5", "marketing")
    table = costs.Prices()
    assert table.of(date(2026, 9, 30), "utility", 10) == Decimal("0.3")
    assert table.of(date(2026, 10, 1), "utility", 10) == Decimal("0.5")
    assert table.of(date(2025, 1, 1), "utility", 10) == 0


def test_the_seeded_prices_know_the_change_of_october_2026(seeded: list[Price]) -> None:
    Price.objects.bulk_create(seeded)
    table = costs.Prices()
    before, after = (table.on(day, "utility") for day in (date(2026, 9, 30), date(2026, 10, 1)))
    assert before
    assert after
    assert (before.free_in_window, after.free_in_window) == (True, False)
    service = table.on(date(2026, 10, 1), "service")
    assert service
    assert service.free_monthly == 1000
    assert all(row.note for row in table.rows)


def test_who_wrote_today_is_free_only_where_the_price_says_so(
    notice: Broadcast, people: list[Contact]
) -> None:
    row = price(date(2020, 1, 1), "0.10", free_in_window=True)
    Contact.objects.filter(pk=people[0].pk).update(window_expires_at=timezone.now() + timedelta(hours=1))
    assert (estimate(notice).free, estimate(notice).euro) == (1, Decimal("0.20"))
    row.free_in_window = False
    row.save()
    assert (estimate(notice).free, estimate(notice).euro) == (0, Decimal("0.30"))


def test_without_a_price_nothing_is_estimated(notice: Broadcast, people: Any) -> None:
    assert costs.estimate(notice, audience.of(audience.rule(notice)), 3) is None
    assert not limits.outlook(notice, audience.of(audience.rule(notice)), 3).tick


def test_the_month_is_what_left_and_what_is_under_way(notice: Broadcast, staff: Any) -> None:
    price(date(2020, 1, 1), "0.10")
    with clock.at(timezone.localtime().replace(day=1, hour=0) - timedelta(days=2)):
        sending.send(BroadcastFactory(), staff)
    sent = sending.send(notice, staff)
    assert costs.month().spent == Decimal("0.30")  # all three are still to go, and will cost
    first, second, third = Message.objects.filter(content=sent.content)
    for message, state in ((first, MessageState.READ), (second, MessageState.FAILED)):
        Message.objects.filter(pk=message.pk).update(state=state)
    assert costs.month().spent == Decimal("0.20")
    sending.stop(sent, staff)
    Message.objects.filter(pk=third.pk).update(state=MessageState.SKIPPED)
    assert costs.month().spent == Decimal("0.10")


def test_answers_cost_beyond_the_free_ones() -> None:
    price(date(2020, 1, 1), "0.10", "service", free_monthly=2)
    for _ in range(5):
        OutboundMessageFactory(
            content=ContentFactory(), lane=Lane.REPLY, state=MessageState.SENT, accepted_at=timezone.now()
        )
    assert costs.month().spent == Decimal("0.30")


def test_a_budget_holds_until_the_next_one() -> None:
    assert costs.month().budget is None
    assert not costs.month().exceeded(Decimal(5))
    budget("80", date(2020, 1, 1))
    budget("50", date(2020, 6, 1))
    budget("9", date(2999, 1, 1))
    assert costs.month().budget == 50


@given(
    spent=st.decimals(0, 5000, places=2),
    this=st.decimals(0, 500, places=2),
    budgeted=st.none() | st.decimals(0, 5000, places=2),
)
def test_the_bar_is_never_longer_than_itself(spent: Decimal, this: Decimal, budgeted: Decimal | None) -> None:
    month = costs.Month(day=date(2026, 11, 1), spent=spent, budget=budgeted)
    pieces = month.pieces(this)
    assert sum(piece.segment.width for piece in pieces) == pytest.approx(100 if pieces else 0, abs=0.1)
    assert month.exceeded(this) == (budgeted is not None and this > 0 and spent + this > budgeted)


def test_over_the_budget_one_says_so_and_an_alert_goes_anyway(notice: Broadcast, people: Any) -> None:
    price(date(2020, 1, 1), "0.10")
    budget("0.25")
    with pytest.raises(NotAllowed, match="supera la spesa prevista"):
        limits.refuse_over_budget(notice, known=False)
    limits.refuse_over_budget(notice, known=True)
    alert = BroadcastFactory(slug="allerta-meteo")
    limits.refuse_over_budget(alert, known=False)
    outlook = limits.outlook(alert, audience.of(audience.rule(alert)), 3)
    assert (outlook.exceeded, outlook.tick) == (True, False)


def test_the_click_over_the_budget_wants_the_tick(office: Client, notice: Broadcast, page_of: Any) -> None:
    price(date(2020, 1, 1), "0.10")
    budget("0.25")
    html = text_of(office.get(page_of(notice, "invia")))
    assert "Circa 0,30 €" in html
    assert "Supera di <strong>0,05 €</strong>" in html
    digest = html.split('name="digest" value="')[1][:64]
    refused = text_of(office.post(page_of(notice, "invia"), {"digest": digest}, follow=True))
    assert "segna «So che supera la spesa prevista»" in refused
    notice.refresh_from_db()
    assert notice.state == State.DRAFT
    office.post(page_of(notice, "invia"), {"digest": digest, "over_budget": "on"})
    notice.refresh_from_db()
    assert notice.state == State.HOLDING


@pytest.mark.parametrize(
    ("hour", "told"), [(7, True), (8, False), (12, False), (20, False), (21, True), (23, True), (0, True)]
)
def test_quiet_hours_are_a_word_of_advice(hour: int, told: bool, notice: Broadcast) -> None:
    with clock.at(NOON.replace(hour=hour)):
        warnings = limits.outlook(notice, Contact.objects.none(), 3).warnings
        alert = limits.outlook(BroadcastFactory(slug="allerta-meteo"), Contact.objects.none(), 3)
    assert any("molti dormono" in warning for warning in warnings) == told
    assert alert.warnings == []


def test_too_many_notices_in_a_week_are_a_word_of_advice(notice: Broadcast, staff: Any) -> None:
    def told() -> bool:
        warnings = limits.outlook(notice, Contact.objects.none(), 3).warnings
        return any("spingono le persone a cancellarsi" in warning for warning in warnings)

    for number in range(limits.WEEKLY_CAP):
        assert not told()
        sending.send(BroadcastFactory(), staff) if number else sending.hold(BroadcastFactory(), staff)
    assert told()
    Broadcast.objects.exclude(pk=notice.pk).update(category=BroadcastFactory(slug="servizi").category)
    assert not told()


def test_what_whatsapp_allows_keeps_a_share_for_alerts(notice: Broadcast) -> None:
    channel = channels.current()
    channel.tier, channel.reached_today = "TIER_250", 100
    channel.save()
    people = audience.of(audience.rule(notice))
    assert "ancora a 100 persone" in limits.outlook(notice, people, 3).day
    assert "50 riservate alle allerte" in limits.outlook(notice, people, 3).day
    alert = BroadcastFactory(slug="allerta-meteo")
    assert "ancora a 150 persone" in limits.outlook(alert, people, 3).day
    assert "restano 100: 20 dei 120 messaggi" in limits.outlook(notice, people, 120).warnings[0]


def test_the_check_page_asks_the_same_however_many(
    office: Client, notice: Broadcast, staff: Any, page_of: Any, django_assert_max_num_queries: Any
) -> None:
    price(date(2020, 1, 1), "0.10", free_in_window=True)
    budget("100")
    office.get(page_of(notice, "invia"))
    SubscribedContactFactory.create_batch(20)
    for _ in range(6):
        sending.send(BroadcastFactory(), staff)
    with django_assert_max_num_queries(45):
        office.get(page_of(notice, "invia"))
