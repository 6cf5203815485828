"""The neutral vocabulary between providers and the rest: no provider's word passes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import models

from whatsapp.errors import ChannelError


class Lane(models.TextChoices):
    """In order of precedence."""

    ALERT = "alert", "allerta"
    REPLY = "reply", "risposta"
    BULK = "bulk", "avviso"


class Kind(models.TextChoices):
    """What is said, in either direction."""

    TEXT = "text", "testo"
    BUTTONS = "buttons", "testo con pulsanti"
    LIST = "list", "testo con elenco"
    PLACE_REQUEST = "place_request", "richiesta della posizione"
    NUMBER_REQUEST = "number_request", "richiesta del numero"
    IMAGE = "image", "immagine"
    VIDEO = "video", "video"
    AUDIO = "audio", "audio"
    DOCUMENT = "document", "documento"
    STICKER = "sticker", "adesivo"
    LOCATION = "location", "posizione"
    TEMPLATE = "template", "modello"
    BUTTON_REPLY = "button_reply", "scelta toccata"
    CONTACTS = "contacts", "contatto"
    REACTION = "reaction", "reazione"
    EDIT = "edit", "modifica"
    REVOKE = "revoke", "ritiro"
    UNSUPPORTED = "unsupported", "non leggibile"
    OTHER = "other", "altro"


# The payload of a shared contact that answers our request: the person's own number.
OWN_NUMBER = "own_number"


class Header(models.TextChoices):
    """What stands over a template's body."""

    NONE = "none", "nessuna intestazione"
    TEXT = "text", "titolo"
    IMAGE = "image", "immagine"
    VIDEO = "video", "video"
    DOCUMENT = "document", "documento"
    LOCATION = "location", "luogo"


class Line(models.TextChoices):
    """Whether hand-overs arrive at the provider at all."""

    WELL = "well", "funziona"
    TRIAL = "trial", "in prova dopo un guasto"
    DOWN = "down", "interrotto"


class State(models.TextChoices):
    """The life of a message (DESIGN 3). The labels are what the staff read."""

    RECEIVED = "received", "ricevuto"
    QUEUED = "queued", "in coda"
    IN_FLIGHT = "in_flight", "in consegna al canale"
    UNCERTAIN = "uncertain", "esito incerto"
    ACCEPTED = "accepted", "consegnato al canale"
    SENT = "sent", "inviato"
    DELIVERED = "delivered", "consegnato"
    READ = "read", "letto"
    FAILED = "failed", "non riuscito"
    SKIPPED = "skipped", "saltato"


# Statuses move forward only. A failure may follow `sent`, never `delivered`.
_FORWARD = (
    State.QUEUED, State.IN_FLIGHT, State.UNCERTAIN, State.ACCEPTED, State.SENT, State.FAILED, State.DELIVERED,
    State.READ,
)  # fmt: skip
RANK: dict[str, int] = {state: rank for rank, state in enumerate(_FORWARD)}


_TONES = {
    State.QUEUED: "grey",
    State.SKIPPED: "grey",
    State.UNCERTAIN: "amber",
    State.DELIVERED: "green",
    State.READ: "green",
    State.FAILED: "red",
}


def tone(state: State) -> str:
    """The colour that goes with a state: grey, blue, amber, green or red."""
    return _TONES.get(state, "blue")


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who wrote, as far as the provider tells: at least one of `phone` (E.164) and `bsuid`."""

    phone: str | None = None
    bsuid: str | None = None
    name: str = ""
    username: str = ""


@dataclass(frozen=True, kw_only=True)
class InboundMedia:
    """A file announced by a webhook: only its id at the provider, to be fetched at once."""

    provider_media_id: str
    mime_type: str = ""
    filename: str = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A point in WGS84 degrees."""

    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class InboundMessage:
    """One message of a citizen.

    Attributes:
        payload: the id of what was tapped; of what cannot be read, the provider's code for why.
        context_id: the message it answers, reacts to, changes or withdraws.
        own_phone: the number (E.164) that the person's app says is their own, in answer to a request for it.
    """

    provider_id: str
    sender: Sender
    sent_at: datetime
    kind: Kind
    text: str = ""
    payload: str = ""
    media: InboundMedia | None = None
    place: Place | None = None
    context_id: str = ""
    own_phone: str | None = None


