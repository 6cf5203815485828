"""What staff do with a case: each act is written in its history and told to the citizen in the staff's words.

Raises throughout: `CaseworkError` (and `states.Forbidden`), with what happened and what to do, in Italian.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from reports import by_template, deadlines, places, states
from reports.models import Office, Report, ReportCategory, ReportEvent
from reports.states import OUTCOMES, State
from whatsapp import media, merging, outbox
from whatsapp.models import Media, Message

Event = ReportEvent.Kind


class CaseworkError(ValueError):
    """What was asked cannot be done; the text is for the staff."""


class WindowClosed(CaseworkError):
    """Free text may only be written within 24 hours of the person's last message."""

    def __init__(self) -> None:
        super().__init__(
            "Sono passate più di 24 ore dall'ultimo messaggio del cittadino: WhatsApp non permette di "
            "scrivergli un testo libero. Puoi inviare lo stesso testo con il modello approvato, qui sotto, "
            "oppure aspettare che scriva di nuovo."
        )


def lock(pk: int) -> Report:
    """The case, held until the transaction ends. The contact first, as the inbox does: else two could wait
    for each other."""
    contact_id = Report.objects.values_list("contact_id", flat=True).get(pk=pk)
    contact = merging.lock(contact_id)
    report = Report.objects.select_for_update().get(pk=pk)
    if report.contact_id == contact.pk:  # a case stays with the contact that made it, merged or not
        report.contact = contact
    return report


def check_unchanged(report: Report, seen: int) -> None:
    """Hold the case and refuse to act on what a colleague, or a second click, has changed meanwhile.

    Args:
        seen: the last event of the case the user had before their eyes. Call inside a transaction.
    """
    last = lock(report.pk).events.order_by("-pk").values_list("pk", flat=True).first() or 0
    if last != seen:
        raise CaseworkError(
            "Nel frattempo la segnalazione è cambiata (un collega, o il pulsante premuto due volte): guarda "
            "la storia e riprova, se serve ancora. Il testo che avevi scritto è qui sotto."
        )


@transaction.atomic
def take_charge(report: Report, user: User, text: str = "") -> ReportEvent:
    """The user deals with it from now on."""
    report = lock(report.pk)
    states.check(report.state, State.TAKEN)
    report.assigned_to = user
    return _move(report, user, State.TAKEN, Event.TAKEN, text)


@transaction.atomic
def start_work(report: Report, user: User, text: str = "") -> ReportEvent:
    """Somebody is at work on it."""
    report = lock(report.pk)
    report.assigned_to = report.assigned_to or user
    return _move(report, user, State.WORKING, Event.STARTED, text)


@transaction.atomic
def answer(
    report: Report, user: User, text: str, *, upload: UploadedFile[Any] | None = None, quote: bool = False
) -> ReportEvent:
    """Write to the citizen about the case.

    Args:
        upload: a picture, a clip or a PDF; the text becomes its caption.
        quote: show above it the citizen's last message of the case.

    Raises:
        WindowClosed: more than 24 hours after the person's last message.
        CaseworkError: neither text nor file.
        whatsapp.errors.ContentError: too long for WhatsApp, or a file it does not take.
    """
    report, text = lock(report.pk), text.strip()
    if not text and upload is None:
        raise CaseworkError("Il messaggio è vuoto: scrivi che cosa vuoi dire al cittadino.")
    if not report.contact.window_open:
        raise WindowClosed
    last = report.items.select_related("message").order_by("-message__sent_at", "-pk").first()
    quoting = last.message if last and quote else None
    if upload is None:
        said = outbox.reply(report.contact, text, quoting=quoting)
    else:
        said = outbox.reply_with_file(report.contact, media.save_outgoing(upload), text, quoting=quoting)
    what = text or f"file: {said.content.media}"
    return report.events.create(kind=Event.ANSWERED, actor=user, text=what, message_to_citizen=said)


@transaction.atomic
def answer_by_template(report: Report, user: User, text: str) -> ReportEvent:
    """Write to the citizen when the window is closed, in the approved template. What was still to be told is
    replaced by it: nothing is said twice.

    Raises:
        CaseworkError: no text.
        whatsapp.errors.ContentError: no approved template, or too long for it.
    """
    report, text = lock(report.pk), text.strip()
    if not text:
        raise CaseworkError("Il messaggio è vuoto: scrivi che cosa vuoi dire al cittadino.")
    said = outbox.send(report.contact, by_template.make_content(report, text))
    report.owed = ""
    report.save(update_fields=["owed"])
    return report.events.create(kind=Event.ANSWERED, actor=user, text=text, message_to_citizen=said)


