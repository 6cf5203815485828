"""What lies around a case, and what may be the same case told twice."""

import math
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from reports import surroundings
from reports.models import Report, ReportCategory
from reports.states import State
from tests.factories.reports import ReportFactory

HOME = (37.6535, 14.6396)


def noon() -> datetime:
    """Of today: a day before or after is another date."""
    return timezone.localtime().replace(hour=12, minute=0)


def case(meters: float | None = 0, *, kind: str | None = "strade", days: float = 0, **given: Any) -> Report:
    """A case so far north of the town hall, opened so many days from today's noon."""
    place = {} if meters is None else {
        "latitude": HOME[0] + meters / 111_195, "longitude": HOME[1], "inside_town": True,
    }  # fmt: skip
    category = ReportCategory.objects.get(slug=kind) if kind else None
    at = noon() + timedelta(days=days)
    made: Report = ReportFactory(category=category, opened_at=at, **{**place, **given})
    return made


@given(
    north=st.floats(-300, 300),
    east=st.floats(-300, 300),
    latitude=st.floats(-80, 80),
    longitude=st.floats(-170, 170),
)
def test_the_distance_is_in_metres_wherever_one_is(
    north: float, east: float, latitude: float, longitude: float
) -> None:
    one = Report(latitude=latitude, longitude=longitude)
    narrowing = math.cos(math.radians(latitude))
    other = Report(latitude=latitude + north / 111_195, longitude=longitude + east / 111_195 / narrowing)
    assert surroundings.distance(one, other) == pytest.approx(math.hypot(north, east), abs=0.1)


@pytest.mark.django_db
def test_near_is_a_square_without_the_case_itself() -> None:
    here, close = case(), case(140)
    case(170)
    case(None)
    assert list(surroundings.near(here)) == [close]
    assert list(surroundings.near(here, 50)) == []
    assert list(surroundings.near(case(None))) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"meters": 40, "days": -2}, "a 40 metri, stesso tipo, 2 giorni prima"),
        ({"meters": 3, "days": 1}, "nello stesso punto, stesso tipo, un giorno dopo"),
        ({"meters": 120, "kind": None}, "a 120 metri, tipo non ancora noto, lo stesso giorno"),
        ({"meters": None, "address": "Via Roma 7"}, "nella stessa via, stesso tipo, lo stesso giorno"),
        ({"meters": 151}, None),
        ({"meters": 20, "kind": "animali"}, None),
        ({"meters": 20, "days": -31}, None),
        ({"meters": None, "address": "via Romagna 7"}, None),
        ({"meters": None, "address": ""}, None),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_suggested_and_why(other: dict[str, Any], reason: str | None) -> None:
    case(**other)
    found = surroundings.suggest_duplicates(case(address="via Roma 12"))
    assert [one.reason for one in found] == ([reason] if reason else [])


@pytest.mark.django_db
def test_a_case_without_a_point_finds_its_street_with_or_without_one() -> None:
    placed, unplaced = case(address="via Roma, 3"), case(None, address="via roma 4", days=-1)
    case(address="")
    found = surroundings.suggest_duplicates(case(None, address="Via Roma 12/b"))
    assert [one.report for one in found] == [placed, unplaced]


@pytest.mark.django_db
def test_only_what_is_open_or_just_closed_and_not_joined() -> None:
    now = timezone.now()
    main = case(10)
    case(10, state=State.DUPLICATE, closed_at=now, duplicate_of=main)
    case(10, state=State.RESOLVED, closed_at=now - timedelta(days=8))
    closed = case(20, state=State.RESOLVED, closed_at=now - timedelta(days=2))
    found = surroundings.suggest_duplicates(case())
    assert [one.report for one in found] == [main, closed]
    assert found[1].reason.endswith(", ora risolta")


@pytest.mark.django_db
def test_the_likeliest_five_come_first_with_one_query() -> None:
    others = [case(meters) for meters in (60, 10, 140, 90, 30, 120, 100)]
    case(1, kind=None)
    here = case()
    with CaptureQueriesContext(connection) as captured:
        found = surroundings.suggest_duplicates(here)
    assert [one.meters and round(one.meters) for one in found] == [10, 30, 60, 90, 100]
    assert found[0].report == others[1]
    assert found[0].report.category
    assert len(captured) == 1
