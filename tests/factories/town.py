"""A town that has reported for years."""

import itertools
import random
from datetime import datetime, timedelta

from django.utils import timezone

from reports import places, states
from reports.models import Report, ReportCategory, ReportEvent
from whatsapp.models import Contact


def many_reports(count: int, *, days: int = 1095, seed: int = 1) -> None:
    """So many cases, other ones for each `seed` (0-9), spread over the last days and over the town: a tenth
    open, a third without a point. In a few statements, and without the messages they would be made of.
    """
    rng, now = random.Random(seed), timezone.now()
    contacts = Contact.objects.bulk_create(
        [Contact(phone=f"+3935{seed}{number:07d}") for number in range(count // 20 + 1)], batch_size=5000
    )
    spots = [places.random_point_inside(rng) for _ in range(1000)]
    categories = [None, *ReportCategory.objects.select_related("office")]
    Report.objects.bulk_create(
        (
            _any_report(rng, f"{seed}{number:06}", now, days, contacts, spots, categories)
            for number in range(count)
        ),
        batch_size=5000,
    )
    events = (
        ReportEvent(report=report, kind=ReportEvent.Kind.OPENED, at=report.opened_at)
        for report in Report.objects.filter(events=None).only("opened_at").iterator(chunk_size=5000)
    )
    while block := list(itertools.islice(events, 5000)):
        ReportEvent.objects.bulk_create(block)


def _any_report(
    rng: random.Random,
    number: str,
    now: datetime,
    days: int,
    contacts: list[Contact],
    spots: list[tuple[float, float]],
    categories: list[ReportCategory | None],
) -> Report:
    opened = now - timedelta(days=days * rng.random())
    is_open = rng.random() < 0.1
    category, level = rng.choice(categories), rng.choices([1, 2, 3, 4], [50, 30, 17, 3])[0]
    latitude, longitude = (degrees + rng.gauss(0, 0.001) for degrees in rng.choice(spots))
    placed = rng.random() < 0.66
    return Report(
        number=f"{opened.year}-{number}",
        contact=rng.choice(contacts),
        category=category,
        office=category.office if category else None,
        summary="C'è una buca profonda davanti alla scuola, di sera non si vede niente.",
        address=f"via Roma {rng.randint(1, 200)}" if rng.random() < 0.7 else "",
        latitude=latitude if placed else None,
        longitude=longitude if placed else None,
        inside_town=True if placed else None,
        level=level,
        score=10 * level + rng.randint(0, 9),
        reasons=[("disagio: parla di buca", 10 * level)],
        state=rng.choice(states.OPEN) if is_open else rng.choice(states.OUTCOMES),
        opened_at=opened,
        last_item_at=opened,
        due_on=timezone.localdate(opened) + timedelta(days=20),
        answered_at=opened + timedelta(hours=rng.expovariate(1 / 20)) if rng.random() < 0.8 else None,
        closed_at=None if is_open else opened + timedelta(days=rng.expovariate(1 / 9)),
        rating=rng.choice([None, None, 1, 3, 4, 5]),
    )
