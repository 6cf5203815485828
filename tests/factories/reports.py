"""Reports as the inbox would have made them, and pieces to make them of."""

import itertools
import random
from datetime import datetime, timedelta

import factory
from django.utils import timezone

from reports import assembling, places, states
from reports.models import Office, Report, ReportCategory, ReportEvent, ReportItem
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp.models import Contact, Media, Message
from whatsapp.types import Kind


class OfficeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Office

    name = factory.Sequence(lambda n: f"Ufficio {n}")
    email = factory.Sequence(lambda n: f"ufficio{n}@example.org")


class ReportFactory(factory.django.DjangoModelFactory):
    """A bare case; `report_of("…")` makes one as a citizen does."""

    class Meta:
        model = Report

    number = factory.Sequence(lambda n: f"2020-{n:04}")
    contact = factory.SubFactory(ContactFactory, reachable=True)
    summary = "Buca in via Roma"


def piece(
    contact: Contact,
    text: str = "",
    *,
    kind: str = Kind.TEXT,
    at: datetime | None = None,
    after: float = 0,
    place: tuple[float, float] | None = None,
    context_id: str = "",
) -> Message:
    """A citizen's message, written `after` seconds from `at` (else: now). A place makes it a position."""
    kind = Kind.LOCATION if place else kind
    latitude, longitude = place or (None, None)
    message: Message = InboundMessageFactory(
        contact=contact,
        kind=kind,
        text=text,
        sent_at=(at or timezone.now()) + timedelta(seconds=after),
        context_id=context_id,
        content__latitude=latitude,
        content__longitude=longitude,
        content__media=Media.objects.create(kind=kind, inbound=True)
        if kind in {Kind.IMAGE, Kind.VIDEO}
        else None,
    )
    return message


def report_of(*texts: str, contact: Contact | None = None, at: datetime | None = None) -> Report:
    """The case that these texts, one second apart, make."""
    contact = contact or ContactFactory(reachable=True)
    for second, text in enumerate(texts):
        report = assembling.receive(piece(contact, text, at=at, after=second))
    assert report is not None
    return report


def items_of(report: Report) -> set[int]:
    """The messages of a case."""
    return set(ReportItem.objects.filter(report=report).values_list("message_id", flat=True))


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
