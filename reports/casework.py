"""What staff do with a case: each act is written in its history and told to the citizen in the staff's words.

Raises throughout: `CaseworkError` (and `states.Forbidden`), with what happened and what to do, in Italian.
"""

from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from reports import answering, assembling, closing, states, template_answers, texts
from reports.models import Office, Report, ReportEvent
from reports.states import OUTCOMES, State
from whatsapp import contents, mail, media, outbox, paging
from whatsapp.models import Media, Message

Event = ReportEvent.Kind


class CaseworkError(ValueError):
    """What was asked cannot be done; the text is for the staff."""


def check_unchanged(report: Report, seen: int) -> None:
    """Hold the case and refuse to act on what a colleague, or a second click, has changed meanwhile.

    Args:
        seen: the last event of the case the user had before their eyes. Call inside a transaction.
    """
    last = assembling.lock(report.pk).events.order_by("-pk").values_list("pk", flat=True).first() or 0
    if last != seen:
        raise CaseworkError(
            "Nel frattempo la segnalazione è cambiata (un collega, o il pulsante premuto due volte): guarda "
            "la storia e riprova, se serve ancora. Il testo che avevi scritto è qui sotto."
        )


@transaction.atomic
def _step(
    wanted: State, kind: Event, report: Report, user: User, text: str = "", *, by_template: bool = False
) -> ReportEvent:
    """One of the three below; only who takes charge takes the case from a colleague."""
    report = assembling.lock(report.pk)
    report.assigned_to = user if wanted == State.TAKEN else report.assigned_to or user
    return _move(report, user, wanted, kind, text, by_template=by_template)


# The user looks into it: is it so, is it ours? The user deals with it from now on. Somebody is at work on it.
verify = partial(_step, State.VERIFYING, Event.VERIFYING)
take_charge = partial(_step, State.TAKEN, Event.TAKEN)
start_work = partial(_step, State.WORKING, Event.STARTED)


def take_from_phone(sender: object, *, key: str, user: User, **_: object) -> str:
    """Who was called at night taps «Me ne occupo» (`whatsapp.signals.page_taken`): the dangers of the person
    the call is about are theirs. Returns why they cannot be, in Italian."""
    contact = answering.called_about(key)
    if contact is None:
        return ""
    if not user.has_perm("reports.treat_report"):
        return "Con il tuo utente non puoi trattare le segnalazioni."
    for report in answering.waiting_dangers(contact):
        take_charge(report, user, texts.fill("taken", report))
    return ""


@transaction.atomic
def answer(
    report: Report,
    user: User,
    text: str,
    *,
    upload: UploadedFile[Any] | None = None,
    quote: bool = False,
    by_template: bool = False,
) -> ReportEvent:
    """Write to the citizen about the case: now, by the approved template, or with their next message.

    Args:
        upload: a picture, a clip or a PDF; the text becomes its caption.
        quote: show above it the citizen's last message of the case.
        by_template: if the 24-hour window is closed. What was still to be told goes with it.

    Raises:
        CaseworkError: neither text nor file, or a file when the window is closed.
        whatsapp.errors.ContentError: too long for WhatsApp, a file it does not take, no approved template.
    """
    # Examined before anything is locked: it may take a while.
    file = media.save_outgoing(upload) if upload is not None and report.contact.window_open else None
    report, text = assembling.lock(report.pk), text.strip()
    if not text and upload is None and not (by_template and report.owed):
        raise CaseworkError("Il messaggio è vuoto: scrivi che cosa vuoi dire al cittadino.")
    if upload is not None and not report.contact.window_open:
        raise CaseworkError(
            "Sono passate più di 24 ore dall'ultimo messaggio del cittadino: WhatsApp non permette di "
            "mandargli un file. Scrivi il testo, o aspetta che scriva di nuovo."
        )
    _has_it(report, user)
    last = report.items.select_related("message").order_by("-message__sent_at", "-pk").first()
    said = _tell(
        report, text, by_template=by_template, file=file, quoting=last.message if last and quote else None
    )
    report.save(update_fields=["owed", "answered_at"])
    what = text or (
        f"file: {said.content.media}" if said and upload else "con il modello, ciò che restava da dire"
    )
    return report.events.create(kind=Event.ANSWERED, actor=user, text=what, message_to_citizen=said)


@transaction.atomic
def hand_over(
    report: Report, user: User, office: Office, text: str = "", *, by_template: bool = False
) -> ReportEvent:
    """Pass the case to another office, which gets an e-mail. An outside body closes it for us."""
    report = assembling.lock(report.pk)
    report.office, report.category_by_staff = office, True
    note = f"a {office.name}"
    if office.external:
        event = _move(
            report, user, State.NOT_OURS, Event.HANDED_OVER, text, note=note, by_template=by_template
        )
    else:
        if not states.is_open(report.state):
            raise states.Forbidden("La segnalazione è chiusa: riaprila per passarla a un altro ufficio.")
        report.assigned_to = None
        event = _write(report, user, Event.HANDED_OVER, text, note=note, by_template=by_template)
    if office.email:
        _email(report, office)
    return event


