"""Lists to take home: safe in Excel, streamed, numbers whole only for who may see them (FEATURES 78-81)."""

import csv
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain, count, islice
from typing import Any, TypeAlias

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.utils import timezone
from import_export import fields, resources

from subscribers import history
from subscribers.history import Standing
from subscribers.models import Subscriber
from whatsapp import phones
from whatsapp.models import Contact

BOM = "\ufeff"  # without it Excel reads UTF-8 as another alphabet
# With these a spreadsheet begins a formula; the wide and small forms become the plain ones on the way.
SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫−"
# Before each one that may come to stand at the beginning of a cell: after whatever is neither letter, figure
# nor sign. Left alone are `tel:+39…` and a hyphen between two words.
_BEGINS = re.compile(rf"(?<![\w{SIGNS}])(?<!tel:)(?=[{SIGNS}])(?!(?<=\w )- )")
GUARD = "’"
# WhatsApp's own id, which may hold signs: as it is it can be looked up.
_MESSAGE_ID = re.compile(r"wamid\.[A-Za-z0-9+/=_-]*")
_LINE_BREAK = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
CHUNK = 2000  # rows read at once
BLOCK = 200  # lines sent at once
# A telephone number as people write it, in pieces: at least nine digits, so that a date is none.
_LIKE_A_NUMBER = re.compile(r"\A[\s(.,'€$£+-]*+\d")
_IN_PIECES = re.compile(r"\d(?:[ .-]?\d){8,14}")
Auditor = AbstractUser | AnonymousUser


class _Line:
    """A file that returns what is written: one CSV line at a time, nothing kept."""

    def write(self, line: str) -> str:
        return line


def safe(value: object) -> str:
    """A cell that no spreadsheet runs, whatever separator it is told the file has.

    Read with another separator a text falls into several cells, so each sign that could begin one of them
    gets a mark in front. The mark is the typographic apostrophe: importers strip blanks, spreadsheets hide
    the plain apostrophe and lose it when they save, but this one is a character like any other. A line
    break, which would begin a new row, becomes a stroke.
    """
    if not isinstance(value, str):
        return "" if value is None else str(value)
    if _MESSAGE_ID.fullmatch(value):
        return value
    lines = [line.strip() for line in _LINE_BREAK.split(value)]
    return _BEGINS.sub(GUARD, " / ".join(line for line in lines if line))


def identity(value: str | None, whole: bool) -> str:
    """`tel:+39…`, which no spreadsheet turns into a number or a formula; anything else only if `whole`."""
    if not (value or "").startswith("+"):
        return value or "" if whole else ""
    return f"tel:{value if whole else phones.mask(value)}"


def written(text: str, whole: bool) -> str:
    """What somebody wrote, with the numbers in it masked unless `whole`.

    A text that begins like a number gets guillemets: a spreadsheet would make 4 March of a reference «4/3»,
    and drop the zeros of «00123» and the plus of «+39…», whatever space is in front.
    """
    if not whole:
        text = phones.masked(_IN_PIECES.sub(lambda found: re.sub(r"\D", "", found[0]), text))
    return f"«{text}»" if _LIKE_A_NUMBER.match(text) else text


def moment(value: datetime | None) -> str:
    """ISO 8601 in the town's time, with its offset."""
    return timezone.localtime(value).isoformat(timespec="seconds") if value else ""


class Column(fields.Field):
    """What it tells of a row; `whole` says whether numbers are shown whole."""

    def __init__(self, tell: Callable[[Any, bool], object]) -> None:
        super().__init__()
        self.tell = tell

    def export(self, instance: Any, **kwargs: Any) -> Any:
        return self.tell(instance, kwargs["whole"])


class SubscriberResource(resources.Resource):  # type: ignore[type-arg]  # generic for mypy only
    """Who is subscribed, or was."""

    codice_interessato = Column(lambda row, _: row.contact.subject_id)
    numero = Column(lambda row, whole: identity(row.contact.phone, whole))
    nome_su_whatsapp = Column(lambda row, whole: written(row.contact.name, whole))
    stato = Column(lambda row, _: row.get_state_display())
    iscritto_dal = Column(lambda row, _: moment(row.since))
    cancellato_il = Column(lambda row, _: moment(row.left_at))
    argomenti_lasciati = Column(lambda row, _: ", ".join(left.topic.slug for left in row.left_topics.all()))


