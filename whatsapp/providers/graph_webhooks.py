"""Reading Meta's webhooks (fact sheet 3): every field may be missing, every type may be new."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from whatsapp import phones
from whatsapp.errors import MalformedWebhook
from whatsapp.providers import graph_errors
from whatsapp.types import (
    AccountUpdate,
    IdentityChange,
    InboundMedia,
    InboundMessage,
    Kind,
    Place,
    RemoteTemplate,
    Sender,
    State,
    StatusUpdate,
    TemplateUpdate,
    Update,
)

Json = dict[str, Any]

STATUSES = {
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "read": State.READ,
    "played": State.READ,
    "failed": State.FAILED,
}
# Where the file's description is, and what we call it.
MEDIA = {
    "image": Kind.IMAGE,
    "video": Kind.VIDEO,
    "audio": Kind.AUDIO,
    "document": Kind.DOCUMENT,
    "sticker": Kind.STICKER,
}
SERIOUS_ACCOUNT_EVENTS = {"ACCOUNT_VIOLATION", "ACCOUNT_RESTRICTION", "DISABLED_UPDATE", "ACCOUNT_DELETED"}


def parse(body: bytes) -> list[Update]:
    """All updates of a webhook, in order. What cannot be understood is left out; see `CloudApi.parse`.

    Raises:
        MalformedWebhook: not JSON, or not an envelope of Meta's.
    """
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedWebhook("non è JSON") from error
    if not isinstance(envelope, dict) or not isinstance(envelope.get("entry"), list):
        raise MalformedWebhook("non è una notifica di WhatsApp")
    return [update for change in _changes(envelope["entry"]) for update in _read_change(change)]


def _changes(entries: list[Any]) -> Iterator[Json]:
    for entry in _dicts(entries):
        yield from _dicts(entry.get("changes"))


def _read_change(change: Json) -> Iterator[Update]:
    value = _dict(change.get("value"))
    reader = _READERS.get(_text(change.get("field"), 60))
    if reader:
        yield from reader(value)


def _read_messages(value: Json) -> Iterator[Update]:
    profiles = {}
    for contact in _dicts(value.get("contacts")):
        for key in (contact.get("wa_id"), contact.get("user_id")):
            if isinstance(key, str):
                profiles[key] = _dict(contact.get("profile"))
    for message in _dicts(value.get("messages")):
        update = (
            _read_system(message) if message.get("type") == "system" else _read_message(message, profiles)
        )
        if update:
            yield update
    for status in _dicts(value.get("statuses")):
        if read := _read_status(status):
            yield read


def _read_message(message: Json, profiles: dict[str, Json]) -> InboundMessage | None:
    provider_id = _text(message.get("id"), 200)
    phone, bsuid = (
        phones.from_wa_id(_text(message.get("from"), 30)),
        _text(message.get("from_user_id"), 140) or None,
    )
    if not provider_id or not (phone or bsuid) or message.get("group_id"):
        return None
    profile = profiles.get(_text(message.get("from"), 30)) or profiles.get(bsuid or "") or {}
    kind, details = _read_content(message)
    return InboundMessage(
        provider_id=provider_id,
        sender=Sender(
            phone=phone,
            bsuid=bsuid,
            name=_text(profile.get("name"), 100),
            username=_text(profile.get("username"), 60),
        ),
        sent_at=_time(message.get("timestamp")),
        kind=kind,
        context_id=_text(_dict(message.get("context")).get("id"), 200),
        **details,
    )


def _read_content(message: Json) -> tuple[Kind, Json]:
    """The kind of a message and the fields that go with it (fact sheet 3.5)."""
    kind = _text(message.get("type"), 40)
    content = _dict(message.get(kind))
    if kind == "text":
        return Kind.TEXT, {"text": _text(content.get("body"))}
    if kind in MEDIA and isinstance(content.get("id"), str):
        media = InboundMedia(
            provider_media_id=_text(content["id"], 200),
            mime_type=_text(content.get("mime_type"), 80),
            filename=_text(content.get("filename"), 120),
        )
        return MEDIA[kind], {"text": _text(content.get("caption")), "media": media}
    if kind == "location" and (place := _read_place(content)):
        return Kind.LOCATION, {"place": place}
    if kind == "button":
        return Kind.BUTTON_REPLY, {
            "text": _text(content.get("text")),
            "payload": _text(content.get("payload"), 256),
        }
    if kind == "interactive":
        answer = _dict(content.get(_text(content.get("type"), 40)))
        return Kind.BUTTON_REPLY, {
            "text": _text(answer.get("title")),
            "payload": _text(answer.get("id"), 256),
        }
    if kind == "reaction":
        return Kind.REACTION, {"text": _text(content.get("emoji"), 40)}
    known = {"contacts": Kind.CONTACTS, "unsupported": Kind.UNSUPPORTED}
    return known.get(kind, Kind.OTHER), {}


def _read_place(content: Json) -> Place | None:
    latitude, longitude = content.get("latitude"), content.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    return Place(
        latitude=float(latitude),
        longitude=float(longitude),
        name=_text(content.get("name"), 200),
        address=_text(content.get("address"), 200),
    )


def _read_system(message: Json) -> IdentityChange | None:
    """A person changed number or BSUID (fact sheet 4.5). The older names of 2025 are read too."""
    system = _dict(message.get("system"))
    if _text(system.get("type"), 40) not in {
        "user_changed_number",
        "user_changed_user_id",
        "customer_changed_number",
    }:
        return None
    change = IdentityChange(
        at=_time(message.get("timestamp")),
        old_phone=phones.from_wa_id(_text(message.get("from"), 30)),
        old_bsuid=_text(system.get("previous_user_id"), 140) or None,
        new_phone=phones.from_wa_id(_text(system.get("wa_id") or system.get("new_wa_id"), 30)),
        new_bsuid=_text(system.get("user_id"), 140) or None,
    )
    known = (change.old_phone or change.old_bsuid) and (change.new_phone or change.new_bsuid)
    return change if known else None


def _read_status(status: Json) -> StatusUpdate | None:
    state = STATUSES.get(_text(status.get("status"), 20))
    provider_id = _text(status.get("id"), 200)
    if state is None or not provider_id:
        return None
    error = next(iter(_dicts(status.get("errors"))), {})
    return StatusUpdate(
        provider_id=provider_id,
        state=state,
        at=_time(status.get("timestamp")),
        opaque_id=_text(status.get("biz_opaque_callback_data"), 64),
        phone=phones.from_wa_id(_text(status.get("recipient_id"), 30)),
        bsuid=_text(status.get("recipient_user_id"), 140) or None,
        error=graph_errors.from_graph(error, status=400) if error else None,
    )


def _read_template(value: Json) -> Iterator[Update]:
    yield TemplateUpdate(
        name=_text(value.get("message_template_name"), 512),
        language=_text(value.get("message_template_language"), 10),
        state=_text(value.get("event"), 30),
        reason=_text(value.get("reason"), 200),
    )


def _read_account(value: Json) -> Iterator[Update]:
    event = _text(value.get("event"), 60)
    yield AccountUpdate(
        key=_key(value),
        event=event,
        text=f"Meta comunica sull'account: {event}. Verifica in WhatsApp Manager.",
        serious=event in SERIOUS_ACCOUNT_EVENTS,
    )


def _read_quality(value: Json) -> Iterator[Update]:
    tier = _text(value.get("max_daily_conversations_per_business"), 30)
    event = _text(value.get("event"), 60)
    yield AccountUpdate(key=_key(value), event=event, text="", tier=tier)


_READERS: dict[str, Callable[[Json], Iterator[Update]]] = {
    "messages": _read_messages,
    "message_template_status_update": _read_template,
    "account_update": _read_account,
    "phone_number_quality_update": _read_quality,
}


def remote_template(row: Json) -> RemoteTemplate:
    """A row of the template list."""
    parts = _dicts(row.get("components"))
    return RemoteTemplate(
        provider_id=_text(row.get("id"), 64),
        name=_text(row.get("name"), 512),
        language=_text(row.get("language"), 10),
        state=_text(row.get("status"), 30),
        category=_text(row.get("category"), 20).lower(),
        quality=_text(_dict(row.get("quality_score")).get("score"), 10),
        reason=_text(row.get("rejected_reason"), 200),
        body=next((_text(part.get("text"), 1024) for part in parts if part.get("type") == "BODY"), ""),
    )


def _key(value: Json) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _text(value: Any, limit: int = 10_000) -> str:
    """A string as PostgreSQL takes it: no NUL, no lone surrogates, bounded; anything else is empty."""
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").encode("utf-8", "ignore").decode()[:limit]


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _time(value: Any) -> datetime:
    """Unix seconds, as a string or a number. A clock far from ours is not believed."""
    now = timezone.now()
    try:
        told = datetime.fromtimestamp(int(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return now
    return told if told < now + timedelta(hours=1) else now
