"""How it goes: how many, how long, how well; all of it counted by the database."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Aggregate, Avg, Count, DurationField, F, Q, QuerySet
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import TruncMonth
from django.utils import timezone

from reports.models import Report
from reports.states import OPEN

MONTHS = 12


class Median(Aggregate):
    """The middle value, in PostgreSQL's words; NULL where there is none."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


def _span(end: str) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(F(end) - F("opened_at"), output_field=DurationField())


@dataclass(frozen=True)
class Figures:
    """Of some reports. Times are None as long as nothing was answered, closed or rated."""

    received: int
    open: int
    overdue: int
    first_answer: timedelta | None  # median, to the first words of a person
    closing: timedelta | None  # median
    average: float | None  # of ratings, 1-5
    ratings: int

    @property
    def answered_in(self) -> str:
        """The time to the first answer, in words."""
        return in_words(self.first_answer)

    @property
    def closed_in(self) -> str:
        """The time to the end, in words."""
        return in_words(self.closing)


def _figures() -> dict[str, Aggregate]:
    return {
        "received": Count("pk"),
        "open": Count("pk", filter=Q(state__in=OPEN)),
        "overdue": Count("pk", filter=Q(state__in=OPEN, due_on__lt=timezone.localdate())),
        "first_answer": Median(_span("answered_at"), output_field=DurationField()),
        "closing": Median(_span("closed_at"), output_field=DurationField()),
        "average": Avg("rating"),
        "ratings": Count("rating"),
    }


def summary(reports: QuerySet[Report]) -> Figures:
    """Of all of them together."""
    return Figures(**reports.aggregate(**_figures()))


def by_category(reports: QuerySet[Report]) -> list[tuple[str, Figures]]:
    """Of each category that has some, the fullest first."""
    rows = reports.order_by().values("category__name").annotate(**_figures())
    found = [(row["category__name"] or "senza categoria", _read(row)) for row in rows]
    return sorted(found, key=lambda pair: -pair[1].received)


def by_month(reports: QuerySet[Report], months: int = MONTHS) -> list[tuple[date, Figures]]:
    """Of those received in each of the last months, the running one last; empty months are there too."""
    today = timezone.localdate()
    last = today.year * 12 + today.month - 1
    begins = [date(month // 12, month % 12 + 1, 1) for month in range(last - months + 1, last + 1)]
    since = timezone.make_aware(datetime.combine(begins[0], time.min))
    rows = (
        reports.filter(opened_at__gte=since)
        .order_by()
        .annotate(month=TruncMonth("opened_at"))
        .values("month")
        .annotate(**_figures())
    )
    known = {timezone.localdate(row["month"]): _read(row) for row in rows}
    none = Figures(0, 0, 0, None, None, None, 0)
    return [(day, known.get(day, none)) for day in begins]


def _read(row: Mapping[str, Any]) -> Figures:
    return Figures(**{field.name: row[field.name] for field in fields(Figures)})


def in_words(span: timedelta | None) -> str:
    """A length as one says it: «40 minuti», «5 ore», «3,5 giorni»."""
    if span is None:
        return "—"
    minutes = span.total_seconds() / 60
    for limit, unit, one, many in ((90, 1, "minuto", "minuti"), (36 * 60, 60, "ora", "ore")):
        if minutes < limit:
            count = round(minutes / unit)
            return f"{count} {one if count == 1 else many}"
    return f"{days(span):.1f}".replace(".", ",").removesuffix(",0") + " giorni"


def days(span: timedelta | None) -> float | None:
    """With one decimal."""
    return None if span is None else round(span / timedelta(days=1), 1)
