"""From scattered messages to one case. `bursts` and `severity` decide; here it is kept."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from reports import bursts, deadlines, places, scoring, severity, texts
from reports.bursts import Ignore, Join, Open, OpenCase, Piece
from reports.models import Numbering, Report, ReportCategory, ReportEvent, ReportItem
from reports.states import OPEN, State, is_open
from whatsapp import contents, outbox, paging
from whatsapp.inbox import CHANGES
from whatsapp.models import Attempt, Contact, Media, Message
from whatsapp.types import Kind, Lane

SUMMARY_LIMIT = 2000
DEFAULT_WORKING_DAYS = 20
Event = ReportEvent.Kind


@transaction.atomic
def receive(message: Message) -> Report | None:
    """Make a citizen's message part of a case, old or new, and answer; None if it opens and joins none.

    The caller holds the contact's row, so that a photo and its text cannot open two cases.
    """
    content = message.content
    if content.kind in CHANGES and (item := _original(message)):
        return _change(Report.objects.select_for_update().get(pk=item.report_id), message)
    piece = Piece(
        # The correction of what belongs to no case is as good as a new text.
        kind=Kind.TEXT if content.kind == Kind.EDIT else content.kind,
        text=message.text,
        sent_at=_written_at(message),
        quoted=_quoted(message),
        payload=content.payload,
    )
    match bursts.decide(piece, _open_cases(message.contact, piece.sent_at)):
        case Ignore(reply=slug):
            _answer_courteously(message.contact, slug)
            return None
        case Join(case=pk, courtesy=courtesy):
            return _join(Report.objects.select_for_update().get(pk=pk), message, courtesy=courtesy)
        case Open():
            return _open(message)


def _written_at(message: Message) -> datetime:
    return message.sent_at or message.created_at


def _quoted(message: Message) -> int | None:
    """The case of the message this one answers, by our answers to them or their own pieces."""
    if not message.context_id:
        return None
    if item := _original(message):
        return item.report_id
    attempt = Attempt.objects.filter(
        provider_id=message.context_id, message__contact__in=message.contact.rows()
    ).first()
    if attempt is None:
        return None
    events = ReportEvent.objects.filter(message_to_citizen=attempt.message_id)
    return events.values_list("report_id", flat=True).first()


def _original(message: Message) -> ReportItem | None:
    """The person's own piece that this message is about."""
    own = Q(message__provider_id=message.context_id, message__contact__in=message.contact.rows())
    return ReportItem.objects.filter(own).first()


def _change(report: Report, message: Message) -> Report:
    """The person corrects or withdraws a piece: the case is what they want to have said."""
    withdrawn = message.content.kind == Kind.REVOKE
    refresh(report, anew=True)
    report.events.create(kind=Event.CHANGED, text="ritirato" if withdrawn else "modificato")
    if not withdrawn:
        _answer(report, _written_at(message), opened=False)
    return report


def _open_cases(contact: Contact, sent_at: datetime) -> list[OpenCase]:
    """Newest first. Only what could still be joined is looked at, whatever the person's past."""
    since = sent_at - bursts.ANSWER_WINDOW
    answered = ReportEvent.objects.filter(
        kind=Event.ANSWERED, at__gte=since, report__contact__in=contact.rows()
    )
    mine = Report.objects.filter(contact__in=contact.rows(), state__in=OPEN)
    recent = mine.filter(Q(last_item_at__gte=since) | Q(pk__in=answered.values("report")))
    return [_as_open_case(report, since) for report in recent.order_by("-last_item_at", "-pk")]


def _as_open_case(report: Report, since: datetime) -> OpenCase:
    items = report.items.select_related("message").only(
        "message__sent_at", "message__created_at", "report_id"
    )
    answered = report.events.filter(kind=Event.ANSWERED, at__gte=max(report.last_item_at, since)).last()
    asked = "place" in report.asked and not report.has_place
    return OpenCase(
        id=report.pk,
        times=tuple(_written_at(item.message) for item in items),
        staff_wrote_at=answered.at if answered else None,
        place_asked_at=report.asked_at if asked else None,
    )


