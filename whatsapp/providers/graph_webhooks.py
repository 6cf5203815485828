"""Reading Meta's webhooks (fact sheet 3): every field may be missing, every type may be new."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from whatsapp.errors import MalformedWebhook
from whatsapp.providers import graph_account, graph_errors
from whatsapp.providers.graph_account import Change
from whatsapp.providers.graph_fields import (
    BSUID_LENGTH,
    Json,
    bsuid,
    mapping,
    mappings,
    phone,
    text,
    time,
    word,
    written,
)
from whatsapp.types import (
    IdentityChange,
    InboundMedia,
    InboundMessage,
    Kind,
    MarketingChoice,
    NotOurs,
    Place,
    Sender,
    State,
    StatusUpdate,
    Update,
)

# Meta's words, which happen to be ours.
STATUSES = {state.value: state for state in (State.SENT, State.DELIVERED, State.READ, State.FAILED)}
STATUSES["played"] = State.READ
MEDIA = {kind.value: kind for kind in (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.DOCUMENT, Kind.STICKER)}
# A person's new number or BSUID; the last is the name of 2025.
IDENTITY_NEWS = {"user_changed_number", "user_changed_user_id", "customer_changed_number"}
CHOICES = {"stop": False, "resume": True, "signup": True}


def parse(body: bytes) -> list[Update]:
    """All updates of a webhook, in order. What cannot be understood is left out; see `CloudApi.parse`. Raises
    MalformedWebhook: not JSON, nested beyond sense, or not an envelope of Meta's."""
    return [update for change in _changes(_entries(body)) for update in _read_change(change)]


def sender(body: bytes) -> str | None:
    """The id of who wrote the webhook's first message, empty if it has none; None if there is no message."""
    try:
        entries = _entries(body)
    except MalformedWebhook:
        return None
    for change in _changes(entries):
        for message in mappings(change.value.get("messages")):
            return text(message.get("from"), 30) or text(message.get("from_user_id"), BSUID_LENGTH)
    return None


def _entries(body: bytes) -> list[Any]:
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedWebhook("non è JSON") from error
    if not isinstance(envelope, dict) or not isinstance(envelope.get("entry"), list):
        raise MalformedWebhook("non è una notifica di WhatsApp")
    entries: list[Any] = envelope["entry"]
    return entries


def _changes(entries: list[Any]) -> Iterator[Change]:
    for entry in mappings(entries):
        for change in mappings(entry.get("changes")):
            yield Change(
                field=text(change.get("field"), 60),
                value=mapping(change.get("value")),
                entry_id=word(entry.get("id")),
                entry_time=word(entry.get("time")),
            )


def _read_change(change: Change) -> Iterator[Update]:
    """Fields not named here are kept raw and not answered: `calls`, new ones, and `standby`, in which another
    agent of Meta's holds the conversation."""
    if not graph_account.is_ours(change):
        yield NotOurs()
    elif change.field in graph_account.FIELDS:
        yield from graph_account.read(change)
    elif reader := _READERS.get(change.field):
        yield from reader(change.value)
        yield from graph_account.read_errors(change)


def _read_messages(value: Json) -> Iterator[Update]:
    profiles = _profiles(value)
    for message in mappings(value.get("messages")):
        read = _read_system(message) if message.get("type") == "system" else _read_message(message, profiles)
        if read:
            yield read
    for status in mappings(value.get("statuses")):
        if told := _read_status(status):
            yield told


def _profiles(value: Json) -> dict[str, Json]:
    """Names by number and by BSUID: they go with messages by id, never by position."""
    return {
        key: mapping(contact.get("profile"))
        for contact in mappings(value.get("contacts"))
        for key in (contact.get("wa_id"), contact.get("user_id"))
        if isinstance(key, str)
    }


def _read_message(message: Json, profiles: dict[str, Json]) -> InboundMessage | None:
    """One citizen's message; those of groups are not for us."""
    provider_id = text(message.get("id"), 200)
    number, user_id = phone(message.get("from")), bsuid(message.get("from_user_id"))
    if not provider_id or not (number or user_id) or message.get("group_id"):
        return None
    profile = profiles.get(text(message.get("from"), 30)) or profiles.get(user_id or "") or {}
    kind, details = _read_content(message)
    return InboundMessage(
        provider_id=provider_id,
        sender=Sender(
            phone=number,
            bsuid=user_id,
            name=text(profile.get("name"), 100),
            username=text(profile.get("username"), 60),
        ),
        sent_at=time(message.get("timestamp")),
        kind=kind,
        **{"context_id": text(mapping(message.get("context")).get("id"), 200), **details},
    )


def _read_content(message: Json) -> tuple[Kind, Json]:
    """The kind of a message and the fields that go with it (fact sheet 3.5)."""
    type_ = text(message.get("type"), 40)
    if problems := mappings(message.get("errors")):
        # Also a file too large for WhatsApp comes like this (131052).
        content = mapping(message.get(type_))
        told = written(content.get("body") or content.get("caption"))
        return Kind.UNSUPPORTED, {"text": told, "payload": word(problems[0].get("code"), 20)}
    if type_ in MEDIA:
        return _read_media(message, type_)
    if type_ == "contacts":
        return Kind.CONTACTS, {"own_phone": _own_phone(message.get(type_))}
    reader = _CONTENTS.get(type_)
    return reader(mapping(message.get(type_))) if reader else (Kind.OTHER, {})


