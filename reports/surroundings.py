"""What lies around a case: the reports near it, and those that may be about the same thing."""

import math
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from reports.models import Report
from reports.places import find_street
from reports.states import OPEN

NEAR = 150  # metres
APART = timedelta(days=30)  # two that were opened further apart are two things
CLOSED_SINCE = timedelta(days=7)
# Positions sent from the same spot differ by this much, in metres.
SAME_SPOT = 10
SUGGESTED, LOOKED_AT = 5, 200
_METERS_PER_DEGREE = 111_195  # of latitude; of longitude by the cosine


@dataclass(frozen=True)
class Suggestion:
    """A case that may be about the same thing, and why, in words."""

    report: Report
    reason: str
    meters: float | None  # None: the same street


def distance(one: Report, other: Report) -> float | None:
    """Metres between two cases, on a flat sheet: good for a town. None if one has no point."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return None
    narrowing = math.cos(math.radians(one.latitude))
    north, east = other.latitude - one.latitude, (other.longitude - one.longitude) * narrowing
    return math.hypot(north, east) * _METERS_PER_DEGREE


def near(report: Report, meters: float = NEAR) -> QuerySet[Report]:
    """The others in the square around the case; its corners lie further away than `meters`."""
    return Report.objects.filter(_box(report, meters)).exclude(pk=report.pk)


def _box(report: Report, meters: float) -> Q:
    if report.latitude is None or report.longitude is None:
        return Q(pk__in=[])
    north = meters / _METERS_PER_DEGREE
    east = north / max(math.cos(math.radians(report.latitude)), 0.01)
    return Q(
        latitude__range=(report.latitude - north, report.latitude + north),
        longitude__range=(report.longitude - east, report.longitude + east),
    )


def suggest_duplicates(report: Report) -> list[Suggestion]:
    """Cases that may be about the same thing, the likeliest first: open or just closed, of the same kind or
    of one not known yet, opened within a month, near or, if one of the two has no point, in the same street.
    """
    street = find_street(report.address)
    place = _box(report, NEAR)
    if street:
        pointless = Q() if report.latitude is None else Q(latitude__isnull=True)
        place |= pointless & Q(address__istartswith=street)
    kind = Q(category=report.category_id) | Q(category=None) if report.category_id else Q()
    alive = Q(state__in=OPEN) | Q(closed_at__gte=timezone.now() - CLOSED_SINCE)
    since, until = report.opened_at - APART, report.opened_at + APART
    found = (
        Report.objects.filter(place, kind, alive, duplicate_of=None, opened_at__range=(since, until))
        .exclude(pk=report.pk)
        .select_related("category")
        .order_by("-opened_at")[:LOOKED_AT]
    )
    likely = [(other, distance(report, other)) for other in found]
    likely = [
        (other, meters)
        for other, meters in likely
        if (meters <= NEAR if meters is not None else _street(other) == street.casefold())
    ]
    likely.sort(key=lambda pair: _unlikeness(report, *pair))
    return [Suggestion(other, _reason(report, other, meters), meters) for other, meters in likely[:SUGGESTED]]


def _street(report: Report) -> str:
    return find_street(report.address).casefold()


def _unlikeness(report: Report, other: Report, meters: float | None) -> float:
    """Metres, a street being worth its middle, a day ten of them, and a kind not known a hundred."""
    days = abs(other.opened_at - report.opened_at) / timedelta(days=1)
    unknown = not report.category_id or not other.category_id
    return (NEAR / 2 if meters is None else meters) + 10 * days + 100 * unknown


def _reason(report: Report, other: Report, meters: float | None) -> str:
    if meters is None:
        where = "nella stessa via"
    else:
        where = "nello stesso punto" if meters < SAME_SPOT else f"a {round(meters, -1):.0f} metri"
    same = report.category_id and other.category_id
    days = (timezone.localdate(other.opened_at) - timezone.localdate(report.opened_at)).days
    count = "un giorno" if abs(days) == 1 else f"{abs(days)} giorni"
    when = f"{count} {'prima' if days < 0 else 'dopo'}" if days else "lo stesso giorno"
    closed = "" if other.state in OPEN else f", ora {other.get_state_display()}"
    return f"{where}, {'stesso tipo' if same else 'tipo non ancora noto'}, {when}{closed}"
