"""What is held of a person, how it is erased, how long it is kept: the contract, and the channel's part.

Each module of `settings.PERSONAL_DATA` has, as far as it applies, `collect(contact) -> list[Section]`,
`erase(contact) -> None`, `CLOCKS: tuple[Clock, ...]` and `NEEDS: tuple[Need, ...]`. The apps in the order of
erasure: the channel, which takes the identity away, comes last.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import (
    PROTECT,
    BinaryField,
    CharField,
    Exists,
    F,
    Func,
    IntegerField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.formats import date_format

from whatsapp.models import (
    Attempt,
    Contact,
    ContactAlias,
    Content,
    IdentityConflict,
    Media,
    Message,
    WebhookEvent,
)

# Takes the place of a provider's message id, which holds the number.
ERASED_ID = "erased-"


@dataclass(frozen=True)
class Section:
    """A table of the dossier: rows of column -> value, in Italian.

    Attributes:
        permission: who may read it besides who answers requests about personal data; empty: everybody who
            may open the dossier.
    """

    title: str
    rows: list[dict[str, str]]
    permission: str = ""

    @property
    def columns(self) -> list[str]:
        """The names of the columns that say something."""
        return [name for name in (self.rows or [{}])[0] if any(row[name] for row in self.rows)]

    @property
    def cells(self) -> list[list[str]]:
        """The rows under these columns."""
        return [[row[name] for name in self.columns] for row in self.rows]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How long one kind of data is kept.

    Attributes:
        days: unless the administrators choose otherwise; `minimum` is the least they may choose.
        due: what is older than a moment, to be walked by its key.
        discard: removes these rows, by their keys, within a transaction; returns how many went.
        batch: how many at once.
    """

    slug: str
    name: str
    explanation: str
    days: int
    minimum: int = 1
    due: Callable[[datetime], QuerySet[Any]]
    discard: Callable[[Sequence[Any]], int]
    batch: int = 500


def deleting(model: type[Model]) -> Callable[[Sequence[Any]], int]:
    """A clock's `discard` for rows that simply go."""

    def discard(pks: Sequence[Any]) -> int:
        _, gone = model._base_manager.filter(pk__in=pks).delete()
        return gone.get(model._meta.label, 0)

    return discard


@dataclass(frozen=True)
class Need:
    """Why no clock removes a person's data; `forbids`: nor does anybody, before that is settled."""

    why: str
    people: Callable[[], QuerySet[Contact]]
    forbids: bool = False


def told(value: object) -> str:
    """A value as the dossier shows it."""
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "d/m/Y H:i")
    return "" if value is None else str(value)


def row(**columns: object) -> dict[str, str]:
    """A row of a section; an underscore in a name is a space."""
    return {name.replace("_", " "): told(value) for name, value in columns.items()}


# --- What is held -----------------------------------------------------------------------------------


def collect(contact: Contact) -> list[Section]:
    """Who they are on WhatsApp, and every message in either direction."""
    mine = contact.rows()
    people = [
        row(
            codice=one.subject_id, numero=one.phone, numero_scritto_da_WhatsApp=one.wa_number,
            identificativo_WhatsApp=one.bsuid, nome=one.profile_name, nome_utente=one.username,
            conosciuto_dal=one.created_at, bloccato="sì" if one.blocked else "no",
            promozioni_rifiutate=one.marketing_stopped_at, dati_cancellati=one.erased_at,
        )
        for one in mine.order_by("pk")
    ]  # fmt: skip
    if contact.person.erased_at:
        return [Section("Contatto", people)]
    former = [
        row(numero=one.phone, identificativo_WhatsApp=one.bsuid, fino_al=one.retired_at)
        for one in ContactAlias.objects.filter(contact__in=mine).order_by("retired_at")
    ]
    messages = Message.objects.filter(contact__in=mine).select_related("content__media").order_by("pk")
    return [
        Section("Contatto", people),
        Section("Numeri e identificativi precedenti", former),
        Section("Messaggi", [_message(one) for one in messages], "whatsapp.view_message"),
    ]


def _message(message: Message) -> dict[str, str]:
    content = message.content
    point = "" if content.latitude is None else f"{content.latitude:.5f}, {content.longitude:.5f}"
    place = (point, content.place_name, content.place_address)
    said = (content.text, content.payload if message.inbound else "")
    return row(
        quando=(message.sent_at if message.inbound else None) or message.created_at,
        da="cittadino" if message.inbound else "Comune",
        tipo=content.get_kind_display(),
        testo=" · ".join(filter(None, said)),
        luogo=" · ".join(filter(None, place)),
        file=content.media and f"{content.media} ({content.media.size} byte)",
        esito=" · ".join(filter(None, (message.get_state_display(), message.reason))),
        identificativo=message.provider_id,
    )


