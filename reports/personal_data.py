"""A report is an administrative record: it stays, without what tells of the person (art. 17(3)(b) GDPR)."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from reports import places
from reports.models import Report, ReportEvent, ReportItem
from reports.states import OPEN
from whatsapp.models import Contact, Message
from whatsapp.personal_data import ERASED_ID, Clock, Need, Section, blank, row

Kind = ReportEvent.Kind
# What the program itself writes in the history: categories and reasons, nothing of the person.
IMPERSONAL = (
    Kind.OPENED, Kind.ASKED, Kind.DANGER, Kind.RECLASSIFIED, Kind.CHANGED, Kind.ASSIGNED, Kind.RATED,
    Kind.REGISTERED,
)  # fmt: skip
# Decimals of a degree: about 100 metres, the street and not the door.
DECIMALS = 3


def collect(contact: Contact) -> list[Section]:
    """The person's cases and their histories."""
    reports = Report.objects.filter(contact__in=contact.rows()).select_related("category").order_by("pk")
    events = ReportEvent.objects.filter(report__in=reports).select_related("report", "actor")
    cases = [
        row(
            numero=one.number, ricevuta=one.opened_at, stato=one.get_state_display(), categoria=one.category,
            testo=one.summary, indirizzo=one.address, chiusa=one.closed_at, da_dire_al_cittadino=one.owed,
            posizione="" if one.latitude is None else f"{one.latitude:.5f}, {one.longitude:.5f}",
        )
        for one in reports
    ]  # fmt: skip
    history = [
        row(
            numero=one.report.number, quando=one.at, che_cosa=one.get_kind_display(), chi=one.actor,
            testo=one.text,
        )
        for one in events.order_by("report", "at", "pk")
    ]  # fmt: skip
    may_read = "reports.view_report"
    return [
        Section("Segnalazioni", cases, may_read),
        Section("Storia delle segnalazioni", history, may_read),
    ]


def erase(contact: Contact) -> None:
    """Cut all the person's cases down."""
    _cut_down(Report.objects.filter(contact__in=contact.rows()))


def _cut_down(reports: QuerySet[Report]) -> int:
    """Field by field: number, category, reasons, office, state, dates and who acted stay, for they are the
    office's own; the private address (`token`) stays, its page shows nothing of the person. Words of or
    about the citizen go (`summary`, `owed`, texts of the history, messages, files); of the place what is
    public stays: the street without the number, the point to a hundred metres."""
    held = list(reports.select_for_update())
    items, said = Q(report_item__report__in=held), Q(report_events__report__in=held)
    blank(Message.objects.filter(items | said))
    written = ReportEvent.objects.filter(report__in=held).exclude(text="").exclude(kind__in=IMPERSONAL)
    written.update(text="")
    for report in held:
        report.summary = report.owed = ""
        report.address = places.find_street(report.address)
        for name in ("latitude", "longitude"):
            degrees = getattr(report, name)
            setattr(report, name, None if degrees is None else round(degrees, DECIMALS))
    Report.objects.bulk_update(held, ["summary", "owed", "address", "latitude", "longitude"])
    return len(held)


def _due(before: datetime) -> QuerySet[Report]:
    """Closed, and something of the person is left: no mark is kept, what is empty is done."""
    items = ReportItem.objects.filter(report=OuterRef("pk"))
    whole = items.exclude(message__provider_id__startswith=ERASED_ID)
    events = ReportEvent.objects.filter(report=OuterRef("pk")).exclude(text="").exclude(kind__in=IMPERSONAL)
    left = ~Q(summary="") | ~Q(owed="") | Exists(whole) | Exists(events)
    return Report.objects.filter(left, closed_at__lt=before)


CLOCKS = (
    Clock(
        slug="reports",
        name="Segnalazioni chiuse",
        explanation="Restano numero, categoria, ufficio, date ed esito; vanno testi, file e luogo esatto.",
        days=365,
        minimum=30,
        due=_due,
        discard=lambda pks: _cut_down(Report.objects.filter(pk__in=pks)),
        batch=50,
    ),
)
NEEDS = (
    Need(
        "Ha una segnalazione aperta: senza i suoi dati non le si può più rispondere.",
        lambda: Contact.objects.filter(
            Exists(
                Report.objects.filter(
                    Q(contact=OuterRef("pk")) | Q(contact__merged_into=OuterRef("pk")), state__in=OPEN
                )
            )
        ),
    ),
)
