"""The texts sent to citizens: rows the staff change, with the placeholders each may hold."""

import re
from datetime import date, datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from subscribers.models import ServiceText

PLACEHOLDERS = frozenset({"policy", "site", "topics", "topic", "since"})
# WhatsApp's limit for a text with buttons, the shortest of all (fact sheet 1.8).
LIMIT = 1024
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class TextError(ValueError):
    """A text that cannot be used; says why, in Italian."""


def check(text: str) -> None:
    """Refuse what would reach citizens broken. Raises TextError."""
    if not text.strip():
        raise TextError("Il testo è vuoto.")
    if len(text) > LIMIT:
        raise TextError(f"Il testo ha {len(text)} caratteri: il limite è {LIMIT}.")
    unknown = set(_PLACEHOLDER.findall(text)) - PLACEHOLDERS
    if unknown or text.count("{") != text.count("}"):
        known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
        raise TextError(f"C'è un segnaposto sconosciuto o una graffa spaiata. Segnaposti ammessi: {known}.")


def preview(text: str) -> str:
    """The text with an example in the place of each placeholder."""
    examples = {
        **_addresses(),
        "topics": "Allerta meteo, Viabilità, Eventi",
        "topic": "Viabilità",
        "since": "3 maggio 2026",
    }
    return _PLACEHOLDER.sub(lambda match: examples.get(match[1], match[0]), text)


def _addresses() -> dict[str, str]:
    return {"policy": f"{settings.SITE_URL}{reverse('subscribers:policy')}", "site": settings.SITE_URL}


def fill(slug: str, **values: str) -> str:
    """The text of this name with its placeholders filled; a missing value stays empty. Raises
    ServiceText.DoesNotExist: no such text."""
    row = ServiceText.objects.get(slug=slug)
    known = {**_addresses(), **values}
    return _PLACEHOLDER.sub(lambda match: known.get(match[1], ""), row.text)


def day(moment: datetime) -> str:
    """`3 maggio alle 10:03`; Django's Italian months begin with a capital, Italian's do not."""
    return date_format(timezone.localtime(moment), r"j F \a\l\l\e H:i").lower()


def date_of(when: date) -> str:
    """`3 maggio 2026`, of a moment the day in the town's time."""
    return date_format(timezone.localtime(when) if isinstance(when, datetime) else when, "j F Y").lower()
