"""CSV for auditors: safe in Excel, streamed, numbers whole only for who may see them (FEATURES 78-79)."""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import QuerySet
from django.utils import timezone
from import_export import fields, resources

from subscribers.models import ConsentEvent, Subscriber
from whatsapp import phones
from whatsapp.models import Contact

BOM = "\ufeff"  # without it Excel reads UTF-8 as another alphabet
# What a spreadsheet takes for a formula, wide characters too, and what it drops in front of one.
DANGEROUS = (*"=+-@＝＋－＠", "\t", "\r", "\n")
CHUNK = 2000
Auditor = AbstractUser | AnonymousUser


class _Line:
    """A file that returns what is written: one CSV line at a time, nothing kept."""

    def write(self, line: str) -> str:
        return line


def safe(value: object) -> str:
    """A cell no spreadsheet runs: one that begins like a formula gets a space in front.

    Not an apostrophe: Excel shows it, and other programs keep it as part of the text. A space is trimmed by
    whoever reads the column as data, and stops the formula everywhere.
    """
    text = "" if value is None else str(value)
    return f" {text}" if text.startswith(DANGEROUS) or text.lstrip().startswith(DANGEROUS) else text


def telephone(contact: Contact, *, whole: bool) -> str:
    """`tel:+39…`, which no spreadsheet turns into a number or a formula; masked unless `whole`."""
    if not contact.phone:
        return ""
    return f"tel:{contact.phone}" if whole else f"tel:{phones.mask(contact.phone)}"


def moment(value: datetime | None) -> str:
    """ISO 8601 in the town's time, with its offset."""
    return timezone.localtime(value).isoformat(timespec="seconds") if value else ""


class _Resource(resources.ModelResource):  # type: ignore[type-arg]  # generic for mypy only
    """Rows one by one; `whole` tells whether this person may see whole numbers."""

    def __init__(self, *, whole: bool) -> None:
        super().__init__()
        self.whole = whole


class SubscriberResource(_Resource):
    """Who is subscribed, or was."""

    codice = fields.Field(column_name="codice_interessato")
    numero = fields.Field(column_name="numero")
    nome = fields.Field(column_name="nome_su_whatsapp")
    stato = fields.Field(column_name="stato")
    dal = fields.Field(column_name="iscritto_dal")
    cancellato = fields.Field(column_name="cancellato_il")
    lasciati = fields.Field(column_name="argomenti_lasciati")

    class Meta:
        model = Subscriber
        fields = ("codice", "numero", "nome", "stato", "dal", "cancellato", "lasciati")
        export_order = fields

    def dehydrate_codice(self, row: Subscriber) -> str:
        return str(row.contact.subject_id)

    def dehydrate_numero(self, row: Subscriber) -> str:
        return telephone(row.contact, whole=self.whole)

    def dehydrate_nome(self, row: Subscriber) -> str:
        return row.contact.profile_name

    def dehydrate_stato(self, row: Subscriber) -> str:
        return row.get_state_display()

    def dehydrate_dal(self, row: Subscriber) -> str:
        return moment(row.since)

    def dehydrate_cancellato(self, row: Subscriber) -> str:
        return moment(row.left_at)

    def dehydrate_lasciati(self, row: Subscriber) -> str:
        return ", ".join(left.topic.slug for left in row.left_topics.all())


class ConsentResource(_Resource):
    """The register, with the evidence that is still there."""

    progressivo = fields.Field(attribute="sequence", column_name="progressivo")
    data_ora = fields.Field(column_name="data_ora")
    evento = fields.Field(column_name="evento")
    argomento = fields.Field(attribute="topic", column_name="argomento")
    codice = fields.Field(attribute="subject_id", column_name="codice_interessato")
    numero = fields.Field(column_name="numero")
    testo = fields.Field(column_name="testo_ricevuto")
    messaggio = fields.Field(column_name="id_messaggio_whatsapp")
    operatore = fields.Field(attribute="evidence__actor", column_name="chi")
    versione = fields.Field(attribute="policy_version", column_name="versione_informativa")
    sha256 = fields.Field(attribute="policy_sha256", column_name="sha256_informativa")
    impronta = fields.Field(attribute="hash", column_name="hash_riga")
    precedente = fields.Field(attribute="previous_hash", column_name="hash_precedente")

    class Meta:
        model = ConsentEvent
        fields = ("progressivo", "data_ora", "evento", "argomento", "codice", "numero", "testo", "messaggio",
                  "operatore", "versione", "sha256", "impronta", "precedente")  # fmt: skip
        export_order = fields

    def dehydrate_data_ora(self, row: ConsentEvent) -> str:
        return moment(row.at)

    def dehydrate_evento(self, row: ConsentEvent) -> str:
        return row.get_kind_display().upper()

    def dehydrate_numero(self, row: ConsentEvent) -> str:
        identity = row.evidence.identity if hasattr(row, "evidence") else ""
        if not identity.startswith("+"):
            return identity if self.whole else ""
        return f"tel:{identity if self.whole else phones.mask(identity)}"

    def dehydrate_testo(self, row: ConsentEvent) -> str:
        text = row.evidence.text if hasattr(row, "evidence") else ""
        return text if self.whole else phones.masked(text)  # people write their number into it

    def dehydrate_messaggio(self, row: ConsentEvent) -> str:
        # The id holds the number in clear.
        return row.evidence.message_id if self.whole and hasattr(row, "evidence") else ""


def may_see_whole_numbers(user: Auditor) -> bool:
    """Whole numbers are a right of its own."""
    return user.has_perm("subscribers.view_full_numbers")


def stream(resource: _Resource, queryset: QuerySet[Any]) -> Iterator[str]:
    """The lines of the CSV, header first, whatever the number of rows in constant memory."""
    writer = csv.writer(_Line(), delimiter=";", lineterminator="\r\n")
    yield BOM + writer.writerow(resource.get_export_headers())
    for row in queryset.iterator(chunk_size=CHUNK):
        yield writer.writerow([safe(value) for value in resource.export_resource(row)])
