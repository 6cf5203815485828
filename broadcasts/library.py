"""Texts ready to be filled: their {fields}, and which are still empty (feature 36)."""

import re

from django.db.models import QuerySet

from broadcasts.tables import NoticeText

FIELD = re.compile(r"\{([^{}\n]{1,40})\}")


def texts() -> QuerySet[NoticeText]:
    """What is offered on the page where one writes, by category."""
    return NoticeText.objects.filter(active=True, category__active=True).select_related("category")


def fields(*texts: str) -> list[str]:
    """The names between braces, once each, in order."""
    return list(dict.fromkeys(name.strip() for text in texts for name in FIELD.findall(text)))


def unfilled(*texts: str) -> str:
    """Which fields are still to be filled and what to do, in Italian; empty if none is."""
    names = ", ".join(f"{{{name}}}" for name in fields(*texts))
    return names and f"Manca ancora: {names}. Scrivi ciò che serve al posto delle graffe, o toglile."
