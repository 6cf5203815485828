"""What citizens are told by itself: the receipt, the questions, what to do in danger; once per burst."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from reports import bursts, deadlines, severity, texts
from reports.models import Report, ReportCategory, ReportEvent
from reports.states import OPEN, State
from whatsapp import contents, merging, outbox, paging
from whatsapp.errors import ContentError
from whatsapp.models import Contact, Content, Media, Message
from whatsapp.types import Kind, Lane

Event = ReportEvent.Kind
CALL_KEY = "danger-"
# Of many dangers of one person the call shows the last ones.
DANGERS_SHOWN = 5


def respond(
    report: Report, sent_at: datetime, *, opened: bool = False, late: bool = False, anew: bool = False
) -> None:
    """At most one automatic answer per burst: the number at once, then what is missing, bit by bit.

    Args:
        sent_at: when the person wrote what we answer.
        late: an addition to an old case: said that it was understood, if nothing else is to be said.
        anew: it is not of the burst that our last answer met.
    """
    alarmed = report.level == severity.DANGER and not report.events.filter(kind=Event.DANGER).exists()
    question = bursts.next_question(missing=missing(report), asked=report.asked)
    if opened or alarmed:
        _receipt(report, sent_at, question, opened=opened, alarmed=alarmed)
    elif question and anew and not report.ended_at:
        _ask(report, sent_at, question)
    elif question and not report.ended_at:
        report.ask_at = timezone.now() + bursts.BURST
        report.save(update_fields=["ask_at"])
    elif late and anew:
        report.events.create(kind=Event.ADDED, message_to_citizen=say(report, "added"))
        _note(report, sent_at, "")


def missing(report: Report) -> list[str]:
    """What we would ask for: where, and what it is if the words do not tell."""
    known = report.category_by_staff or (report.category and report.category.slug != severity.OTHER)
    chosen = known or report.items.filter(message__content__kind=Kind.BUTTON_REPLY).exists()
    return [thing for thing, there in (("place", report.has_place), ("kind", chosen)) if not there]


def _receipt(report: Report, sent_at: datetime, question: str, *, opened: bool, alarmed: bool) -> None:
    """The first answer, or the one to a danger that shows later."""
    words = {"domanda": texts.fill(f"ask_{question or 'nothing'}"), "orario": _hours()}
    note = ""
    if alarmed:
        paged = _call_staff(report)
        # Nothing has left yet: what is said is that it is on its way, and only where it is.
        words["avviso"] = texts.fill("paged" if paged else "not_paged")
        note = f"{_reasons(report)}. Persone in chiamata: {paged}."
    parts = [texts.fill("danger" if alarmed else "received", report, **words)]
    if report.inside_town is False:
        parts.append(texts.fill("outside"))
    if opened and not report.summary and report.items.filter(message__content__kind=Kind.AUDIO).exists():
        parts.append(texts.fill("voice"))
    content = _with_choices(report, "\n\n".join(parts), question)
    said = outbox.send(report.contact, content, automatic=not alarmed)
    if opened and alarmed:
        report.events.create(kind=Event.OPENED, to_state=State.RECEIVED)
    kind, state = (Event.DANGER, "") if alarmed else (Event.OPENED, State.RECEIVED)
    report.events.create(kind=kind, to_state=state, message_to_citizen=said, text=note)
    _note(report, sent_at, question)


def _ask(report: Report, sent_at: datetime, question: str) -> None:
    body = texts.fill("question", report, domanda=texts.fill(f"ask_{question}"))
    said = outbox.send(report.contact, _with_choices(report, body, question), automatic=True)
    report.events.create(kind=Event.ASKED, message_to_citizen=said)
    _note(report, sent_at, question)


def _note(report: Report, sent_at: datetime, question: str) -> None:
    report.asked = [*report.asked, question] if question else report.asked
    report.asked_at, report.ask_at = sent_at, None
    report.save(update_fields=["asked", "asked_at", "ask_at"])


def _with_choices(report: Report, body: str, question: str) -> Content:
    """With WhatsApp's own means to answer, unless the staff's words are too long to go with them."""
    try:
        if question == "place":
            return contents.ask_place(body)
        if question == "kind":
            offered = ReportCategory.objects.filter(offered=True)[: contents.MAX_ROWS]
            names = [(one.slug, one.name[: contents.ROW_TITLE_LIMIT]) for one in offered]
            rows = [(tap(report, "kind", slug), name, "") for slug, name in names]
            return contents.choices(body, "Scegli", rows)
        return contents.text(body, buttons=[(tap(report, "end"), "Basta così")])
    except ContentError:
        return contents.text(body)


def tap(report: Report, *what: object) -> str:
    """The id of a button or row about this case, read by `inbound`."""
    return ":".join(map(str, ("report", report.pk, *what)))


def _hours() -> str:
    """Out of hours: when somebody will be there."""
    opens_at = deadlines.next_opening(timezone.localtime())
    return texts.fill("closed_now", apertura=f"{opens_at:%d/%m alle %H:%M}") if opens_at else ""


def say(report: Report, slug: str) -> Message:
    """Queue one of the texts."""
    return outbox.reply(report.contact, texts.fill(slug, report), automatic=True)


def ask_pending() -> int:
    """Ask what is still missing of those who have written no more for a while. Returns how many."""
    now = timezone.now()
    asked = 0
    due = Report.objects.filter(ask_at__lte=now).order_by("ask_at").values_list("pk", "contact_id")
    for pk, contact_id in due[:100]:
        with transaction.atomic():
            contact = merging.lock(contact_id)  # as the inbox does: no message comes in between
            report = Report.objects.select_for_update().get(pk=pk)
            question = bursts.next_question(missing=missing(report), asked=report.asked)
            still = report.ask_at and report.ask_at <= now and report.state in OPEN
            if still and question and contact.window_open and not contact.blocked:
                _ask(report, now, question)
                asked += 1
            else:
                Report.objects.filter(pk=pk, ask_at__lte=now).update(ask_at=None)
    return asked


def answer_courteously(contact: Contact, slug: str) -> None:
    """Answer a greeting once, not a hundred of them."""
    if not slug:
        return
    text = texts.fill(slug)
    lately = timezone.now() - bursts.WINDOW
    said = Message.objects.filter(contact=contact, inbound=False, lane=Lane.REPLY, created_at__gte=lately)
    if not said.filter(content__text=text).exists():
        outbox.reply(contact, text, automatic=True)


def call_keys(contact: Contact) -> list[str]:
    """Of the calls of the staff on duty about this person's dangers: the first is the one that runs now, the
    others are of contacts that were found to be the same person."""
    person = contact.person
    return [f"{CALL_KEY}{one.pk}" for one in (person, *person.merged.all())]


def called_about(key: str) -> Contact | None:
    """Whose dangers a call is about."""
    number = key.removeprefix(CALL_KEY)
    if number == key or not number.isdecimal():
        return None
    contact = Contact.objects.filter(pk=number).first()
    return contact and contact.person


def waiting_dangers(contact: Contact) -> QuerySet[Report]:
    """The dangers of a person that still wait for the staff."""
    theirs = Report.objects.filter(contact__in=contact.rows(), state=State.RECEIVED)
    return theirs.filter(events__kind=Event.DANGER).order_by("pk")


def _reasons(report: Report) -> str:
    worst = max(map(severity.assess, report.summary.splitlines() or [""]), key=lambda one: one.level)
    return ", ".join(worst.reasons)


def _call_staff(report: Report) -> int:
    """Call who is on duty; to how many people it is on its way. Dangers of one person share one call."""
    today = ReportEvent.objects.filter(
        kind=Event.DANGER, report__contact__in=report.contact.rows(), at__date=timezone.localdate()
    )
    of_today = [*today.order_by("pk").values_list("report_id", flat=True), report.pk]
    waiting = [*waiting_dangers(report.contact).exclude(pk=report.pk), report]
    lines = [_danger(one, of_today) for one in waiting[-DANGERS_SHOWN:]]
    if len(waiting) > len(lines):
        lines.insert(0, f"Prima di queste altre {len(waiting) - len(lines)}, nell'elenco delle segnalazioni.")
    reason = f"segnalazione di pericolo n. {report.number}"
    if len(waiting) > 1:
        reason = f"{len(waiting)} segnalazioni di pericolo dallo stesso numero"
    return paging.page(
        reason,
        "\n".join([*lines, "Al cittadino è stato detto di chiamare il 112."]),
        key=call_keys(report.contact)[0],
        path=reverse("admin:reports_report_change", args=[report.pk]),
    )


def _danger(report: Report, of_today: Sequence[int]) -> str:
    """A line of the call, with a mark on who reports one danger after the other."""
    on_map = "posizione sulla mappa" if report.latitude is not None else "luogo non indicato"
    count = of_today.index(report.pk) + 1 if report.pk in of_today else 1
    mark = f" ({count}º pericolo di oggi da questo numero)" if count > 1 else ""
    return f"n. {report.number}: {_reasons(report)}; {report.address or on_map}{mark}."


def tell_owed(contact: Contact) -> None:
    """Say what could not be said while the person's 24-hour window was closed: now it is open."""
    for report in Report.objects.select_for_update().filter(contact__in=contact.rows()).exclude(owed=""):
        said = outbox.reply(contact, report.owed)
        report.events.create(kind=Event.TOLD, text=report.owed, message_to_citizen=said)
        report.owed = ""
        report.save(update_fields=["owed"])


def tell_of_rejected(sender: object, *, media: Media, **_: object) -> None:
    """Tell whoever sent a file that it cannot be opened, once for a whole heap of them."""
    message = Message.objects.select_related("contact").filter(inbound=True, content__media=media).first()
    if message and message.contact.window_open and not message.contact.blocked:
        answer_courteously(message.contact, "file_rejected")
