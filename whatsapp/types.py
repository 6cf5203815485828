"""The neutral vocabulary between providers and the rest: no provider's word passes it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
    IMAGE = "image", "immagine"
    VIDEO = "video", "video"
    AUDIO = "audio", "audio"
    DOCUMENT = "document", "documento"
    STICKER = "sticker", "adesivo"
    LOCATION = "location", "posizione"
    TEMPLATE = "template", "modello"
    BUTTON_REPLY = "button_reply", "pulsante premuto"
    CONTACTS = "contacts", "contatto"
    REACTION = "reaction", "reazione"
    UNSUPPORTED = "unsupported", "non leggibile"
    OTHER = "other", "altro"


class Header(models.TextChoices):
    """What stands over a template's body."""

    NONE = "none", "nessuna intestazione"
    TEXT = "text", "titolo"
    IMAGE = "image", "immagine"
    VIDEO = "video", "video"
    DOCUMENT = "document", "documento"
    LOCATION = "location", "luogo"


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
RANK: dict[str, int] = {
    State.QUEUED: 0,
    State.IN_FLIGHT: 1,
    State.UNCERTAIN: 2,
    State.ACCEPTED: 3,
    State.SENT: 4,
    State.FAILED: 5,
    State.DELIVERED: 6,
    State.READ: 7,
}


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
    """One message of a citizen. `payload` is the id of a button tapped; `context_id` the message answered."""

    provider_id: str
    sender: Sender
    sent_at: datetime
    kind: Kind
    text: str = ""
    payload: str = ""
    media: InboundMedia | None = None
    place: Place | None = None
    context_id: str = ""


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
class TemplateUpdate:
    """A template's new state, as the provider names it in capitals (fact sheet 5.2)."""

    name: str
    language: str
    state: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class AccountUpdate:
    """Something about the number or the account; `serious` ones stop the channel."""

    event: str
    text: str
    serious: bool
    details: dict[str, Any] = field(default_factory=dict)


Update = InboundMessage | StatusUpdate | IdentityChange | TemplateUpdate | AccountUpdate


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
    buttons: tuple[tuple[str, str], ...] = ()  # (id, title)
    template_name: str = ""
    template_language: str = ""
    template_header: Header = Header.NONE
    header_text: str = ""
    body_parameters: tuple[str, ...] = ()
    button_parameters: tuple[tuple[str, str], ...] = ()  # (sub_type, value), by position


@dataclass(frozen=True, kw_only=True)
class FetchedMedia:
    """A file as the provider gave it."""

    content: bytes
    mime_type: str


@dataclass(frozen=True, kw_only=True)
class RemoteTemplate:
    """A template as the provider lists it."""

    provider_id: str
    name: str
    language: str
    state: str
    category: str
    quality: str = ""
    reason: str = ""
