"""From scattered messages to one case. `bursts` and `severity` decide; here it is kept."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import Count, Max, Prefetch, Q
from django.utils import timezone

from reports import answering, bursts, deadlines, places, scoring, severity
from reports.bursts import Ignore, Join, Open, OpenCase, Piece
from reports.models import Numbering, Report, ReportCategory, ReportEvent, ReportItem
from reports.states import OPEN, State, is_open
from whatsapp import merging
from whatsapp.inbox import CHANGES
from whatsapp.models import Attempt, Contact, Message
from whatsapp.types import Kind, Place

SUMMARY_LIMIT = 2000
DEFAULT_WORKING_DAYS = 20
# As many open cases of one person as a message is compared with.
CASES_LOOKED_AT = 20
NUMBERS_LOOKED_AT = 20
_NUMBER = re.compile(r"\b(20\d\d) ?[-/] ?(\d{1,6})\b")
Event = ReportEvent.Kind


@transaction.atomic
def receive(message: Message) -> Report | None:
    """Make a citizen's message part of a case, old or new, and answer; None if it opens and joins none.

    The caller holds the contact's row, so that a photo and its text cannot open two cases.
    """
    content = message.content
    if content.kind in CHANGES and (item := _original(message)):
        return _change(_held(item.report_id), message)
    if message.changed_by and (item := ReportItem.objects.filter(message=message.changed_by).first()):
        return _replace(_held(item.report_id), message, item)
    match bursts.decide(_piece(message), open_cases(message.contact)):
        case Ignore(reply=slug):
            answering.answer_courteously(message.contact, slug)
            return None
        case Join(case=pk) as join:
            return _join(_held(pk), message, join)
        case Open(splits=splits):
            return _open(message, splits)


def _piece(message: Message) -> Piece:
    # The correction of what belongs to no case is as good as a new text.
    kind = Kind.TEXT if message.content.kind == Kind.EDIT else message.content.kind
    if kind == Kind.TEXT and places.is_point(message.text):
        kind = Kind.LOCATION
    subject = severity.assess(message.text).category if message.text else severity.OTHER
    return Piece(
        kind=kind,
        text=message.text,
        sent_at=written_at(message),
        subject="" if subject == severity.OTHER else subject,
        quoted=_quoted(message) or _named(message),
        payload=message.content.payload,
    )


def written_at(message: Message) -> datetime:
    """When the person wrote it, as far as we know."""
    return message.sent_at or message.created_at


def lock(pk: int) -> Report:
    """The case, held until the transaction ends. The contact first, as the inbox does: else two could wait
    for each other."""
    contact_id = Report.objects.values_list("contact_id", flat=True).get(pk=pk)
    contact = merging.lock(contact_id)
    report = Report.objects.select_for_update().get(pk=pk)
    if report.contact_id == contact.pk:  # a case stays with the contact that made it, merged or not
        report.contact = contact
    return report


def _held(pk: int) -> Report:
    return Report.objects.select_for_update().get(pk=pk)


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


def _named(message: Message) -> int | None:
    """The person's case whose number the text tells («la 2026-0012»)."""
    named = islice(_NUMBER.finditer(message.text), NUMBERS_LOOKED_AT)
    numbers = [f"{match[1]}-{int(match[2]):04}" for match in named]
    if not numbers:
        return None
    mine = Report.objects.filter(contact__in=message.contact.rows(), number__in=numbers)
    return mine.values_list("pk", flat=True).first()


def _original(message: Message) -> ReportItem | None:
    """The person's own piece that this message is about."""
    own = Q(message__provider_id=message.context_id, message__contact__in=message.contact.rows())
    return ReportItem.objects.filter(own).first()


def _change(report: Report, message: Message) -> Report:
    """The person corrects or withdraws a piece: the case is what they want to have said."""
    withdrawn = message.content.kind == Kind.REVOKE
    refresh(report)
    report.events.create(kind=Event.CHANGED, text="ritirato" if withdrawn else "modificato")
    if not withdrawn:
        answering.respond(report, written_at(message))
    return report


