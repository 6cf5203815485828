"""The key of a case's page lets its holder rate it, and not fill the append-only history."""

import pytest
from django.test import Client
from django.utils import timezone

from reports import closing
from reports.models import ReportEvent
from reports.states import State
from tests.factories.reports import ReportFactory

pytestmark = pytest.mark.django_db


def test_ratings_of_a_case_do_not_fill_its_history(client: Client) -> None:
    report = ReportFactory(state=State.RESOLVED, closed_at=timezone.now())
    for vote in range(40):
        answer = client.post(f"/segnalazioni/{report.token}/", {"voto": str(vote % 5 + 1)})
        assert answer.status_code == 302
    rated = report.events.filter(kind=ReportEvent.Kind.RATED)
    assert rated.count() == closing.RATINGS_LIMIT
    report.refresh_from_db()
    assert f"{report.rating} su 5" == rated.last().text
