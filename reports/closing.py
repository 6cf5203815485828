"""After the end: how the citizen found it, and whether it is really over; in the chat and on the page."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from reports import answering, assembling, states
from reports.models import Report, ReportEvent
from whatsapp import contents
from whatsapp.models import Content

# What the rows of the list say, the best first.
STARS = {5: "Ottimo", 4: "Buono", 3: "Sufficiente", 2: "Scarso", 1: "Pessimo"}


# Ratings of one case, whose history is append-only: further changes of mind are not taken.
RATINGS_LIMIT = 10


def ask_rating(report: Report, text: str) -> Content:
    """The news that it is resolved, with a list to rate it or to say that it is not. Raises ContentError."""
    rows = [(answering.tap(report, "rate", n), f"{'★' * n} {word}", "") for n, word in STARS.items()]
    rows.append((answering.tap(report, "unsolved"), "Non è risolto", ""))
    return contents.choices(text, "Com'è andata?", rows)


@transaction.atomic
def rate(report: Report, stars: int, *, by_page: bool = False) -> None:
    """Keep the citizen's rating (1-5) of a closed case; the last of `RATINGS_LIMIT` counts.

    Raises:
        ValueError: another number of stars.
    """
    if stars not in STARS:
        raise ValueError(stars)
    report = assembling.lock(report.pk)
    if states.is_open(report.state) or report.rating == stars:
        return
    if report.events.filter(kind=ReportEvent.Kind.RATED).count() >= RATINGS_LIMIT:
        return
    report.rating = stars
    report.save(update_fields=["rating"])
    said = None if by_page else answering.say(report, "rated")
    report.events.create(kind=ReportEvent.Kind.RATED, text=f"{stars} su 5", message_to_citizen=said)


@transaction.atomic
def contest(report: Report) -> None:
    """«Non è risolto»: the case is open again, whatever it was joined to."""
    report = assembling.lock(report.pk)
    if not states.is_open(report.state):
        assembling.reopen(report)


def link_expired(report: Report) -> bool:
    """Is the private page no longer shown?"""
    last = (report.duplicate_of or report).closed_at
    return last is not None and timezone.now() > last + timedelta(days=settings.REPORTS_LINK_DAYS)
