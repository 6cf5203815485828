"""Importing a list: read and judged row by row, shown, then worked through in short transactions.

An import asks in the name of others: it brings nobody back who has left, and sends nothing to anybody.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TypeAlias

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from subscribers import consent, decoding, enrolment, listfile, recipients
from subscribers.consent import How
from subscribers.enrolment import ALREADY, NAME_LIMIT, Refused
from subscribers.listfile import Line
from subscribers.models import ImportRow, SubscriberImport
from subscribers.register import Source
from whatsapp import audit, contacts, merging, phones, templates
from whatsapp.models import Contact
from whatsapp.nudges import nudge

State: TypeAlias = SubscriberImport.State
Outcome: TypeAlias = ImportRow.Outcome
TASK = "subscribers.run_import"
# Rows in one transaction: an OFF waits behind a few tenths of a second at most.
CHUNK = 100
BATCH = 1000
DAYS = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d", "%Y/%m/%d", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y")
# Numbers nobody confirms are forgotten after this.
PREVIEW_KEPT = timedelta(days=7)


class WrongState(ValueError):
    """Somebody was faster, or it is over; the text is for the staff."""


@transaction.atomic
def preview(
    data: bytes,
    filename: str,
    *,
    reference: str,
    signed_on: date | None,
    user: User,
    alphabet: str = "",
) -> SubscriberImport:
    """Judge every row of the file and keep the judgement, to be confirmed. Subscribes nobody.

    Args:
        signed_on: when those consented whose row has no date of its own.
        alphabet: one of `decoding.ALPHABETS`, if a person has chosen.

    Raises:
        Unreadable: nothing of the file is kept.
        Doubtful: a person must choose the alphabet.
    """
    lines = iter(listfile.read(data, alphabet))
    name = templates.clean_parameter(filename)[:120]
    source = SubscriberImport.objects.create(filename=name, reference=reference, created_by=user)
    seen: dict[str, int] = {}
    while batch := list(islice(lines, BATCH)):
        rows = [_row(source, line, signed_on, seen) for line in batch]
        _judge([row for row in rows if row.outcome == Outcome.READY])
        ImportRow.objects.bulk_create(rows)
    return source


def _row(source: SubscriberImport, line: Line, signed_on: date | None, seen: dict[str, int]) -> ImportRow:
    """What the row itself says; `seen` are the numbers that were good before, with their lines."""
    row = ImportRow(source=source, line=line.line, outcome=Outcome.READY)
    try:
        if decoding.is_spoilt(line.name):
            raise Refused("nel nome ci sono lettere rovinate: correggilo e carica di nuovo l'elenco")
        row.phone = enrolment.mobile(line.number)
        row.consented_at = enrolment.beginning(_day(line.date, signed_on))
    except Refused as refusal:
        _close(row, Outcome.REFUSED, str(refusal))
        return row
    first = seen.setdefault(row.phone, line.line)
    if first != line.line:
        _close(row, Outcome.REFUSED, f"è lo stesso numero della riga {first}")
    row.name = templates.clean_parameter(line.name)[:NAME_LIMIT] if row.phone else ""
    return row


def _day(text: str, signed_on: date | None) -> date:
    """The day written in the row, a time behind it left out, else the form's."""
    written = text.replace("T", " ").split()
    for pattern in DAYS if written else ():
        try:
            return datetime.strptime(written[0], pattern).date()
        except ValueError:
            continue
    if written:
        raise Refused("la data del consenso non è una data come 31/12/2024")
    if signed_on is None:
        raise Refused("manca la data del consenso")
    return signed_on


def _judge(rows: list[ImportRow]) -> None:
    """What is known of the people."""
    numbers = [row.phone for row in rows]
    refused, subscribed = recipients.obstacles(numbers), enrolment.subscribed(numbers)
    for row in rows:
        if row.phone in refused:
            _close(row, Outcome.REFUSED, refused[row.phone])
        elif row.phone in subscribed:
            _close(row, Outcome.ALREADY, ALREADY)


def _close(row: ImportRow, outcome: Outcome, reason: str = "") -> None:
    """The row is done: what became of it stays, the person's data go."""
    row.outcome, row.reason, row.phone, row.name = outcome, reason[:200], "", ""


@transaction.atomic
def confirm(source: SubscriberImport) -> None:
    """Let it begin. Raises WrongState: it was confirmed or cancelled before."""
    _move(source, {State.PREVIEW}, State.RUNNING)
    SubscriberImport.objects.filter(pk=source.pk).update(confirmed_at=timezone.now())
    nudge(TASK, source.pk)


@transaction.atomic
def cancel(source: SubscriberImport) -> None:
    """Stop it where it is and forget the numbers left; who is subscribed already stays. Raises WrongState."""
    _move(source, {State.PREVIEW, State.RUNNING}, State.CANCELLED)
    left = source.rows.filter(outcome=Outcome.READY)
    left.update(outcome=Outcome.REFUSED, reason="importazione annullata", phone="", name="")