def open_cases(contact: Contact) -> list[OpenCase]:
    """The person's open cases as `bursts` sees them, the newest first."""
    items = ReportItem.objects.select_related("message").only(
        "message__sent_at", "message__created_at", "report_id"
    )
    mine = Report.objects.filter(contact__in=contact.rows(), state__in=OPEN).select_related("category")
    newest = (
        mine.annotate(staff_wrote_at=Max("events__at", filter=Q(events__kind=Event.ANSWERED)))
        .prefetch_related(Prefetch("items", items))
        .order_by("-last_item_at", "-pk")[:CASES_LOOKED_AT]
    )
    return [_as_open_case(report, report.staff_wrote_at) for report in newest]


def _as_open_case(report: Report, staff_wrote_at: datetime | None) -> OpenCase:
    missing = answering.missing(report)
    return OpenCase(
        id=report.pk,
        # A case of the desk, or one whose pieces have all gone elsewhere, has only its own dates.
        times=tuple(written_at(item.message) for item in report.items.all()) or (report.opened_at,),
        subject=report.category.slug if report.category and "kind" not in missing else "",
        ended_at=report.ended_at,
        staff_wrote_at=staff_wrote_at,
        asked_at={
            question: report.asked_at for question in report.asked if question in missing and report.asked_at
        },
    )


def _replace(report: Report, message: Message, item: ReportItem) -> Report:
    """A correction overtook its message and was taken for a text: the message takes its place."""
    item.message = message
    item.save(update_fields=["message"])
    _date(report)
    refresh(report)
    return report


def next_number(year: int) -> str:
    """Give the next number of a year, such as `2026-0001`. Given once, whatever happens to the case later."""
    Numbering.objects.get_or_create(year=year)
    numbering = Numbering.objects.select_for_update().get(year=year)
    numbering.last += 1
    numbering.save(update_fields=["last"])
    return str(numbering)


def _open(message: Message, splits: Sequence[int]) -> Report:
    sent_at = written_at(message)
    report = Report.objects.create(
        number=next_number(timezone.localdate().year),
        contact=message.contact,
        opened_at=sent_at,
        last_item_at=sent_at,
    )
    ReportItem.objects.create(report=report, message=message)
    for pk in splits:
        _take_along(_held(pk), report)
    refresh(report)
    answering.respond(report, sent_at, opened=True)
    return report


def _take_along(old: Report, report: Report) -> None:
    """A photo sent just before the words of another matter belongs to them."""
    begin, end = report.opened_at - bursts.BURST, report.opened_at + bursts.BURST
    after = old.opened_at + bursts.WINDOW
    items = old.items.filter(message__sent_at__range=(max(begin, after), end))
    if items.update(report=report):
        _date(report)
        _date(old)
        refresh(old)


def _date(report: Report) -> None:
    """First and last piece, after pieces have come or gone."""
    times = [written_at(item.message) for item in report.items.select_related("message")]
    if times:
        report.opened_at, report.last_item_at = min(times), max(times)


def _join(report: Report, message: Message, join: Join) -> Report:
    ReportItem.objects.create(report=report, message=message)
    sent_at = written_at(message)
    anew = bool(message.context_id) or sent_at - report.last_item_at >= bursts.BURST
    report.opened_at = min(report.opened_at, sent_at)
    report.last_item_at = max(report.last_item_at, sent_at)
    report.save(update_fields=["opened_at", "last_item_at"])
    if join.courtesy:
        return report
    refresh(report)
    if is_open(report.state):
        answering.respond(report, sent_at, late=join.late, anew=anew)
    else:
        reopen(report)
    return report


def reopen(report: Report) -> None:
    """The person answers about a closed case: it is not solved for them."""
    before, report.state = report.state, State.REOPENED
    report.closed_at = report.duplicate_of = None
    report.save(update_fields=["state", "closed_at", "duplicate_of"])
    report.events.create(
        kind=Event.REOPENED,
        from_state=before,
        to_state=State.REOPENED,
        message_to_citizen=answering.say(report, "reopened"),
    )


