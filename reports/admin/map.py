"""The staff's map, and the points it and the small map of a case ask for. Rules are in `mapping`."""

import json
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.urls import reverse

from reports import mapping, places, scoring
from reports.admin.filters import FilterForm
from reports.models import Report
from whatsapp.admin.base import Paged, key_of

# What a page with a map needs; `static/reports/map.js` says how the map is asked for.
MAP_MEDIA = forms.Media(
    css={"all": ["vendor/leaflet/leaflet.css", "reports/map.css"]},
    js=["vendor/leaflet/leaflet.js", "reports/map.js"],
)


class MapPages(Paged[Report]):
    pages = {
        "map": ("mappa/", ""),
        "map_points": ("mappa/dati/", ""),
        "map_boundary": ("mappa/confine/", ""),
    }

    def map_view(self, request: HttpRequest) -> HttpResponse:
        """The filters, the map, and what it cannot show."""
        form = FilterForm(request.GET)
        counts = form.narrowed().aggregate(all=Count("pk"), placed=Count("latitude"))
        chosen = urlencode({name: value for name, value in form.data.items() if name in form.fields})
        return self.page(
            request,
            "reports/report/map",
            "Mappa delle segnalazioni",
            media=self.media + MAP_MEDIA,
            form=form,
            counts=counts,
            missing=counts["all"] - counts["placed"],
            levels=scoring.LEVELS,
            points_url=f"{reverse('admin:reports_report_map_points')}?{chosen}",
            list_url=f"{reverse('admin:reports_report_changelist')}?{urlencode(form.as_list_query())}",
        )

    def map_points_view(self, request: HttpRequest) -> HttpResponse:
        """GeoJSON of what lies in `bbox` at `zoom`, with the page's filters; `tranne` leaves one case out."""
        try:
            view = mapping.read_view(request.GET.get("bbox", ""), request.GET.get("zoom", ""))
        except ValueError:
            return HttpResponseBadRequest("bbox=ovest,sud,est,nord in gradi e zoom=0-20.")
        reports = FilterForm(request.GET).narrowed()
        if but := key_of(request.GET.get("tranne", "")):
            reports = reports.exclude(pk=but)
        return _geojson(mapping.features(reports, view))

    def map_boundary_view(self, request: HttpRequest) -> HttpResponse:
        """The town's boundary; beside it (RFC 7946, 6.1) the background's address, if one is set."""
        told = {
            "tiles": settings.MAP_TILES,
            "attribution": settings.MAP_ATTRIBUTION if settings.MAP_TILES else "",
        }
        return _geojson(json.loads(places.BOUNDARY_FILE.read_text(encoding="utf-8")) | told)


def _geojson(data: dict[str, Any]) -> JsonResponse:
    return JsonResponse(data, content_type="application/geo+json")
