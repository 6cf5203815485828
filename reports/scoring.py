"""Which case comes first: points anybody can recompute, each with its reason in words («perché è qui»).

    score   = 10 x level (1-4) + weight of the danger (0-9) + points of the category (0-5)
              + 3 if children or frail people are concerned, + 3 if nobody can pass,
              + 2 for each further person who reported it (at most 6)
    urgency = score + 2 for each full week of waiting (at most 15)
              + 5 for what suffers from bad weather while an alert is in force

Open danger (level 4) is always on top, whatever the points. So of two cases of the same week the more serious
comes first, of two equal ones the newer; a routine case (10) passes a new nuisance (20) after six weeks and
never starves; nothing but danger ever passes danger.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Case, DateTimeField, F, FloatField, IntegerField, Q, QuerySet, Value, When
from django.db.models.expressions import ExpressionWrapper
from django.db.models.fields import DurationField
from django.db.models.functions import Cast, Extract, Floor, Least, Now
from django.utils import timezone
from django.utils.module_loading import import_string

from reports.models import Report, ReportCategory
from reports.severity import Assessment
from reports.states import OPEN

LEVELS = {4: "pericolo", 3: "seria", 2: "disagio", 1: "ordinaria"}
POINTS_PER_LEVEL = 10
VULNERABLE, BLOCKED = 3, 3
PER_REPORTER, MOST_FOR_REPORTERS = 2, 6
PER_WEEK, MOST_FOR_WAITING = 2, 15
WEATHER = 5
_WEEK = timedelta(weeks=1)
Reason = tuple[str, int]


def reasons(
    level: int,
    said: Sequence[Assessment],
    category: ReportCategory | None,
    *,
    reporters: int = 1,
    by_staff: bool = False,
) -> list[Reason]:
    """The part of the points that does not change with time, each with its reason; their sum is the score."""
    words = list(dict.fromkeys(reason for one in said for reason in one.reasons))
    whose = "gravità decisa da una persona" if by_staff else ", ".join(words) or "nessun segno di urgenza"
    found = [
        (whose, POINTS_PER_LEVEL * level),
        ("tipo di pericolo", max((one.weight for one in said), default=0)),
        ("categoria", category.points if category else 0),
        ("bambini o persone fragili", VULNERABLE * any(one.vulnerable for one in said)),
        ("non si passa", BLOCKED * any(one.blocked for one in said)),
        (f"segnalata da {reporters} persone", min(PER_REPORTER * (reporters - 1), MOST_FOR_REPORTERS)),
    ]
    return [(text, points) for text, points in found if points]


def why(report: Report, *, alert: bool) -> list[Reason]:
    """All the reasons of now, with those of time and weather. Needs the report's category."""
    changing: list[Reason] = []
    if report.state in OPEN:
        weeks = (timezone.now() - report.opened_at) // _WEEK
        changing.append(("aspetta da tempo", min(max(weeks, 0) * PER_WEEK, MOST_FOR_WAITING)))
        exposed = alert and report.category is not None and report.category.weather
        changing.append(("allerta in corso", WEATHER * exposed))
    return [*((text, points) for text, points in report.reasons), *(one for one in changing if one[1])]


def is_alert_in_force() -> bool:
    """What the function named in the settings says; this app does not know notices."""
    return bool(import_string(settings.WEATHER_ALERT)()) if settings.WEATHER_ALERT else False


def by_urgency(reports: QuerySet[Report]) -> QuerySet[Report]:
    """Open danger, then what else is open, then what is closed; the most urgent first, computed in SQL."""
    rank = Case(When(~Q(state__in=OPEN), then=0), When(level=4, then=2), default=1)
    waited = ExpressionWrapper(Now() - Cast("opened_at", DateTimeField()), output_field=DurationField())
    weeks = Floor(Cast(Extract(waited, "epoch"), FloatField()) / Value(_WEEK.total_seconds()))
    urgency = F("score") + Least(Cast(weeks * PER_WEEK, IntegerField()), Value(MOST_FOR_WAITING))
    alert = is_alert_in_force()
    if alert:
        urgency += Case(When(category__weather=True, then=WEATHER), default=0)
    ranked = reports.alias(rank=rank, urgency=urgency).annotate(alert=Value(alert))
    return ranked.order_by("-rank", "-urgency", "-opened_at", "-pk")
