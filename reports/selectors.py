"""Questions about reports asked from elsewhere: the home page, the list."""

from django.db.models import Count, QuerySet
from django.utils import timezone

from reports import scoring
from reports.models import Report
from reports.states import OPEN, WAITING, State


def waiting() -> QuerySet[Report]:
    """Open and not taken in charge, the most serious first."""
    return scoring.by_urgency(Report.objects.filter(state__in=WAITING).select_related("category", "office"))


def overdue() -> QuerySet[Report]:
    """Open after their day, the longest overdue first."""
    late = Report.objects.filter(state__in=OPEN, due_on__lt=timezone.localdate())
    return late.select_related("category", "office", "assigned_to").order_by("due_on", "pk")


def counts_by_state() -> dict[State, int]:
    """How many reports are in each state; states without reports are there with 0."""
    rows = dict(Report.objects.values_list("state").annotate(n=Count("pk")).order_by())
    return {state: rows.get(state.value, 0) for state in State}
