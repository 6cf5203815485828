"""What the staff see of 100,000 reports: the list, the map, the statistics, the files."""

import time

from django.db import connection
from django.test import Client, override_settings

from reports import surroundings
from reports.models import Report, ReportCategory
from tests.benchmarks import stage
from tests.benchmarks.register import export
from tests.benchmarks.results import Line, Size, shown
from tests.factories.town import many_reports

REPORTS = {Size.FULL: 100_000, Size.QUICK: 10_000, Size.TINY: 300}
RUNS = {Size.FULL: 5, Size.QUICK: 5, Size.TINY: 1}
PAGES = {
    "list, all": ("", 300),
    "list, open": ("?aperta=si", 300),
    "list, one category": ("?category__id__exact={category}", 300),
    "map, the page": ("mappa/?aperta=tutte", None),
    "map, the whole town in groups": ("mappa/dati/?aperta=tutte&zoom=12&bbox=14.5,37.5,14.9,37.8", None),
    "map, the whole town, what is open": ("mappa/dati/?zoom=12&bbox=14.5,37.5,14.9,37.8", None),
    "map, one street": ("mappa/dati/?aperta=tutte&zoom=18&bbox=14.637,37.652,14.642,37.655", None),
    "statistics": ("statistiche/", None),
    "statistics, the last 30 days": ("statistiche/?giorni=30", None),
    "a case's possible duplicates": (None, None),
}


def measure(size: Size) -> list[Line]:
    """Each page as the browser asks for it, the median of five; the files in a process of their own."""
    count = REPORTS[size]
    stage.settle(0)
    many_reports(count)
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")
    client = Client()
    client.force_login(stage.manager())
    category = ReportCategory.objects.get(slug="strade").pk
    report = Report.objects.filter(latitude__isnull=False, category=category).latest("opened_at")
    lines = []
    with override_settings(DEBUG=False, ALLOWED_HOSTS=["*"]):
        for name, (address, limit) in PAGES.items():
            times = []
            for _run in range(RUNS[size] + 1):  # the first one warms up
                began = time.perf_counter()
                if address is None:
                    surroundings.suggest_duplicates(report)
                else:
                    answer = client.get(f"/admin/reports/report/{address.format(category=category)}")
                    assert answer.status_code == 200, (name, answer.status_code)
                times.append((time.perf_counter() - began) * 1000)
            target = f"{limit} ms" if limit else "-"
            lines.append(Line(f"{count} reports: {name}", target, shown(times[1:], "ms"), count=count))
    for kind in ("csv", "geojson"):
        lines += export(f"the reports as {kind}", "reports/report", {"kind": kind})
    return lines