@transaction.atomic
def use_photo_place(report: Report, user: User, photo: Media) -> ReportEvent:
    """Take the place where a picture of the case says it was taken; a position sent comes first."""
    report = lock(report.pk)
    if report.latitude is not None:
        raise CaseworkError("La segnalazione ha già un punto sulla mappa: resta quello.")
    ours = report.items.filter(message__content__media=photo).exists()
    if not ours or photo.latitude is None or photo.longitude is None:
        raise CaseworkError("Questa foto non dice dove è stata scattata, o non è di questa segnalazione.")
    report.latitude, report.longitude = photo.latitude, photo.longitude
    report.inside_town = places.inside_town(photo.latitude, photo.longitude)
    report.save(update_fields=["latitude", "longitude", "inside_town"])
    where = f"{photo.latitude:.5f}, {photo.longitude:.5f}"
    return report.events.create(kind=Event.LOCATED, actor=user, text=where)


@transaction.atomic
def add_note(report: Report, user: User, text: str) -> ReportEvent:
    """A note for the colleagues; the citizen never sees it."""
    if not text.strip():
        raise CaseworkError("La nota è vuota: scrivi qualcosa.")
    return report.events.create(kind=Event.NOTED, actor=user, text=text.strip())


@transaction.atomic
def reclassify(report: Report, user: User, category: ReportCategory) -> ReportEvent:
    """Correct the category; office and deadline follow it. The citizen is not told."""
    report = lock(report.pk)
    before = report.category.name if report.category else "nessuna"
    report.category, report.category_by_staff = category, True
    report.office = category.office
    report.due_on = deadlines.add_working_days(timezone.localdate(report.opened_at), category.working_days)
    report.save()
    return report.events.create(kind=Event.RECLASSIFIED, actor=user, text=f"da {before} a {category.name}")


@transaction.atomic
def hand_over(report: Report, user: User, office: Office, text: str = "") -> ReportEvent:
    """Pass the case to another office, which gets an e-mail. An outside body closes it for us."""
    report = lock(report.pk)
    report.office, report.category_by_staff = office, True
    if office.external:
        event = _move(report, user, State.NOT_OURS, Event.HANDED_OVER, text, note=f"a {office.name}")
    else:
        if not states.is_open(report.state):
            raise states.Forbidden("La segnalazione è chiusa: riaprila per passarla a un altro ufficio.")
        report.assigned_to = None
        event = _write(report, user, Event.HANDED_OVER, text, note=f"a {office.name}")
    if office.email:
        transaction.on_commit(_email(report, office))
    return event


@transaction.atomic
def close(report: Report, user: User, outcome: State, text: str) -> ReportEvent:
    """End the case with an outcome. Never in silence: the citizen's text is required."""
    report = lock(report.pk)
    if outcome not in OUTCOMES:
        raise CaseworkError("Scegli un esito: risolta, non di competenza, non accolta o annullata.")
    if not text.strip():
        raise CaseworkError("Scrivi che cosa dire al cittadino: una segnalazione non si chiude in silenzio.")
    return _move(report, user, outcome, Event.CLOSED, text)


@transaction.atomic
def reopen(report: Report, user: User, text: str = "") -> ReportEvent:
    """Take a closed case up again."""
    return _move(lock(report.pk), user, State.REOPENED, Event.REOPENED, text)


def _move(
    report: Report, user: User, wanted: State, kind: ReportEvent.Kind, text: str, *, note: str = ""
) -> ReportEvent:
    states.check(report.state, wanted)
    before, report.state = report.state, wanted
    report.closed_at = None if states.is_open(wanted) else timezone.now()
    return _write(report, user, kind, text, note=note, before=before)


def _write(
    report: Report, user: User, kind: ReportEvent.Kind, text: str, *, note: str = "", before: str = ""
) -> ReportEvent:
    """Save the case, tell the citizen, write the history."""
    said = _tell(report, text.strip())
    report.save()
    return report.events.create(
        kind=kind,
        actor=user,
        from_state=before,
        to_state=report.state if before else "",
        text="\n".join(part for part in (note, text.strip()) if part),
        message_to_citizen=said,
    )


def _tell(report: Report, text: str) -> Message | None:
    """Now if the window is open; else with the next reply (`assembling.tell_owed`)."""
    if not text:
        return None
    if report.contact.window_open:
        return outbox.reply(report.contact, text)
    report.owed = "\n\n".join(part for part in (report.owed, text) if part)
    return None


def _email(report: Report, office: Office) -> Callable[[], int]:
    """What an office needs to act; nothing of who reported it."""
    place = report.address or "indirizzo non indicato"
    if report.latitude is not None:
        place += f"\nhttps://www.openstreetmap.org/?mlat={report.latitude}&mlon={report.longitude}#map=18"
    category = report.category.name if report.category else "senza categoria"
    body = (
        f"Segnalazione n. {report.number} ({category})\nDove: {place}\n\n{report.summary or 'Senza testo.'}"
    )
    subject = f"Comune di Regalbuto: segnalazione n. {report.number}"
    return partial(send_mail, subject, body, None, [office.email], fail_silently=True)
