"""What a notice costs and what the month has cost, from the price table and our own counts (feature 27).

Estimates, on the safe side: whatever WhatsApp took counts, though it charges only what it delivers.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, QuerySet
from django.utils import timezone

from broadcasts import progress, rendering
from broadcasts.models import Broadcast
from broadcasts.tables import Budget, Price
from whatsapp import charts
from whatsapp.models import Contact, Message
from whatsapp.types import Lane, State

NOTHING, CENT = Decimal(0), Decimal("0.01")
_SPENT = (State.ACCEPTED, State.SENT, State.DELIVERED, State.READ)


class Prices:
    """The price table, read once."""

    def __init__(self) -> None:
        self.rows = list(Price.objects.order_by("-day"))

    def on(self, day: date, kind: str) -> Price | None:
        """The row in force that day."""
        return next((row for row in self.rows if row.kind == kind and row.day <= day), None)

    def of(self, day: date, kind: str, messages: int) -> Decimal:
        """What so many messages cost, not rounded; what has no price costs nothing."""
        price = self.on(day, kind)
        return price.euro * messages if price else NOTHING


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What sending a notice now would cost."""

    price: Price
    people: int
    free: int  # those who wrote within 24 hours, where that is free

    @property
    def paid(self) -> int:
        return self.people - self.free

    @property
    def euro(self) -> Decimal:
        return (self.price.euro * self.paid).quantize(CENT)


@dataclass(frozen=True)
class Piece:
    """A part of the month's money, and where it stands in the bar."""

    euro: Decimal
    segment: charts.Segment


@dataclass(frozen=True, kw_only=True)
class Month:
    """Spent so far; `budget` is None where nobody has set one."""

    day: date
    spent: Decimal
    budget: Decimal | None

    def left(self, this: Decimal = NOTHING) -> Decimal:
        """What remains after a notice; negative when it is too much."""
        return (self.budget or NOTHING) - self.spent - this

    def exceeded(self, this: Decimal) -> bool:
        """Would a notice that costs this go over the budget?"""
        return self.budget is not None and this > 0 and self.left(this) < 0

    def pieces(self, this: Decimal = NOTHING) -> list[Piece]:
        """Spent, this notice, what is left: the bar, and in words."""
        parts = [
            ("già speso", self.spent, "blue"),
            ("questo avviso", this, "red" if self.exceeded(this) else "amber"),
            ("resta", max(NOTHING, self.left(this)), "grey"),
        ]
        euros = {label: euro for label, euro, _colour in parts}
        cents = charts.segments([(label, int(euro * 100), colour) for label, euro, colour in parts])
        return [Piece(euros[s.label], s) for s in cents]


def estimate(
    notice: Broadcast, people: QuerySet[Contact], reached: int, prices: Prices | None = None
) -> Estimate | None:
    """What it would cost to send it to so many of these people; None: no template, or no price for it.

    Args:
        prices: the table, if it has been read already.
    """
    template = rendering.model(notice.category, notice.header)
    price = (prices or Prices()).on(timezone.localdate(), template.category) if template else None
    if price is None:
        return None
    writing = people.filter(window_expires_at__gt=timezone.now()).count() if price.free_in_window else 0
    return Estimate(price=price, people=reached, free=min(writing, reached))


def month(prices: Prices | None = None) -> Month:
    """The month so far: its notices by their counts, the answers beyond the free ones. Four queries, and one
    for the price table unless it has been read already."""
    begin = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    budget = Budget.objects.filter(month__lte=begin.date()).order_by("-month").first()
    prices = prices or Prices()
    spent = _notices(begin, prices) + _answers(begin, prices)
    return Month(day=begin.date(), spent=spent.quantize(CENT), budget=budget.euro if budget else None)


def _notices(begin: datetime, prices: Prices) -> Decimal:
    """What the notices that left since then have cost, and will when those under way have arrived."""
    sent = Broadcast.objects.filter(started_at__gte=begin).select_related("content__template")
    found = progress.counts_of(list(sent))
    return sum(
        (
            prices.of(
                timezone.localdate(notice.started_at),
                notice.content.template.category,
                found[notice.pk].handed_over + found[notice.pk].queued,
            )
            for notice in sent
            if notice.content and notice.content.template
        ),
        NOTHING,
    )


def _answers(begin: datetime, prices: Prices) -> Decimal:
    """Answers and trials of notices: with a template at its price, else as service beyond the free ones."""
    taken = Message.objects.filter(lane=Lane.REPLY, inbound=False, accepted_at__gte=begin, state__in=_SPENT)
    rows = taken.values_list("content__template__category").annotate(n=Count("pk"))
    return sum((_answer(prices, category, count) for category, count in rows), NOTHING)


def _answer(prices: Prices, category: str | None, count: int) -> Decimal:
    kind = category or Price.Kind.SERVICE
    price = prices.on(timezone.localdate(), kind)
    return prices.of(timezone.localdate(), kind, max(0, count - price.free_monthly)) if price else NOTHING
