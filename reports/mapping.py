"""The map: what lies in a rectangle, as points or, from afar, as groups on a grid; as GeoJSON.

Whatever the number of cases, two queries and at most `MOST` features.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, F, FloatField, Max, Min, QuerySet, Value
from django.db.models.functions import Cast, Floor
from django.urls import reverse
from django.utils import timezone

from reports import places, scoring, states
from reports.models import Report

MOST = 600
POINTS_FROM = 16  # the zoom from which each case is a point of its own
FURTHEST = 20
_CELL = 64  # pixels of a grid's square
_TILE = 256  # pixels of the whole world at zoom 0
# A degree of longitude is this much shorter than one of latitude at 37.65° north: squares shall be square.
_NARROWING = 0.79


@dataclass(frozen=True)
class View:
    """What somebody looks at: a rectangle in degrees, and how near (0-20, as tiled maps count)."""

    west: float
    south: float
    east: float
    north: float
    zoom: int


def read_view(bbox: str, zoom: str) -> View:
    """Raises ValueError if it is no rectangle («west,south,east,north») or no zoom."""
    west, south, east, north = (float(side) for side in bbox.split(","))
    if not (places.valid(south, west) and places.valid(north, east) and west <= east and south <= north):
        raise ValueError(bbox)
    return View(west, south, east, north, min(max(int(zoom), 0), FURTHEST))


def features(reports: QuerySet[Report], view: View) -> dict[str, Any]:
    """A FeatureCollection; `left_out` says whether there was more than it may hold."""
    shown = reports.filter(
        latitude__range=(view.south, view.north), longitude__range=(view.west, view.east)
    ).order_by()
    if view.zoom >= POINTS_FROM:
        alone = list(_told(shown).order_by("-level", "-opened_at")[: MOST + 1])
        found = [_point(report) for report in alone]
    else:
        cells = list(_cells(shown, view.zoom))
        single = {cell["first"] for cell in cells if cell["n"] == 1}
        alone = list(_told(Report.objects.filter(pk__in=single)))
        found = [_group(cell) for cell in cells if cell["n"] > 1] + [_point(report) for report in alone]
    return {"type": "FeatureCollection", "features": found[:MOST], "left_out": len(found) > MOST}


def _cells(reports: QuerySet[Report], zoom: int) -> Iterable[Mapping[str, Any]]:
    """The squares in which something lies, those with danger first."""
    width = 360 / (_TILE * 2**zoom) * _CELL

    def square(field: str, side: float) -> Floor:
        return Floor(Cast(F(field), FloatField()) / Value(side))

    grid = reports.annotate(x=square("longitude", width), y=square("latitude", width * _NARROWING))
    return (
        grid.values("x", "y")
        .annotate(
            n=Count("pk"), first=Min("pk"), top=Max("level"),
            middle_x=Avg("longitude"), middle_y=Avg("latitude"),
            west=Min("longitude"), south=Min("latitude"), east=Max("longitude"), north=Max("latitude"),
        )
        .order_by("-top", "-n")[: MOST + 1]
    )  # fmt: skip


def _told(reports: QuerySet[Report]) -> QuerySet[Report]:
    """With what a popup says, and nothing more: neither the text nor who wrote it."""
    fields = ("number", "category__name", "state", "level", "latitude", "longitude", "opened_at")
    return reports.select_related("category").only(*fields)


def _group(cell: Mapping[str, Any]) -> dict[str, Any]:
    sides = [cell[side] for side in ("west", "south", "east", "north")]
    told = {"count": cell["n"], "level": cell["top"], "level_name": scoring.LEVELS[cell["top"]]}
    return _feature(cell["middle_x"], cell["middle_y"], told) | {"bbox": sides}


def _point(report: Report) -> dict[str, Any]:
    days = (timezone.localdate() - timezone.localdate(report.opened_at)).days
    told = {
        "number": report.number,
        "category": report.category.name if report.category else "senza categoria",
        "state": report.get_state_display(),
        "open": states.is_open(report.state),
        "level": report.level,
        "level_name": scoring.LEVELS[report.level],
        "received": {0: "oggi", 1: "ieri"}.get(days, f"{days} giorni fa"),
        "url": reverse("admin:reports_report_change", args=[report.pk]),
    }
    return _feature(report.longitude, report.latitude, told)


def _feature(x: float | None, y: float | None, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x, y]}, "properties": properties}