def _answer_courteously(contact: Contact, slug: str) -> None:
    """Answer a greeting once, not a hundred of them."""
    if not slug:
        return
    text = texts.fill(slug)
    lately = timezone.now() - bursts.WINDOW
    said = Message.objects.filter(contact=contact, inbound=False, lane=Lane.REPLY, created_at__gte=lately)
    if not said.filter(content__text=text).exists():
        outbox.reply(contact, text, automatic=True)


def next_number(year: int) -> str:
    """Give the next number of a year, such as `2026-0001`. Given once, whatever happens to the case later."""
    Numbering.objects.get_or_create(year=year)
    numbering = Numbering.objects.select_for_update().get(year=year)
    numbering.last += 1
    numbering.save(update_fields=["last"])
    return str(numbering)


def _open(message: Message) -> Report:
    sent_at = _written_at(message)
    report = Report.objects.create(
        number=next_number(timezone.localdate().year),
        contact=message.contact,
        opened_at=sent_at,
        last_item_at=sent_at,
    )
    ReportItem.objects.create(report=report, message=message)
    refresh(report)
    _answer(report, sent_at, opened=True)
    return report


def _join(report: Report, message: Message, *, courtesy: bool) -> Report:
    sent_at = _written_at(message)
    ReportItem.objects.create(report=report, message=message)
    report.opened_at = min(report.opened_at, sent_at)
    report.last_item_at = max(report.last_item_at, sent_at)
    report.save(update_fields=["opened_at", "last_item_at"])
    if courtesy:
        return report
    refresh(report)
    if not is_open(report.state):
        _reopen(report)
    _answer(report, sent_at, opened=False)
    return report


def _reopen(report: Report) -> None:
    """The person answers about a closed case: it is not solved for them."""
    before, report.state, report.closed_at = report.state, State.REOPENED, None
    report.save(update_fields=["state", "closed_at"])
    said = outbox.reply(report.contact, texts.fill("reopened", report), automatic=True)
    report.events.create(
        kind=Event.REOPENED, from_state=before, to_state=State.REOPENED, message_to_citizen=said
    )


def refresh(report: Report, *, anew: bool = False) -> None:
    """Compute what follows from all the messages of a case, in the order they were written.

    What staff have decided (category, office) stays.

    Args:
        anew: the level may fall, because the person took something back; else it only rises.
    """
    items = report.items.select_related("message__content", "message__changed_by__content")
    standing = [item.message for item in items if not item.message.withdrawn]
    messages = sorted(standing, key=lambda m: (_written_at(m), m.provider_id or ""))
    written = [message.text for message in messages if message.text.strip()]
    report.summary = "\n".join(written)[:SUMMARY_LIMIT]
    _locate(report, messages)
    report.level = 1 if anew else report.level
    _assess(report, written)
    report.save()


def _locate(report: Report, messages: Sequence[Message]) -> None:
    """The last position sent, else the photo's that the staff took; its address, or the first written."""
    report.address = ""
    if not report.events.filter(kind=Event.LOCATED).exists():
        report.latitude = report.longitude = report.inside_town = None
    for message in messages:
        place = message.content.place
        if place and places.valid(place.latitude, place.longitude):
            report.latitude, report.longitude = place.latitude, place.longitude
            report.inside_town = places.inside_town(place.latitude, place.longitude)
            report.address = (place.address or place.name)[:200] or report.address
    report.address = report.address or places.find_address(report.summary)


