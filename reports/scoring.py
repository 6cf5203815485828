"""Which case comes first: points anybody can recompute.

    points  = 10 x level, and 1 for each further reason (at most 4)
    urgency = points + 2 for each full week of waiting (at most 15)

Open danger (level 4) is always on top, whatever the points. So of two cases of the same week the more serious
comes first, of two equal ones the newer; an old routine case (10) passes a new nuisance (20) after six weeks
and never starves; nothing but danger ever passes danger.
"""

from collections.abc import Sequence

from django.db.models import Case, DateTimeField, F, FloatField, IntegerField, Q, Value, When
from django.db.models.expressions import CombinedExpression, ExpressionWrapper
from django.db.models.fields import DurationField
from django.db.models.functions import Cast, Extract, Floor, Least, Now

from reports.severity import DANGER
from reports.states import OPEN

POINTS_PER_LEVEL = 10
MOST_FOR_REASONS = 4
POINTS_PER_WEEK = 2
MOST_FOR_WAITING = 15
_WEEK = 7 * 24 * 60 * 60


def points(level: int, reasons: Sequence[str]) -> int:
    """The part that does not change with time."""
    return POINTS_PER_LEVEL * level + min(max(len(reasons) - 1, 0), MOST_FOR_REASONS)


def urgency() -> CombinedExpression:
    """The whole formula in SQL, over `Report`."""
    waited = ExpressionWrapper(Now() - Cast("opened_at", DateTimeField()), output_field=DurationField())
    weeks = Floor(Cast(Extract(waited, "epoch"), FloatField()) / Value(float(_WEEK)))
    return F("score") + Least(Cast(weeks * POINTS_PER_WEEK, IntegerField()), Value(MOST_FOR_WAITING))


def rank() -> Case:
    """2 for open danger, 1 for what else is open, 0 for what is closed."""
    return Case(
        When(Q(state__in=OPEN, level=DANGER), then=2),
        When(state__in=OPEN, then=1),
        default=0,
        output_field=IntegerField(),
    )


# For `order_by`, after annotating `rank` and `urgency`. The key makes the order total.
ORDER = ("-rank", "-urgency", "-opened_at", "-pk")