def _read_media(message: Json, type_: str) -> tuple[Kind, Json]:
    content = mapping(message.get(type_))
    if not (media_id := text(content.get("id"), 200)):
        return Kind.OTHER, {"text": written(content.get("caption"))}
    media = InboundMedia(
        provider_media_id=media_id,
        mime_type=text(content.get("mime_type"), 80),
        filename=text(content.get("filename"), 120),
    )
    return MEDIA[type_], {"text": written(content.get("caption")), "media": media}


def _read_location(content: Json) -> tuple[Kind, Json]:
    latitude, longitude = content.get("latitude"), content.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return Kind.OTHER, {}
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return Kind.OTHER, {}
    place = Place(
        latitude=float(latitude),
        longitude=float(longitude),
        name=text(content.get("name"), 200),
        address=text(content.get("address"), 200),
    )
    return Kind.LOCATION, {"place": place}


def _read_answer(content: Json) -> tuple[Kind, Json]:
    """What was tapped in one of our messages: a button, or a row of a list."""
    answer = mapping(content.get(text(content.get("type"), 40)))
    return Kind.BUTTON_REPLY, {"text": text(answer.get("title")), "payload": text(answer.get("id"), 256)}


def _read_edit(content: Json) -> tuple[Kind, Json]:
    """The new text, or the new caption of a file, of a message sent before."""
    changed = mapping(content.get("message"))
    new = mapping(changed.get(text(changed.get("type"), 40)))
    return Kind.EDIT, {
        "text": written(new.get("body") or new.get("caption")),
        "context_id": text(content.get("original_message_id"), 200),
    }


_CONTENTS: dict[str, Callable[[Json], tuple[Kind, Json]]] = {
    "text": lambda content: (Kind.TEXT, {"text": written(content.get("body"))}),
    "location": _read_location,
    "button": lambda content: (
        Kind.BUTTON_REPLY,
        {"text": text(content.get("text")), "payload": text(content.get("payload"), 256)},
    ),
    "interactive": _read_answer,
    # Without an emoji, it was taken away.
    "reaction": lambda content: (
        Kind.REACTION,
        {"text": text(content.get("emoji"), 40), "context_id": text(content.get("message_id"), 200)},
    ),
    "edit": _read_edit,
    "revoke": lambda content: (Kind.REVOKE, {"context_id": text(content.get("original_message_id"), 200)}),
    "unsupported": lambda content: (Kind.UNSUPPORTED, {"payload": text(content.get("type"), 40)}),
}


def _own_phone(contacts: Any) -> str | None:
    """The number that the sender's app says is theirs, in answer to a request; any other card is somebody
    else's.

    A number without country code is not guessed at.
    """
    for contact in mappings(contacts):
        if contact.get("origin") == "contact_request":
            for row in mappings(contact.get("phones")):
                written = text(row.get("phone"), 30)
                number = phone(row.get("wa_id")) or (phone(written) if written.startswith("+") else None)
                if number:
                    return number
    return None


def _read_system(message: Json) -> IdentityChange | None:
    """A person changed number or BSUID (fact sheet 4.5). The older names of 2025 are read too."""
    system = mapping(message.get("system"))
    if text(system.get("type"), 40) not in IDENTITY_NEWS:
        return None
    return _identity_change(
        IdentityChange(
            at=time(message.get("timestamp")),
            old_phone=phone(message.get("from")),
            old_bsuid=bsuid(system.get("previous_user_id")),
            new_phone=phone(system.get("wa_id") or system.get("new_wa_id")),
            new_bsuid=bsuid(system.get("user_id")),
        )
    )


def _identity_change(change: IdentityChange) -> IdentityChange | None:
    known = (change.old_phone or change.old_bsuid) and (change.new_phone or change.new_bsuid)
    return change if known else None


def _read_identity(value: Json) -> Iterator[Update]:
    """A field Meta announced and took back on 11 August 2026; it costs little and harms nothing."""
    for row in mappings(value.get("user_id_update")):
        ids = mapping(row.get("user_id"))
        change = _identity_change(
            IdentityChange(
                at=time(row.get("timestamp")),
                old_bsuid=bsuid(ids.get("previous")),
                new_bsuid=bsuid(ids.get("current")),
                new_phone=phone(row.get("wa_id")),
            )
        )
        if change:
            yield change


def _read_preferences(value: Json) -> Iterator[Update]:
    for row in mappings(value.get("user_preferences")):
        sender = Sender(phone=phone(row.get("wa_id")), bsuid=bsuid(row.get("user_id")))
        wanted = CHOICES.get(text(row.get("value"), 20))
        if (
            wanted is None
            or row.get("category") != "marketing_messages"
            or not (sender.phone or sender.bsuid)
        ):
            continue
        yield MarketingChoice(sender=sender, wanted=wanted, at=time(row.get("timestamp")))


def _read_status(status: Json) -> StatusUpdate | None:
    """What became of one of our messages; a phone and a BSUID may both be missing (fact sheet 3.6)."""
    state = STATUSES.get(text(status.get("status"), 20))
    provider_id = text(status.get("id"), 200)
    if state is None or not provider_id:
        return None
    error = next(iter(mappings(status.get("errors"))), {})
    return StatusUpdate(
        provider_id=provider_id,
        state=state,
        at=time(status.get("timestamp")),
        opaque_id=text(status.get("biz_opaque_callback_data"), 64),
        phone=phone(status.get("recipient_id")),
        bsuid=bsuid(status.get("recipient_user_id")),
        error=graph_errors.from_graph(error) if error else None,
    )


_READERS: dict[str, Callable[[Json], Iterator[Update]]] = {
    "messages": _read_messages,
    "user_preferences": _read_preferences,
    "user_id_update": _read_identity,
}
