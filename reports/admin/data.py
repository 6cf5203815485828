"""Beside the list: the map, the statistics, the files to take home."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from reports import exporting
from reports.admin.map import MapPages
from reports.admin.statistics import StatisticsPage
from reports.models import Report
from subscribers.admin.exporting import Exportable
from subscribers.exports import CSV


class DataPages(MapPages, StatisticsPage, Exportable):
    change_list_template = [  # type: ignore[assignment]  # the first that is there
        "admin/reports/report/change_list.html",
        "admin/subscribers/exportable_change_list.html",
    ]
    resource = exporting.ReportResource
    export_permission = "reports.export_report"
    export_dated = "opened_at"
    export_without = {"day", "whole"}
    export_kinds = {"csv": CSV, "geojson": exporting.GEOJSON}
    export_note = (
        "Nel file non ci sono dati personali: né chi ha segnalato, né testi e foto. Il luogo è la via "
        "senza il numero civico, il punto è arrotondato a circa 100 metri."
    )

    def list_tools(self, request: HttpRequest) -> list[tuple[str, str]]:
        pages = {"Mappa": "map", "Statistiche": "statistics"}
        return [
            *((label, reverse(f"admin:reports_report_{name}")) for label, name in pages.items()),
            *super().list_tools(request),
        ]

    def with_details(self, rows: QuerySet[Report]) -> QuerySet[Report]:
        return exporting.with_details(rows)
