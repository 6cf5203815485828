"""The figures and their page."""

from datetime import timedelta
from statistics import median
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from reports import statistics
from reports.models import Report, ReportCategory
from reports.states import State
from tests.factories.reports import ReportFactory
from tests.factories.town import many_reports

URL = "admin:reports_report_statistics"


@pytest.mark.django_db
def test_figures_are_those_one_would_count_by_hand() -> None:
    many_reports(60)
    found, reports = statistics.summary(Report.objects.all()), list(Report.objects.all())
    opened = [one for one in reports if one.closed_at is None]
    today = timezone.localdate()
    answered = [one.answered_at - one.opened_at for one in reports if one.answered_at]
    closed = [one.closed_at - one.opened_at for one in reports if one.closed_at]
    rated = [one.rating for one in reports if one.rating]
    assert (found.received, found.open, found.ratings) == (60, len(opened), len(rated))
    assert found.overdue == sum(one.due_on < today for one in opened if one.due_on)
    for told, counted in ((found.first_answer, answered), (found.closing, closed)):
        assert told is not None
        assert abs(told - median(counted)) < timedelta(seconds=1)
    assert found.average == pytest.approx(sum(rated) / len(rated))
    categories = statistics.by_category(Report.objects.all())
    assert sum(figures.received for _name, figures in categories) == 60
    counts = [figures.received for _name, figures in categories]
    assert counts == sorted(counts, reverse=True)


@pytest.mark.django_db
def test_nothing_yet_is_nothing_and_not_an_error() -> None:
    assert statistics.summary(Report.objects.all()) == statistics.Figures(0, 0, 0, None, None, None, 0)
    assert statistics.by_category(Report.objects.all()) == []
    assert [figures.received for _day, figures in statistics.by_month(Report.objects.all())] == [0] * 12


@pytest.mark.django_db
def test_the_months_are_the_towns_with_the_running_one_last() -> None:
    first = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for at in (first, first - timedelta(seconds=1), first - timedelta(days=400)):
        ReportFactory(opened_at=at)
    months = statistics.by_month(Report.objects.all())
    assert [figures.received for _day, figures in months] == [0] * 10 + [1, 1]
    assert months[-1][0] == first.date()


@pytest.mark.parametrize(
    ("span", "words"),
    [(None, "—"), ({"minutes": 1}, "1 minuto"), ({"minutes": 40}, "40 minuti"), ({"minutes": 95}, "2 ore"),
     ({"hours": 30}, "30 ore"), ({"hours": 84}, "3,5 giorni"), ({"days": 12}, "12 giorni")],
)  # fmt: skip
def test_a_length_as_one_says_it(span: dict[str, int] | None, words: str) -> None:
    assert statistics.in_words(timedelta(**span) if span else None) == words


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=5000)))
def test_every_length_has_words(span: timedelta) -> None:
    assert statistics.in_words(span)[0].isdigit()


@pytest.fixture
def page(client: Client) -> Any:
    client.force_login(User.objects.create_superuser("capo"))
    return lambda **query: client.get(reverse(URL), query).content.decode()


@pytest.mark.django_db
def test_the_page_with_filters_and_without_reports(page: Any) -> None:
    assert "Nessuna segnalazione con questi filtri" in page()
    roads, now = ReportCategory.objects.get(slug="strade"), timezone.now()
    old = now - timedelta(days=40)
    ReportFactory(category=roads, opened_at=old, answered_at=old + timedelta(hours=5), rating=4)
    ReportFactory(state=State.RESOLVED, closed_at=now)
    html = page()
    assert '<dd class="wu-figure">5 ore</dd>' in html
    assert "4,0 <small>su 5, 1 voto</small>" in html
    assert "Senza categoria" in html
    assert html.count('role="img"') == 1  # one plot has two months to compare
    assert "Senza categoria" not in page(category__id__exact=roads.pk)
    assert '<th scope="row">Strade e marciapiedi</th>' not in page(giorni=30)
