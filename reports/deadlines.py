"""Working days and hours in Regalbuto. Pure."""

from datetime import date, datetime, time, timedelta

from django.conf import settings

# Italian public holidays with a fixed date (law 260/1949 and later; 4 October from 2026 by law 151/2025),
# and the patron's day, San Vito, 11 August. (month, day)
_FIXED = {(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 11), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26)}
_OPENS, _CLOSES = (time.fromisoformat(text.strip()) for text in settings.OFFICE_HOURS.split("-"))
_SAINT_FRANCIS, _SAINT_FRANCIS_FROM = (10, 4), 2026


def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (the anonymous algorithm, Meeus)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e, f = b // 4, b % 4, (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def is_working_day(day: date) -> bool:
    """Is the town hall at work? Monday to Friday, holidays excepted."""
    if day.weekday() >= 5 or (day.month, day.day) in _FIXED:
        return False
    if (day.month, day.day) == _SAINT_FRANCIS and day.year >= _SAINT_FRANCIS_FROM:
        return False
    return day != easter(day.year) + timedelta(days=1)


def add_working_days(start: date, days: int) -> date:
    """The day that comes `days` working days after `start`, which itself does not count."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return day


def next_opening(now: datetime) -> datetime | None:
    """When somebody will be there; None if the offices are open now.

    Args:
        now: in the town's time zone.
    """
    if is_working_day(now.date()) and _OPENS <= now.time() < _CLOSES:
        return None
    today = is_working_day(now.date()) and now.time() < _OPENS
    day = now.date() if today else add_working_days(now.date(), 1)
    return datetime.combine(day, _OPENS, now.tzinfo)