@dataclass(frozen=True, kw_only=True)
class StatusUpdate:
    """What became of an attempt. `opaque_id` is ours and matches even if the provider's id was lost."""

    provider_id: str
    state: State
    at: datetime
    opaque_id: str = ""
    bsuid: str | None = None
    phone: str | None = None
    error: ChannelError | None = None


@dataclass(frozen=True, kw_only=True)
class IdentityChange:
    """A person's own change of number or BSUID, told by WhatsApp (fact sheet 4.5)."""

    at: datetime
    old_phone: str | None = None
    old_bsuid: str | None = None
    new_phone: str | None = None
    new_bsuid: str | None = None


@dataclass(frozen=True, kw_only=True)
class MarketingChoice:
    """A person told WhatsApp, not us, whether they want promotions of ours (fact sheet 3.7)."""

    sender: Sender
    wanted: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TemplateUpdate:
    """What is new about a template; empty: not told. `state` as the provider names it (fact sheet 5.2)."""

    name: str
    language: str
    state: str = ""
    category: str = ""
    quality: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class AccountUpdate:
    """Something about the number or the account.

    Attributes:
        key: the same for the same news told twice.
        event: the provider's own word for it.
        text: what happened and what to do, for the staff.
        serious: it endangers sending: the channel stops and the staff are called.
        tier, quality: the number's new ones; empty: not told.
    """

    key: str
    event: str
    text: str
    serious: bool = False
    tier: str = ""
    quality: str = ""


@dataclass(frozen=True)
class NotOurs:
    """Something about another number or account, which shares our webhook address: it has no effect."""


Update = (
    InboundMessage
    | StatusUpdate
    | IdentityChange
    | MarketingChoice
    | TemplateUpdate
    | AccountUpdate
    | NotOurs
)


@dataclass(frozen=True, kw_only=True)
class OutboundMessage:
    """Everything a provider needs to hand one message over. Exactly one of `phone` and `bsuid` is used."""

    opaque_id: str
    kind: Kind
    phone: str | None
    bsuid: str | None
    text: str = ""
    media_id: str = ""
    filename: str = ""
    place: Place | None = None
    context_id: str = ""  # the citizen's message it answers
    buttons: tuple[tuple[str, ...], ...] = ()  # (id, title) of a button; (id, title, description) of a row
    list_label: str = ""  # the word that opens a list
    template_name: str = ""
    template_id: str = ""  # the provider's own
    template_language: str = ""
    template_header: Header = Header.NONE
    header_text: str = ""
    body_parameters: tuple[str, ...] = ()
    button_parameters: tuple[tuple[str, str], ...] = ()  # (sub_type, value), by position


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """The provider took a message, which is not delivering it.

    Attributes:
        note: what the staff should know of it.
        recipient: the number (E.164) as the provider spells it, if it tells.
    """

    provider_id: str
    note: str = ""
    recipient: str | None = None


@dataclass(frozen=True, kw_only=True)
class WebhookCall:
    """A call to our webhook, as providers may need it to check and to read it.

    Attributes:
        url: the whole address as the provider called it, behind a proxy too.
        query: the address's query string, which is kept with the body.
    """

    headers: Mapping[str, str]
    body: bytes
    url: str = ""
    query: str = ""


@dataclass(frozen=True, kw_only=True)
class NumberHealth:
    """How the provider sees our number."""

    tier: str = ""
    quality: str = ""


@dataclass(frozen=True, kw_only=True)
class FetchedMedia:
    """A file as the provider gave it."""

    content: bytes
    mime_type: str


@dataclass(frozen=True, kw_only=True)
class RemoteTemplate:
    """A template as the provider lists it. `body` may be changed there too; empty: not told."""

    provider_id: str
    name: str
    language: str
    state: str
    category: str
    quality: str = ""
    reason: str = ""
    body: str = ""
