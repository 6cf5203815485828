"""Living through months in seconds: what the apps call «now» is moved while the practice data is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any

from django.utils import timezone


class _Moved(datetime):
    """A datetime whose present is the moment being lived."""

    moment: datetime

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return cls.moment.astimezone(tz)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Inside, `timezone.now()` is the (aware) moment, for the models' defaults too.

    The name is replaced inside Django's module, since defaults hold the function itself. It moves the whole
    process: for commands only.
    """
    before = vars(timezone)["datetime"]
    _Moved.moment = moment
    vars(timezone)["datetime"] = _Moved
    try:
        yield
    finally:
        vars(timezone)["datetime"] = before
