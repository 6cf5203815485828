"""The page «Statistiche». What it counts is in `reports.statistics`."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format

from reports import statistics
from reports.admin.filters import FilterForm
from reports.models import Report
from whatsapp import charts


class StatisticsPage(admin.ModelAdmin[Report]):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.statistics_page)
        return [path("statistiche/", view, name="reports_report_statistics"), *super().get_urls()]

    def statistics_page(self, request: HttpRequest) -> HttpResponse:
        """By category for the period that is chosen; by month for the last twelve, whatever the period."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = FilterForm(request.GET, only=("category__id__exact", "giorni"))
        reports, category = form.narrowed(), form.cleaned_data.get("category__id__exact")
        categories = statistics.by_category(reports)
        of_category = Report.objects.filter(category=category) if category else Report.objects.all()
        months = statistics.by_month(of_category)
        most = max((figures.received for _name, figures in categories), default=0)
        plots: dict[str, list[float | None]] = {
            "Ricevute ogni mese": [float(figures.received) for _day, figures in months],
            "Giorni alla prima risposta (mediana)": [statistics.days(f.first_answer) for _day, f in months],
            "Giorni alla chiusura (mediana)": [statistics.days(f.closing) for _day, f in months],
        }
        names = [date_format(day, "M") for day, _figures in months]
        context = {
            **self.admin_site.each_context(request),
            "title": "Statistiche delle segnalazioni",
            "opts": self.opts,
            "media": self.media,
            "form": form,
            "summary": statistics.summary(reports),
            "categories": [
                (name, f, charts.segments([(name, f.received, "blue")], most)) for name, f in categories
            ],
            "months": months,
            "plots": [
                (name, charts.line(list(zip(names, values, strict=True)))) for name, values in plots.items()
            ],
        }
        return TemplateResponse(request, "admin/reports/report/statistics.html", context)