def _assess(report: Report, written: Sequence[str]) -> None:
    # One by one as well as together: so no order of arrival makes a danger of what is none, or hides one.
    assessments = [severity.assess(text) for text in written] or [severity.assess("")]
    worst = max(assessment.level for assessment in assessments)
    report.level = max(report.level, worst)
    reasons = [
        reason for assessment in sorted(assessments, key=lambda a: -a.level) for reason in assessment.reasons
    ]
    report.reasons = list(dict.fromkeys(reasons))[: severity.REASONS_LIMIT]
    report.score = scoring.points(report.level, report.reasons)
    if not report.category_by_staff:
        _classify(report, severity.assess("\n".join(written)).category)


def _classify(report: Report, slug: str) -> None:
    category = ReportCategory.objects.select_related("office").filter(slug=slug).first()
    days = category.working_days if category else DEFAULT_WORKING_DAYS
    report.category = category
    report.office = category.office if category else None
    report.due_on = deadlines.add_working_days(timezone.localdate(report.opened_at), days)


def _answer(report: Report, sent_at: datetime, *, opened: bool) -> None:
    """At most one automatic answer per burst: the number at once, then what is missing, bit by bit."""
    alarmed = report.level == severity.DANGER and not report.events.filter(kind=Event.DANGER).exists()
    question = bursts.next_question(missing=_missing(report), asked=report.asked)
    if opened or alarmed:
        kind, slug = (Event.DANGER, "danger") if alarmed else (Event.OPENED, "received")
    elif question and bursts.may_ask(sent_at, report.asked_at):
        kind, slug = Event.ASKED, "question"
    else:
        return
    words = {"domanda": texts.fill(f"ask_{question or 'nothing'}")}
    note = ""
    if alarmed:
        paged = _call_staff(report)
        # Never promised where it is not so: perhaps nobody is on duty.
        words["avviso"] = texts.fill("paged" if paged else "not_paged")
        note = f"{'; '.join(report.reasons)}. Persone di turno avvisate: {paged}."
    body = texts.fill(slug, report, **words)
    if report.inside_town is False and kind != Event.ASKED:
        body = f"{body}\n\n{texts.fill('outside')}"
    if opened and not report.summary and report.items.filter(message__content__kind=Kind.AUDIO).exists():
        body = f"{body}\n\n{texts.fill('voice')}"
    _say(report, kind, body, note=note, opened=opened, asks_place=question == "place")
    report.asked = [*report.asked, question] if question else report.asked
    report.asked_at = sent_at
    report.save(update_fields=["asked", "asked_at"])


def _say(
    report: Report, kind: ReportEvent.Kind, body: str, *, note: str, opened: bool, asks_place: bool
) -> None:
    """Queue an automatic answer and write in the history that it was given."""
    # WhatsApp's own button for the position, unless the staff's words are too long to go with it.
    with_button = asks_place and len(body) <= contents.INTERACTIVE_LIMIT
    ask = outbox.ask_place if with_button else outbox.reply
    said = ask(report.contact, body, automatic=kind != Event.DANGER)
    if opened and kind != Event.OPENED:
        report.events.create(kind=Event.OPENED, to_state=State.RECEIVED)
    state = State.RECEIVED if kind == Event.OPENED else ""
    report.events.create(kind=kind, to_state=state, message_to_citizen=said, text=note)


def _missing(report: Report) -> list[str]:
    missing = [] if report.has_place else ["place"]
    told = report.summary or report.items.filter(message__content__kind=Kind.AUDIO).exists()
    return missing if told else [*missing, "description"]


def _call_staff(report: Report) -> int:
    """Page who is on duty; how many they are."""
    on_map = "posizione sulla mappa" if report.latitude is not None else "luogo non indicato"
    address = f"{settings.SITE_URL}{reverse('admin:reports_report_change', args=[report.pk])}"
    return paging.page(
        f"segnalazione di pericolo n. {report.number}",
        f"{', '.join(report.reasons)}; {report.address or on_map}.\n"
        f"Al cittadino è stato detto di chiamare il 112.\n{address}",
    )


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
        _answer_courteously(message.contact, "file_rejected")
