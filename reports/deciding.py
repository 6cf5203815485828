"""What staff decide about a case without a word to the citizen: who, where, of what kind, how serious.

Raises throughout: `CaseworkError`, with what happened and what to do, in Italian.
"""

from datetime import date

from django.contrib.auth.models import User
from django.db import transaction

from reports import assembling, places, scoring
from reports.casework import CaseworkError
from reports.models import Report, ReportCategory, ReportEvent
from whatsapp.models import Media

Event = ReportEvent.Kind


@transaction.atomic
def assign(report: Report, user: User, colleague: User) -> ReportEvent:
    """Give the case to a colleague, who treats reports too; the citizen is not told."""
    report = assembling.lock(report.pk)
    if not colleague.is_active or not colleague.has_perm("reports.treat_report"):
        raise CaseworkError(f"{colleague} non può trattare le segnalazioni: scegli un altro collega.")
    report.assigned_to = colleague
    report.save(update_fields=["assigned_to"])
    return report.events.create(kind=Event.ASSIGNED, actor=user, text=f"a {colleague}")


@transaction.atomic
def use_photo_place(report: Report, user: User, photo: Media) -> ReportEvent:
    """Take the place where a picture of the case says it was taken."""
    ours = report.items.filter(message__content__media=photo).exists()
    if not ours or photo.latitude is None or photo.longitude is None:
        raise CaseworkError("Questa foto non dice dove è stata scattata, o non è di questa segnalazione.")
    return set_place(report, user, photo.latitude, photo.longitude)


@transaction.atomic
def set_place(report: Report, user: User, latitude: float, longitude: float) -> ReportEvent:
    """Say where it is, if the citizen did not send a position. WGS84 degrees."""
    report = assembling.lock(report.pk)
    if report.items.filter(message__content__latitude__isnull=False, message__changed_by=None).exists():
        raise CaseworkError("Il cittadino ha mandato la sua posizione: resta quella.")
    if not places.valid(latitude, longitude):
        raise CaseworkError("Queste coordinate non esistono: indica di nuovo il punto sulla mappa.")
    report.latitude, report.longitude = latitude, longitude
    report.inside_town = places.inside_town(latitude, longitude)
    report.save(update_fields=["latitude", "longitude", "inside_town"])
    return report.events.create(kind=Event.LOCATED, actor=user, text=f"{latitude:.5f}, {longitude:.5f}")


@transaction.atomic
def add_note(report: Report, user: User, text: str) -> ReportEvent:
    """A note for the colleagues; the citizen never sees it."""
    if not text.strip():
        raise CaseworkError("La nota è vuota: scrivi qualcosa.")
    return report.events.create(kind=Event.NOTED, actor=user, text=text.strip())


@transaction.atomic
def reclassify(report: Report, user: User, category: ReportCategory) -> ReportEvent:
    """Correct the category; office, deadline and points follow it. The citizen is not told."""
    report = assembling.lock(report.pk)
    before = report.category.name if report.category else "nessuna"
    report.category_by_staff = True
    assembling.put_in(report, category)
    assembling.weigh(report)
    report.save()
    return report.events.create(kind=Event.RECLASSIFIED, actor=user, text=f"da {before} a {category.name}")


@transaction.atomic
def decide_level(report: Report, user: User, level: int, reason: str) -> ReportEvent:
    """Say how serious it is (1-4), whatever the words say, and why."""
    report, reason = assembling.lock(report.pk), reason.strip()
    if level not in scoring.LEVELS:
        raise CaseworkError("Scegli quanto è grave.")
    if not reason:
        raise CaseworkError("Scrivi perché: resta nella storia e lo leggono i colleghi.")
    before, report.level, report.level_by_staff = report.level, level, True
    assembling.weigh(report)
    report.save()
    change = f"da {scoring.LEVELS[before]} a {scoring.LEVELS[level]}: {reason}"
    return report.events.create(kind=Event.WEIGHED, actor=user, text=change)


@transaction.atomic
def register(
    report: Report, user: User, *, wanted: bool, number: str = "", day: date | None = None
) -> ReportEvent:
    """Mark that it must be entered in the town's protocol, or with which number and date it was."""
    report, number = assembling.lock(report.pk), number.strip()
    if bool(number) != bool(day):
        raise CaseworkError("Del protocollo servono il numero e la data.")
    report.protocol_number, report.protocol_date = number, day
    report.to_register = wanted and not number
    report.save(update_fields=["protocol_number", "protocol_date", "to_register"])
    mark = "da protocollare" if wanted else "non da protocollare"
    text = f"n. {number} del {day:%d/%m/%Y}" if day else mark
    return report.events.create(kind=Event.REGISTERED, actor=user, text=text)
