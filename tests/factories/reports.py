"""Reports as the inbox would have made them, and pieces to make them of."""

from datetime import datetime, timedelta

import factory
from django.utils import timezone

from reports import assembling
from reports.models import Office, Report, ReportItem
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
