"""What the staff search: words stay out of addresses, whole numbers are counted and logged."""

import logging
from datetime import timedelta
from typing import Any

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Model
from django.utils import timezone
from django.utils.crypto import get_random_string

from whatsapp import phones

LONGEST = 200  # characters of a search; more would only burden the database
KEPT = 20  # searches that a session remembers
# By a whole number, by one person within an hour. A masked number hides four digits: who tries them all would
# need ten thousand.
ALARM = 30
LIMIT = 60
DONE, MANY = "cercato per numero", "cerca molti numeri"
_SEARCHES = "searches"  # in the session
logger = logging.getLogger(__name__)


class TooManySearches(Exception):
    """This person has searched too many numbers within an hour; the text says so, in Italian."""


def keep(session: SessionBase, model: type[Model], words: str) -> str:
    """Remember what is searched in the list of a model; the key that `recall` takes."""
    key = get_random_string(8)
    kept = [*session.get(_SEARCHES, {}).items(), (key, [model._meta.label, words])]
    session[_SEARCHES] = dict(kept[-KEPT:])
    return key


def recall(session: SessionBase, model: type[Model], key: str) -> str | None:
    """The words behind a key; None if this session does not know it, or from another list."""
    label, words = session.get(_SEARCHES, {}).get(key, ("", None))
    return words if label == model._meta.label else None


def number_in(words: str) -> str | None:
    """The whole number in E.164, however typed; None for words, and for a piece of a number."""
    return phones.written(words)


def check_limit(user: Any) -> None:
    """Call before a search by number. Raises TooManySearches."""
    if _within_an_hour(user) >= LIMIT:
        raise TooManySearches(
            f"Nell'ultima ora hai cercato {LIMIT} numeri: è il massimo. Cerca per nome, oppure riprova più "
            "tardi."
        )


def note(user: Any, model: type[Model], number: str, *, successful: bool) -> None:
    """Log a search by number; the number is masked. More than `ALARM` within an hour are an alarm."""
    details = {"done": DONE, "successful": successful}
    _log(user, model, object_repr=phones.mask(number), additional_data=details)
    if _within_an_hour(user) == ALARM + 1:
        logger.warning("User %s has searched more than %s numbers within an hour", user.pk, ALARM)
        _log(user, model, object_repr=f"più di {ALARM} in un'ora", additional_data={"done": MANY})


def _log(user: Any, model: type[Model], **entry: Any) -> None:
    about = ContentType.objects.get_for_model(model)
    LogEntry.objects.create(actor=user, content_type=about, action=LogEntry.Action.ACCESS, **entry)


def _within_an_hour(user: Any) -> int:
    since = timezone.now() - timedelta(hours=1)
    recent = LogEntry.objects.filter(actor=user, timestamp__gt=since)
    return int(recent.filter(additional_data__done=DONE).count())