def _move(source: SubscriberImport, allowed: set[State], state: State) -> None:
    """Change its state and log who did; a running chunk is waited for."""
    current = SubscriberImport.objects.select_for_update().get(pk=source.pk)
    if current.state not in allowed:
        raise WrongState(f"L'importazione è già {current.get_state_display()}: guarda l'esito.")
    before, current.state = current.get_state_display(), state
    current.finished_at = timezone.now() if state == State.CANCELLED else None
    current.save(update_fields=["state", "finished_at"])
    audit.note_change(current, "stato", before, current.get_state_display())


def run(pk: int, *, chunks: int = 10) -> bool:
    """Work on a confirmed import for a few seconds; may be killed at any moment and called again.

    Returns:
        Whether there may be more to do. Not if it is finished, or another worker is at it.
    """
    return all(_work_on(pk) for _ in range(chunks))


@transaction.atomic
def _work_on(pk: int) -> bool:
    """The next rows, all or none. One worker at a time: the import's row is the lock."""
    confirmed = SubscriberImport.objects.select_for_update(of=("self",), skip_locked=True)
    source = confirmed.select_related("created_by").filter(pk=pk, state=State.RUNNING).first()
    if source is None:
        return False
    rows = list(source.rows.filter(outcome=Outcome.READY)[:CHUNK])
    if rows:
        _subscribe(source, rows)
        _write(rows)
        return True
    source.state, source.finished_at = State.DONE, timezone.now()
    source.save(update_fields=["state", "finished_at"])
    return False


def _write(rows: list[ImportRow]) -> None:
    """One statement for each outcome: the register is locked by now, and `bulk_update` takes far longer."""
    same: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        same[row.outcome, row.reason].append(row.pk)
    for (outcome, reason), keys in same.items():
        ImportRow.objects.filter(pk__in=keys).update(outcome=outcome, reason=reason, phone="", name="")


def _subscribe(source: SubscriberImport, rows: list[ImportRow]) -> None:
    """Judge again, now with the people locked, and subscribe who may be."""
    refused = recipients.obstacles([row.phone for row in rows])
    people, since = _people([row for row in rows if row.phone not in refused])
    for row in rows:
        person = people.get(row.phone)
        # Whoever has just been made has never written.
        if person and row.consented_at and person.created_at != since:
            if why := enrolment.objection(person, row.consented_at):
                refused[row.phone] = why
            else:
                enrolment.name_if_nameless(person, row.name)
    asked = [row for row in rows if row.phone not in refused]
    outcomes = consent.subscribe_all((people[row.phone], _how(source, row)) for row in asked)
    for row in rows:
        if row.phone in refused:
            _close(row, Outcome.REFUSED, refused[row.phone])
    for row, joined in zip(asked, outcomes, strict=True):
        if joined is True:
            _close(row, Outcome.SUBSCRIBED)
        elif joined is False:
            _close(row, Outcome.ALREADY, ALREADY)
        else:
            _close(row, Outcome.REFUSED, str(joined))


def _how(source: SubscriberImport, row: ImportRow) -> How:
    reference = f"{source.reference} («{source.filename}», riga {row.line})"
    actor = source.created_by.get_username()
    return How(at=row.consented_at, actor=actor, source=Source.IMPORT, reference=reference)


def _people(rows: list[ImportRow]) -> tuple[dict[str, Contact], datetime]:
    """Number -> person, found or made, locked in the order of their keys; and when the new ones were made.

    Numbers are inserted in their own order: two imports at once never wait for each other in a circle.
    """
    now = timezone.now()
    rows = sorted(rows, key=lambda row: row.phone)
    numbers = [row.phone for row in rows]
    known = contacts.by_number(numbers)
    # Once for each line, though a list may have it in both spellings.
    new = {min(phones.spellings(row.phone)): row for row in rows if row.phone not in known}
    made = [Contact(phone=row.phone, profile_name=row.name, created_at=now) for row in new.values()]
    Contact.objects.bulk_create(made, ignore_conflicts=True)
    keys = contacts.by_number(numbers)
    persons = merging.lock_all([*keys.values()])
    return {number: persons[pk] for number, pk in keys.items()}, now


def wake() -> None:
    """Nudge what is running, in case its worker is gone, and forget old previews."""
    for pk in SubscriberImport.objects.filter(state=State.RUNNING).values_list("pk", flat=True):
        nudge(TASK, pk)
    old = SubscriberImport.objects.filter(state=State.PREVIEW, created_at__lt=timezone.now() - PREVIEW_KEPT)
    for source in old:
        cancel(source)


def counts(source: SubscriberImport) -> dict[str, int]:
    """How many rows came to what; outcomes without rows are there with 0."""
    found = dict(source.rows.order_by().values_list("outcome").annotate(n=Count("pk")))
    return {outcome.value: found.get(outcome.value, 0) for outcome in Outcome}


def report(source: SubscriberImport) -> Iterator[tuple[int, str, str]]:
    """Line, outcome and reason of every row: never a number."""
    for row in source.rows.iterator(chunk_size=2000):
        yield row.line, row.get_outcome_display(), row.reason
