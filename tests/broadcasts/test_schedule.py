from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from broadcasts import schedule
from broadcasts.errors import NotAllowed
from broadcasts.models import Category


@pytest.fixture
def midwinter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 2, 1, 12, tzinfo=UTC))


def test_a_time_is_romes(midwinter: None) -> None:
    assert schedule.moment(date(2026, 2, 2), time(8)) == datetime(2026, 2, 2, 7, tzinfo=UTC)
    assert schedule.moment(date(2026, 7, 2), time(8)) == datetime(2026, 7, 2, 6, tzinfo=UTC)


@pytest.mark.parametrize("clock", [time(2), time(2, 30), time(2, 59)])
def test_an_hour_that_the_clocks_skip_is_refused(midwinter: None, clock: time) -> None:
    with pytest.raises(NotAllowed, match="ora legale"):
        schedule.moment(date(2026, 3, 29), clock)


def test_around_the_skipped_hour_all_is_well(midwinter: None) -> None:
    assert schedule.moment(date(2026, 3, 29), time(1, 59)) == datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    assert schedule.moment(date(2026, 3, 29), time(3)) == datetime(2026, 3, 29, 1, tzinfo=UTC)


@pytest.mark.parametrize("fold", [0, 1])
def test_of_an_hour_that_comes_twice_the_first_is_meant(midwinter: None, fold: int) -> None:
    at = schedule.moment(date(2026, 10, 25), time(2, 30, fold=fold))
    assert at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "said"),
    [(date(2026, 2, 1), "già passato"), (date(2025, 7, 1), "già passato"), (date(2028, 2, 1), "un anno")],
)
def test_the_past_and_the_far_future_are_refused(midwinter: None, day: date, said: str) -> None:
    with pytest.raises(NotAllowed, match=said):
        schedule.moment(day, time(13))  # noon in London is one o'clock in Rome: now is past


@pytest.mark.parametrize("day", [date.min, date.max])
@pytest.mark.parametrize("clock", [time.min, time.max])
def test_the_ends_of_the_calendar_break_nothing(day: date, clock: time) -> None:
    with pytest.raises(NotAllowed):
        schedule.moment(day, clock)


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2026, 12, 31)))
def test_what_is_accepted_shows_on_the_clock_as_typed(naive: datetime) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: datetime(2025, 12, 31, 12, tzinfo=UTC))
        try:
            at = schedule.moment(naive.date(), naive.time())
        except NotAllowed:
            assert (naive.month, naive.day, naive.hour) == (3, 29, 2)
        else:
            assert timezone.make_naive(at) == naive


def test_alerts_wait_less() -> None:
    assert schedule.hold_for(Category(lane="bulk")) == timedelta(seconds=30)
    assert schedule.hold_for(Category(lane="alert")) == timedelta(seconds=5)
