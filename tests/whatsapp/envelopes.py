"""Webhook bodies in Meta's shapes (fact sheet 3.4 to 3.6), with invented values."""

import hashlib
import hmac
import itertools
import json
import time
from typing import Any

from regalbuto_urp.local import TRIAL_ENVIRONMENT

Json = dict[str, Any]
PHONE = "393401112233"
BSUID = "IT.13491208655302741918"
_numbers = itertools.count(1)


def encode(body: Any) -> bytes:
    return json.dumps(body).encode()


def sign(raw: bytes, secret: str = TRIAL_ENVIRONMENT["WHATSAPP_APP_SECRET"]) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def envelope(value: Json, field: str = "messages") -> Json:
    metadata = {"display_phone_number": "393665340900", "phone_number_id": "106540352242922"}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [{"field": field, "value": value}]}],
    }


def message(type_: str = "text", content: Any = None, **changes: Any) -> Json:
    """One citizen's message; `changes` set a field, or drop it with None."""
    row = {
        "from": PHONE,
        "from_user_id": BSUID,
        "id": f"wamid.TEST{next(_numbers)}",
        "timestamp": str(int(time.time())),
        "type": type_,
        type_: content if content is not None else {"body": "Buongiorno"},
        **changes,
    }
    return {name: value for name, value in row.items() if value is not None}


def inbound(*messages: Json) -> Json:
    contact = {"profile": {"name": "Maria R."}, "wa_id": PHONE, "user_id": BSUID}
    return envelope({"contacts": [contact], "messages": list(messages)})


def text(body: str, **changes: Any) -> Json:
    return inbound(message(content={"body": body}, **changes))


def status(state: str, provider_id: str, *, opaque_id: str = "", code: int | None = None) -> Json:
    row: Json = {
        "id": provider_id,
        "status": state,
        "timestamp": str(int(time.time())),
        "recipient_id": PHONE,
        "biz_opaque_callback_data": opaque_id,
    }
    if code:
        row["errors"] = [{"code": code, "title": "Message undeliverable"}]
    return row


def statuses(*rows: Json) -> Json:
    return envelope({"statuses": list(rows)})
