"""The page «Statistiche». What it counts is in `reports.statistics`."""

from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format

from reports import statistics
from reports.admin.filters import FilterForm
from reports.models import Report
from whatsapp import charts
from whatsapp.admin.base import Paged


class StatisticsPage(Paged[Report]):
    pages = {"statistics": ("statistiche/", "")}

    def statistics_view(self, request: HttpRequest) -> HttpResponse:
        """By category for the period that is chosen; by month for the last twelve, whatever the period."""
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
        return self.page(
            request,
            "reports/report/statistics",
            "Statistiche delle segnalazioni",
            form=form,
            summary=statistics.summary(reports),
            categories=[
                (name, f, charts.segments([(name, f.received, "blue")], most)) for name, f in categories
            ],
            months=months,
            plots=[(n, charts.line(list(zip(names, values, strict=True)))) for n, values in plots.items()],
        )