class StandingResource(resources.Resource):  # type: ignore[type-arg]
    """The list at a past date, as `listed_at` tells it; the names of then are not kept."""

    codice_interessato = Column(lambda row, _: row[0].subject_id)
    numero = Column(lambda row, whole: identity(row[1] and row[1].phone, whole))
    stato = Column(lambda row, _: Subscriber.State("active" if row[0].active else "left").label)
    iscritto_dal = Column(lambda row, _: moment(row[0].since))
    cancellato_il = Column(lambda row, _: moment(row[0].left_at))
    argomenti_lasciati = Column(lambda row, _: ", ".join(row[0].left_topics))


class ConsentResource(resources.Resource):  # type: ignore[type-arg]
    """The register, with the evidence that is still there."""

    progressivo = Column(lambda event, _: event.sequence)
    data_ora = Column(lambda event, _: moment(event.at))
    registrato_il = Column(lambda event, _: moment(event.recorded_at))
    evento = Column(lambda event, _: event.get_kind_display().upper())
    provenienza = Column(lambda event, _: event.get_source_display())
    argomento = Column(lambda event, _: event.topic)
    codice_interessato = Column(lambda event, _: event.subject_id)
    numero = Column(lambda event, whole: identity(event.proof.identity, whole))
    testo_ricevuto = Column(lambda event, whole: written(event.proof.text, whole))
    # WhatsApp's id holds the number in clear.
    id_messaggio_whatsapp = Column(lambda event, whole: event.proof.message_id if whole else "")
    mostrato = Column(lambda event, whole: written(event.proof.shown, whole))
    chi = Column(lambda event, _: event.proof.actor)
    versione_informativa = Column(lambda event, _: event.policy_version)
    sha256_informativa = Column(lambda event, _: event.policy_sha256)
    hash_riga = Column(lambda event, _: event.hash)
    hash_precedente = Column(lambda event, _: event.previous_hash)


Table: TypeAlias = "resources.Resource[Any]"


def csv_lines(resource: Table, rows: Iterable[Any], *, whole: bool) -> Iterator[str]:
    """The header first, so that the file of no rows says what it would hold."""
    columns = resource.get_export_fields()  # once: `export_resource` looks for them at every row
    cells = ([column.export(row, whole=whole) for column in columns] for row in rows)
    return csv_file([resource.get_export_headers()], cells)


def csv_file(*tables: Iterable[Iterable[object]]) -> Iterator[str]:
    """The lines of a CSV file for spreadsheets: the only place where one is written."""
    writer = csv.writer(_Line(), delimiter=";", lineterminator="\r\n")
    mark = BOM
    for row in chain(*tables):
        yield mark + writer.writerow([safe(cell) for cell in row])
        mark = ""


@dataclass(frozen=True)
class Format:
    """A kind of file; `lines` writes it piece by piece."""

    label: str
    extension: str
    content_type: str
    lines: Callable[..., Iterator[str]]


CSV = Format("CSV, per i fogli di calcolo", "csv", "text/csv; charset=utf-8", csv_lines)


def may_see_whole_numbers(user: Auditor) -> bool:
    """Whole numbers are a right of its own."""
    return user.has_perm("subscribers.view_full_numbers")


def listed_at(day: date) -> Iterator[tuple[Standing, Contact | None]]:
    """Everybody's standing at the end of a day in the town's time, with the contact if it is still known."""
    standings = iter(history.at(timezone.make_aware(datetime.combine(day, time.max))))
    while chunk := list(islice(standings, CHUNK)):
        known = Contact.objects.in_bulk([one.subject_id for one in chunk], field_name="subject_id")
        yield from ((one, known.get(one.subject_id)) for one in chunk)


def stream(
    resource: Table,
    rows: Iterable[Any],
    *,
    whole: bool,
    done: Callable[[int, str], None],
    kind: Format = CSV,
) -> Iterator[bytes]:
    """The file in pieces, whatever the number of rows in constant memory.

    Args:
        done: called once the last piece was taken, with the number of rows and the SHA-256 of all bytes,
            the BOM included, as `sha256sum` of the file tells it. Not called if whoever reads stops before.
    """
    digest, numbers = hashlib.sha256(), count()
    numbered = (row for row, _number in zip(rows, numbers))  # noqa: B905  # the numbers never end
    lines = kind.lines(resource, numbered, whole=whole)
    while block := list(islice(lines, BLOCK)):
        sent = "".join(block).encode()
        digest.update(sent)
        yield sent
    done(next(numbers), digest.hexdigest())