def choose(report: Report, message: Message) -> None:
    """The person tapped the kind of problem in the list they were asked with; their words count no more."""
    ReportItem.objects.create(report=report, message=message)
    refresh(report)
    answering.respond(report, written_at(message), anew=True)


@transaction.atomic
def finish(report: Report, message: Message) -> None:
    """The person says that this was all. What they wrote after that, and came before, is another matter."""
    at = report.ended_at = written_at(message)
    report.ask_at = None
    report.save(update_fields=["ended_at", "ask_at"])
    said = None if report.level == severity.DANGER else answering.say(report, "finished")
    report.events.create(kind=Event.ENDED, message_to_citizen=said)
    later = report.items.filter(message__sent_at__gt=at).select_related("message__content__media")
    if moved := [item.message for item in later.order_by("message__sent_at", "pk")]:
        later.delete()
        _date(report)
        refresh(report)
        for piece in moved:
            receive(piece)


def refresh(report: Report) -> None:
    """Compute what follows from all the messages of a case, in the order they were written, and save it.

    What staff have decided (category, office, seriousness) stays.
    """
    items = report.items.select_related("message__content", "message__changed_by__content")
    standing = [item.message for item in items if not item.message.withdrawn]
    messages = sorted(standing, key=lambda m: (written_at(m), m.provider_id or ""))
    written = [m.text for m in messages if m.text.strip() and m.content.kind != Kind.BUTTON_REPLY]
    report.summary = "\n".join(written)[:SUMMARY_LIMIT]
    _locate(report, messages)
    if not report.category_by_staff:
        tapped = [m.content.payload for m in messages if m.content.kind == Kind.BUTTON_REPLY]
        slug = tapped[-1].split(":")[-1] if tapped else _kind_of(written)
        put_in(report, ReportCategory.objects.select_related("office").filter(slug=slug).first())
    weigh(report, written)
    report.save()


def _locate(report: Report, messages: Sequence[Message]) -> None:
    """The last position sent or written, else what the staff set; its address, or the first written."""
    by_staff = report.events.filter(kind=Event.LOCATED).exists()
    if not by_staff:
        report.latitude = report.longitude = report.inside_town = None
    report.address = ""
    for message in messages:
        place = message.content.place or _written_place(message.text)
        if place and places.valid(place.latitude, place.longitude):
            report.latitude, report.longitude = place.latitude, place.longitude
            report.inside_town = places.inside_town(place.latitude, place.longitude)
            report.address = (place.address or place.name)[:200] or report.address
    report.address = report.address or places.find_address(report.summary)


def _written_place(text: str) -> Place | None:
    point = places.find_point(text)
    return Place(latitude=point[0], longitude=point[1]) if point else None


def _kind_of(written: Sequence[str]) -> str:
    """Of what the lines say together, without those that say nothing («è ancora così», «via Dante 4»)."""
    telling = [text for text in written if severity.assess(text).category != severity.OTHER]
    return severity.assess("\n".join(telling or written)).category


def put_in(report: Report, category: ReportCategory | None) -> None:
    """Give the case its category, whose office and deadline it gets; the caller saves."""
    days = category.working_days if category else DEFAULT_WORKING_DAYS
    report.category = category
    report.office = category.office if category else None
    report.due_on = deadlines.add_working_days(timezone.localdate(report.opened_at), days)


def weigh(report: Report, written: Sequence[str] | None = None) -> None:
    """Level, score and reasons from the words, the category and how many reported it; the caller saves."""
    texts = report.summary.splitlines() if written is None else written
    # One by one: so no order of arrival makes a danger of what is none, or hides one.
    said = [severity.assess(text) for text in texts] or [severity.assess("")]
    said.sort(key=lambda one: (-one.level, -one.weight))
    if not report.level_by_staff:
        report.level = said[0].level
    others = report.duplicates.exclude(contact=report.contact_id).aggregate(n=Count("contact", distinct=True))
    reasons = scoring.reasons(
        report.level, said, report.category, reporters=1 + others["n"], by_staff=report.level_by_staff
    )
    report.reasons = [list(reason) for reason in reasons]
    report.score = sum(points for _, points in reasons)