@transaction.atomic
def close(report: Report, user: User, outcome: State, text: str, *, by_template: bool = False) -> ReportEvent:
    """End the case with an outcome. Never in silence: the citizen's text is required."""
    report = assembling.lock(report.pk)
    if outcome not in OUTCOMES:
        raise CaseworkError("Scegli un esito: risolta, non di competenza, non accolta o annullata.")
    if not text.strip():
        raise CaseworkError("Scrivi che cosa dire al cittadino: una segnalazione non si chiude in silenzio.")
    return _move(report, user, outcome, Event.CLOSED, text, by_template=by_template)


@transaction.atomic
def join(report: Report, user: User, main: Report, text: str, *, by_template: bool = False) -> ReportEvent:
    """Close the case as a duplicate of another: its reporter hears of every change of that one.

    Neither learns of the other. The cases already joined to this one follow it.
    """
    main = main.duplicate_of or main
    # In order: two who join at once only wait.
    held = {pk: assembling.lock(pk) for pk in sorted({report.pk, main.pk})}
    report, main = held[report.pk], held[main.pk]
    if main.pk == report.pk or not states.is_open(main.state):
        raise CaseworkError("Scegli un'altra segnalazione, ancora aperta, a cui unire questa.")
    if not text.strip():
        raise CaseworkError("Scrivi che cosa dire al cittadino: una segnalazione non si chiude in silenzio.")
    report.duplicate_of = main
    note = f"alla n. {main.number}"
    event = _move(report, user, State.DUPLICATE, Event.JOINED, text, note=note, by_template=by_template)
    report.duplicates.update(duplicate_of=main)
    assembling.weigh(main)
    main.save()
    return event


@transaction.atomic
def reopen(report: Report, user: User, text: str = "", *, by_template: bool = False) -> ReportEvent:
    """Take a closed case up again."""
    report = assembling.lock(report.pk)
    report.duplicate_of = None
    return _move(report, user, State.REOPENED, Event.REOPENED, text, by_template=by_template)


def _move(
    report: Report,
    user: User,
    wanted: State,
    kind: ReportEvent.Kind,
    text: str,
    *,
    note: str = "",
    by_template: bool = False,
) -> ReportEvent:
    states.check(report.state, wanted)
    before, report.state = report.state, wanted
    report.closed_at = None if states.is_open(wanted) else timezone.now()
    report.ask_at = None
    return _write(report, user, kind, text, note=note, before=before, by_template=by_template)


def _has_it(report: Report, user: User) -> None:
    """The calls about this person end when the last of their dangers has been taken."""
    others = answering.waiting_dangers(report.contact).exclude(pk=report.pk)
    if report.state not in states.WAITING and not others.exists():
        for key in answering.call_keys(report.contact):
            paging.settle(key, user)


def _write(
    report: Report,
    user: User,
    kind: ReportEvent.Kind,
    text: str,
    *,
    note: str = "",
    before: str = "",
    by_template: bool = False,
) -> ReportEvent:
    """Save the case, tell the citizen, write the history; then the same for who reported it too."""
    text = text.strip()
    _has_it(report, user)
    rating = bool(before) and report.state == State.RESOLVED
    said = _tell(report, text, by_template=by_template, rating=rating)
    report.save()
    event = report.events.create(
        kind=kind,
        actor=user,
        from_state=before,
        to_state=report.state if before else "",
        text="\n".join(part for part in (note, text) if part),
        message_to_citizen=said,
    )
    if text:
        for one in report.duplicates.select_related("contact"):
            # Their own number and private page, never another reporter's.
            theirs = text.replace(report.number, one.number).replace(report.token, one.token)
            told = _tell(one, theirs, by_template=by_template, rating=rating)
            one.save()
            one.events.create(kind=kind, actor=user, text=theirs, message_to_citizen=told)
    return event


def _tell(
    report: Report,
    text: str,
    *,
    by_template: bool,
    rating: bool = False,
    file: Media | None = None,
    quoting: Message | None = None,
) -> Message | None:
    """Now, if the window is open or by the template; else with the next reply (`answering.tell_owed`).

    What was owed goes in the template too: nothing is said twice, nothing is lost.
    """
    if not text and file is None and not by_template:
        return None
    if not report.contact.window_open:
        report.owed = "\n\n".join(part for part in (report.owed, text) if part)
        if not by_template:
            return None
        content = template_answers.make_content(report, report.owed)
        report.owed = ""
    elif file is not None:
        content = contents.with_file(file, text)
    else:
        content = closing.ask_rating(report, text) if rating else contents.text(text)
    report.answered_at = report.answered_at or timezone.now()
    return outbox.send(report.contact, content, quoting=quoting)


def _email(report: Report, office: Office) -> None:
    """What an office needs to act; nothing of who reported it."""
    place = report.address or "indirizzo non indicato"
    if report.latitude is not None:
        place += f"\nhttps://www.openstreetmap.org/?mlat={report.latitude}&mlon={report.longitude}#map=18"
    category = report.category.name if report.category else "senza categoria"
    body = (
        f"Segnalazione n. {report.number} ({category})\nDove: {place}\n\n{report.summary or 'Senza testo.'}"
    )
    subject = f"Comune di Regalbuto: segnalazione n. {report.number}"
    mail.enqueue(office.email, subject, body)
