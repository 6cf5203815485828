"""What Meta refuses in a message: required fields, lengths, counts, files (fact sheet 1.3 to 1.8)."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from .errors import GraphError
from .media import MediaStore

JSON = dict[str, Any]
Wanted = TypeVar("Wanted")
BSUID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
CAPTION, TEXT, FOOTER, BUTTON = 1024, 4096, 60, 20


def need(payload: JSON, key: str, kind: type[Wanted]) -> Wanted:
    """The value of a required field; an empty one counts as missing, as at Meta."""
    value = payload.get(key)
    if value is None or value in ("", {}, []):
        raise GraphError(131008, f"The parameter {key} is required")
    if not isinstance(value, kind):
        raise GraphError(131009, f"Param {key} is not of the expected type")
    return value


def at_most(text: Any, limit: int, what: str, code: int = 131009) -> str:
    if not isinstance(text, str) or len(text) > limit:
        raise GraphError(code, f"Param {what} must be at most {limit} characters long")
    return text


def check_location(location: JSON) -> dict[str, Any]:
    try:
        place = {key: float(location[key]) for key in ("latitude", "longitude")}
    except (KeyError, TypeError, ValueError):
        raise GraphError(131008, "location: latitude and longitude are required") from None
    if not (abs(place["latitude"]) <= 90 and abs(place["longitude"]) <= 180):
        raise GraphError(131009, "location: latitude or longitude out of range")
    return {**place, **{key: str(location[key]) for key in ("name", "address") if location.get(key)}}


def check_file(kind: str, content: JSON, media: MediaStore) -> JSON:
    """What the phone shows of a file named by `id` or by `link`."""
    link, media_id = content.get("link"), content.get("id")
    name = str(content.get("filename", ""))
    if not media_id:
        if not isinstance(link, str) or not re.match(r"https?://", link):
            raise GraphError(131008, f"{kind}: one of id and link is required")
        return {"url": link, "name": name or link.rpartition("/")[2]}
    file = media.get(str(media_id))
    if file is None:
        raise GraphError(
            100, f"Param {kind}['id'] is not a valid whatsapp business account media attachment ID"
        )
    if file.kind != kind:
        raise GraphError(131053, f"{kind}: media {media_id} is of type {file.mime_type}")
    return {
        "url": f"/control/media/{file.id}",
        "name": name or file.name,
        "size": len(file.content),
        "mime_type": file.mime_type,
    }


def _file(kind: str) -> Callable[[JSON, MediaStore], JSON]:
    def check(content: JSON, media: MediaStore) -> JSON:
        caption = at_most(content.get("caption", ""), CAPTION, f"{kind}['caption']", 100)
        if caption and kind in {"audio", "sticker"}:
            raise GraphError(100, f"Unexpected key caption on param {kind}")
        return {"header": {"kind": kind, "media": check_file(kind, content, media)}, "text": caption}

    return check


def _interactive(content: JSON, media: MediaStore) -> JSON:
    kind, action = need(content, "type", str), need(content, "action", dict)
    body = need(need(content, "body", dict), "text", str)
    at_most(body, TEXT if kind == "list" else CAPTION, "interactive['body']['text']")
    footer = at_most((content.get("footer") or {}).get("text", ""), FOOTER, "interactive['footer']['text']")
    if kind not in ACTIONS:
        raise GraphError(131009, f"interactive: type {kind} is not supported")
    return {"text": body, "footer": footer, "buttons": ACTIONS[kind](action)}


def _reply_buttons(action: JSON) -> list[JSON]:
    buttons = [need(button, "reply", dict) for button in need(action, "buttons", list)]
    if len(buttons) > 3:
        raise GraphError(131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
    titles = [at_most(need(button, "title", str), BUTTON, "button['title']") for button in buttons]
    ids = [at_most(need(button, "id", str), 256, "button['id']") for button in buttons]
    return [
        {"kind": "button_reply", "id": reply_id, "text": title}
        for reply_id, title in zip(ids, titles, strict=True)
    ]


def _list(action: JSON) -> list[JSON]:
    label = at_most(need(action, "button", str), BUTTON, "action['button']")
    sections = need(action, "sections", list)
    rows = [row for section in sections for row in need(section, "rows", list)]
    if len(sections) > 10 or len(rows) > 10:
        raise GraphError(131009, "Total row count exceed max allowed count: 10")
    for row in rows:
        at_most(need(row, "id", str), 200, "row['id']")
        at_most(need(row, "title", str), 24, "row['title']")
        at_most(row.get("description", ""), 72, "row['description']")
    return [{"kind": "list", "text": label, "sections": sections}]


ACTIONS: dict[str, Callable[[JSON], list[JSON]]] = {
    "button": _reply_buttons,
    "list": _list,
    "location_request_message": lambda action: [{"kind": "location", "text": "Invia la posizione"}],
    "request_contact_info": lambda action: [{"kind": "contacts", "text": "Condividi il numero"}],
}
CHECKS: dict[str, Callable[[JSON, MediaStore], JSON]] = {
    "text": lambda content, _: {"text": at_most(need(content, "body", str), TEXT, "text['body']", 100)},
    "location": lambda content, _: {"header": {"kind": "location", "location": check_location(content)}},
    "reaction": lambda content, _: {
        "target": need(content, "message_id", str),
        "reaction": str(content.get("emoji", "")),
    },
    "interactive": _interactive,
    **{kind: _file(kind) for kind in ("image", "video", "audio", "document", "sticker")},
}


def check_message(payload: JSON, media: MediaStore) -> JSON:
    """The bubble of a free-form message; GraphError when Meta would refuse it at once."""
    kind = payload.get("type", "text")
    if kind not in CHECKS:
        raise GraphError(100, f"Param type must be one of {{{', '.join(sorted(CHECKS)).upper()}, TEMPLATE}}")
    content = payload.get(kind)
    if not isinstance(content, dict):
        raise GraphError(131008 if content is None else 131009, f"The parameter {kind} is required")
    return CHECKS[kind](content, media)


def check_envelope(payload: JSON) -> None:
    if payload.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required.")
    if payload.get("category"):
        raise GraphError(100, "This message requires Direct Send, which isn't enabled for this account")
    at_most(payload.get("biz_opaque_callback_data", ""), 512, "biz_opaque_callback_data", 100)


def parse_recipient(payload: JSON, calling_code: str) -> tuple[str, str | None, str | None]:
    """(as written, number in E.164, BSUID); `to` wins over `recipient` (fact sheet 1.1, 4.6)."""
    to, recipient = payload.get("to"), payload.get("recipient")
    if to:
        digits = re.sub(r"[\s()-]", "", str(to))
        # A trap of Meta's: without the plus sign the business number's own calling code is put in front.
        number = digits if digits.startswith("+") else calling_code + digits
        if not re.fullmatch(r"\+[1-9]\d{6,17}", number):
            raise GraphError(131009, "Param to is not a valid phone number")
        return str(to), number, None
    if not recipient:
        raise GraphError(100, "The parameter to is required.")
    if not BSUID.fullmatch(str(recipient)):
        raise GraphError(131009, "Param recipient is not a valid business-scoped user ID")
    return str(recipient), None, str(recipient)
