"""What leaves of a case: what the office did and when, never who reported it, in which words, at which door.

The columns go by the names of Open311 GeoReport v2 (wiki.open311.org/GeoReport_v2), which other programs
know; the Italian ones are the rest of what Modello Comuni asks of a report (C.SI.2.4) and the times.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Any

from django.db.models import Max, QuerySet, Subquery
from django.utils import timezone
from import_export import resources

from reports import scoring, statistics
from reports.models import Report
from reports.personal_data import DECIMALS
from reports.places import find_street
from reports.states import OPEN
from subscribers.exports import Column, Format, Table, moment

ZIPCODE = "94017"
LATITUDE, LONGITUDE = "lat", "long"


def with_details(reports: QuerySet[Report]) -> QuerySet[Report]:
    """The same cases with all that the columns need, oldest first: not in the list's order, which costs."""
    chosen = Report.objects.filter(pk__in=Subquery(reports.order_by().values("pk")))
    told = chosen.select_related("category", "office").annotate(told_at=Max("events__at"))
    return told.defer("summary", "owed", "reasons").order_by("pk")


def _rounded(degrees: float | None) -> float | str:
    return "" if degrees is None else round(degrees, DECIMALS)


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


def _days(row: Report, end: datetime | None) -> float | None:
    return statistics.days(end - row.opened_at if end else None)


class ReportResource(resources.Resource):  # type: ignore[type-arg]  # generic for mypy only
    """Rows of `with_details`."""

    service_request_id = Column(lambda row, _: row.number)
    status = Column(lambda row, _: "open" if row.state in OPEN else "closed")
    status_notes = Column(lambda row, _: row.get_state_display())
    service_name = Column(lambda row, _: row.category.name if row.category else "")
    service_code = Column(lambda row, _: row.category.slug if row.category else "")
    categoria_modello_comuni = Column(lambda row, _: row.category.standard if row.category else "")
    agency_responsible = Column(lambda row, _: row.office.name if row.office else "")
    requested_datetime = Column(lambda row, _: moment(row.opened_at))
    updated_datetime = Column(lambda row, _: moment(row.told_at or row.opened_at))
    expected_datetime = Column(lambda row, _: moment(_end_of(row.due_on or row.goal_on)))
    address = Column(lambda row, _: find_street(row.address))
    zipcode = Column(lambda row, _: ZIPCODE if row.inside_town else "")
    lat = Column(lambda row, _: _rounded(row.latitude))
    long = Column(lambda row, _: _rounded(row.longitude))
    nel_territorio = Column(lambda row, _: {True: "sì", False: "no"}.get(row.inside_town, ""))
    gravita = Column(lambda row, _: scoring.LEVELS[row.level])
    giorni_alla_prima_risposta = Column(lambda row, _: _days(row, row.answered_at))
    giorni_alla_chiusura = Column(lambda row, _: _days(row, row.closed_at))
    voto = Column(lambda row, _: row.rating or "")


def geojson_lines(resource: Table, rows: Iterable[Any], *, whole: bool) -> Iterator[str]:
    """A FeatureCollection (RFC 7946), a feature a line; where there is no point the geometry is null."""
    columns = dict(zip(resource.get_export_headers(), resource.get_export_fields(), strict=True))
    yield '{"type": "FeatureCollection", "features": ['
    comma = "\n"
    for row in rows:
        told = {name: column.export(row, whole=whole) for name, column in columns.items()}
        point = [told.pop(LONGITUDE), told.pop(LATITUDE)]
        geometry = None if "" in point else {"type": "Point", "coordinates": point}
        feature = {"type": "Feature", "id": row.number, "geometry": geometry, "properties": told}
        yield comma + json.dumps(feature, ensure_ascii=False)
        comma = ",\n"
    yield "\n]}\n"


GEOJSON = Format("GeoJSON, per le mappe", "geojson", "application/geo+json", geojson_lines)