# --- Erasure ----------------------------------------------------------------------------------------


def erase(contact: Contact) -> None:
    """Take identity, words, files and ids away from all the person's rows; the rows stay, as nobody's.

    What still waits to be handed over is skipped by the claim, as nobody can be reached any more.
    """
    mine = list(contact.rows())
    former = ContactAlias.objects.filter(contact__in=mine)
    _forget_webhooks(identities(contact))
    blank(Message.objects.filter(contact__in=mine))
    former.delete()
    doubts = IdentityConflict.objects.filter(Q(contact__in=mine) | Q(other__in=mine))
    doubts.filter(outcome=IdentityConflict.Outcome.OPEN).delete()
    Contact.objects.filter(pk__in=[one.pk for one in mine]).update(
        phone=None,
        wa_number=None,
        bsuid=None,
        profile_name="",
        username="",
        window_expires_at=None,
        erased_at=timezone.now(),
    )


def identities(contact: Contact) -> set[str]:
    """Every number and BSUID this person has or had."""
    mine = contact.rows()
    rows = mine.values_list("phone", "wa_number", "bsuid")
    former = ContactAlias.objects.filter(contact__in=mine).values_list("phone", "bsuid")
    return {identity for row in (*rows, *former) for identity in row if identity}


def blank(messages: QuerySet[Message]) -> None:
    """Empty what these messages say, and take the provider's ids away. A notice's shared content stays."""
    # Locked as whoever writes outcomes does.
    held = Message.objects.select_for_update().filter(pk__in=messages.values("pk")).order_by("pk")
    pks = list(held.values_list("pk", flat=True))
    others = Message.objects.filter(content=OuterRef("pk")).exclude(pk__in=pks)
    contents = Content.objects.filter(unreferenced(Content, Message), ~Exists(others), messages__in=pks)
    own = set(contents.values_list("pk", flat=True))
    files = set(Media.objects.filter(contents__in=own).values_list("pk", flat=True))
    Content.objects.filter(pk__in=own).update(
        text="", payload="", media=None, latitude=None, longitude=None, place_name="", place_address="",
        buttons=[], parameters=[], button_parameters=[],
    )  # fmt: skip
    remove_files(Media.objects.filter(unreferenced(Media), pk__in=files))
    no_id = Concat(Value(ERASED_ID), Cast("pk", CharField()))
    # Of hand-overs under way too: the answer must find the id's place taken.
    Attempt.objects.filter(message__in=pks).update(provider_id=no_id)
    Message.objects.filter(pk__in=pks).update(context_id="")
    Message.objects.filter(pk__in=pks, inbound=True).update(provider_id=no_id)


def remove_files(files: QuerySet[Media]) -> int:
    """Delete files, from the disk as soon as the transaction has been committed."""
    rows = list(files)
    names = [name for one in rows for name in (one.file.name, one.thumbnail.name) if name]
    Media.objects.filter(pk__in=[one.pk for one in rows]).delete()
    for name in names:
        transaction.on_commit(partial(default_storage.delete, name))
    return len(rows)


def _forget_webhooks(people: Iterable[str]) -> None:
    """Raw events that name the person. A number comes without its `+`; what still waits stays."""
    for identity in people:
        needle = Value(identity.lstrip("+").encode(), output_field=BinaryField())
        place = Func(needle, F("body"), function="position", arg_joiner=" in ", output_field=IntegerField())
        done = WebhookEvent.objects.exclude(handled_at__isnull=True, set_aside_at__isnull=True)
        done.alias(at=place).filter(at__gt=0).delete()


def unreferenced(model: type[Model], *ignored: type[Model]) -> Q:
    """The rows that nothing of any app needs: no PROTECT relation, but those of `ignored`, points to them."""
    free = Q()
    for relation in model._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and relation.on_delete is PROTECT:
            source: Any = relation.related_model
            if source not in ignored:
                free &= ~Q(Exists(source._base_manager.filter(**{relation.field.name: OuterRef("pk")})))
    return free


NEEDS = (
    Need(
        "È il telefono di una persona del personale: prima toglilo da «Telefoni del personale».",
        lambda: Contact.objects.filter(Q(staffphone__isnull=False) | Q(merged__staffphone__isnull=False)),
        forbids=True,
    ),
)
