"""What a citizen does on a phone, and the webhook that tells the project (fact sheet 3.4, 3.5)."""

import mimetypes
import time
from collections.abc import Callable
from typing import Any

from .errors import status_error
from .phones import DELIVERED, SENT, Phone
from .state import Simulator, new_message_id
from .validation import TEXT, check_location

JSON = dict[str, Any]
# The shape of the message, and what the phone shows of it.
Shapes = tuple[JSON, JSON]


def write(simulator: Simulator, phone: Phone, action: JSON) -> str:
    """Send what `action` describes; the message's id, or ValueError in Italian if it cannot be."""
    kind = str(action.get("type", "text"))
    if kind not in ACTIONS:
        raise ValueError(f"Tipo di messaggio sconosciuto: «{kind}».")
    quoted = str(action.get("message", ""))
    try:
        message, bubble = ACTIONS[kind](action)
    except KeyError as error:
        raise ValueError(f"Manca il campo «{error.args[0]}».") from None
    if kind in {"edit", "revoke"}:
        target = phone.find(quoted)
        if not target or not target["mine"] or (kind == "edit" and target["kind"] != "text"):
            raise ValueError("Si possono eliminare i propri messaggi, e modificare quelli di testo.")
    if action.get("forwarded"):
        message["context"] = {"forwarded": True}
    if kind == "contacts" and quoted:
        phone.hidden = False  # the business keeps it in its contact book from now on (fact sheet 4.7)
    return _post(simulator, phone, message, bubble, quoted)


def send_file(
    simulator: Simulator, phone: Phone, content: bytes, mime_type: str, name: str, caption: str
) -> str:
    """A picture, a clip, a voice message or, where the app has no such type, a document."""
    mime_type = mime_type.partition(";")[0].strip() or mimetypes.guess_type(name)[0] or ""
    file = simulator.media.add(content, mime_type or "application/octet-stream", name, from_citizen=True)
    kind = file.kind
    reference: JSON = file.reference()
    if caption and kind in {"image", "video", "document"}:
        reference["caption"] = caption
    if kind == "document":
        reference["filename"] = name
    if kind == "audio":
        # Recorded in the app, a voice message is Opus in Ogg: there is no other way for WhatsApp to tell.
        reference["voice"] = mime_type == "audio/ogg"
        reference["mime_type"] = "audio/ogg; codecs=opus" if reference["voice"] else mime_type
    if kind == "sticker":
        reference["animated"] = False
    media = {"url": f"/control/media/{file.id}", "name": name, "size": len(content), "mime_type": mime_type}
    bubble: JSON = {"kind": kind, "text": caption, "header": {"kind": kind, "media": media}}
    return _post(simulator, phone, {"type": kind, kind: reference}, bubble)


def change_identity(simulator: Simulator, phone: Phone, number: str | None) -> str:
    """A new number, or a hidden one with a new BSUID (fact sheet 4.5): `system`, without `contacts`."""
    before = phone.wa_id
    previous = simulator.phones.change_identity(phone, number)
    system: JSON = {"user_id": phone.bsuid, "previous_user_id": previous}
    if number and before:
        system |= {"type": "user_changed_number", "wa_id": phone.wa_id}
        system["body"] = f"User {phone.name} changed from {before} to {phone.wa_id}"
    else:
        system |= {"type": "user_changed_user_id"}
        system["body"] = f"User {phone.name} changed from {previous} to {phone.bsuid}"
    message = _stamped(new_message_id(previous)) | {"type": "system", "system": system}
    if number and before:
        message["from"] = before
    simulator.webhooks.message(phone.id, {"messages": [message]}, lambda: None)
    simulator.tell({"reset": True})  # the number may have been another phone's
    return str(message["id"])


def choose_marketing(simulator: Simulator, phone: Phone, *, wanted: bool) -> None:
    """«Ferma le promozioni» in WhatsApp's own menu, and back (fact sheet 3.7)."""
    phone.marketing = wanted
    choice = {
        "user_id": phone.bsuid,
        "detail": "User requested to "
        + ("resume marketing messages" if wanted else "stop marketing messages"),
        "category": "marketing_messages",
        "value": "resume" if wanted else "stop",
        "timestamp": int(time.time()),
    } | ({"wa_id": phone.wa_id} if phone.wa_id else {})
    value = {"contacts": [phone.contact()], "user_preferences": [choice]}
    simulator.webhooks.event("user_preferences", simulator.webhooks.with_metadata(value))
    simulator.tell_phone(phone)


def _stamped(message_id: str) -> JSON:
    return {"id": message_id, "timestamp": str(int(time.time()))}


def _post(simulator: Simulator, phone: Phone, content: JSON, bubble: JSON, quoted: str = "") -> str:
    message_id, kind = new_message_id(phone.wa_id or phone.bsuid), content["type"]
    message: JSON = {"from_user_id": phone.bsuid, **_stamped(message_id), **content}
    if phone.wa_id:
        message["from"] = phone.wa_id
    change = CHANGES.get(kind)
    target = phone.find(quoted) if quoted else None
    if quoted and not change:
        answered = {"from": simulator.config.display_number.removeprefix("+"), "id": quoted}
        # Meta writes it before who the message is from.
        message = {"context": message.pop("context", {}) | answered, **message}
        if target and kind not in {"button", "interactive"}:
            bubble["quote"] = {"mine": target["mine"], "text": target.get("text") or target["kind"]}
    simulator.remember(message_id, phone)
    if kind not in {"edit", "revoke"}:
        phone.open_window()
    if change and target:
        target |= change(content[kind])
        simulator.show(phone, target)
    elif not change:
        bubble |= {"id": message_id, "mine": True, "at": int(time.time() * 1000), "ticks": SENT}
        simulator.show(phone, bubble)

    def arrived() -> None:
        if not change:
            bubble["ticks"] = max(bubble["ticks"], DELIVERED)
            simulator.show(phone, bubble)

    simulator.webhooks.message(phone.id, {"contacts": [phone.contact()], "messages": [message]}, arrived)
    return message_id


WITHDRAWN = {"kind": "revoke", "text": "Hai eliminato questo messaggio", "header": None, "own_reaction": ""}
# What changes a bubble instead of adding one: what is new in it.
CHANGES: dict[str, Callable[[JSON], JSON]] = {
    "reaction": lambda reaction: {"own_reaction": reaction.get("emoji", "")},
    "edit": lambda edit: {"text": edit["message"]["text"]["body"], "edited": True},
    "revoke": lambda revoke: WITHDRAWN,
}


def _text(action: JSON) -> Shapes:
    text = str(action["text"])
    if not text.strip() or len(text) > TEXT:
        raise ValueError(f"Il testo va da 1 a {TEXT} caratteri.")
    return {"type": "text", "text": {"body": text}}, {"kind": "text", "text": text}


def _location(action: JSON) -> Shapes:
    try:
        place = check_location(action)
    except Exception:
        raise ValueError("La posizione vuole latitudine e longitudine valide.") from None
    shown = {"kind": "location", "location": place}
    return {"type": "location", "location": place}, {"kind": "location", "header": shown}


def _button(action: JSON) -> Shapes:
    text = str(action["text"])
    content = {"payload": str(action.get("payload", text)), "text": text}
    return {"type": "button", "button": content}, {"kind": "button", "text": text}


def _interactive(kind: str) -> Callable[[JSON], Shapes]:
    def shape(action: JSON) -> Shapes:
        reply = {"id": str(action["id"]), "title": str(action["title"])}
        if action.get("description"):
            reply["description"] = str(action["description"])
        text = "\n".join(reply[key] for key in ("title", "description") if key in reply)
        content = {"type": kind, kind: reply}
        return {"type": "interactive", "interactive": content}, {"kind": kind, "text": text}

    return shape


def _reaction(action: JSON) -> Shapes:
    reaction = {"message_id": str(action["message"])}
    if action.get("emoji"):
        reaction["emoji"] = str(action["emoji"])
    return {"type": "reaction", "reaction": reaction}, {"kind": "reaction"}


def _contacts(action: JSON) -> Shapes:
    number = str(action["number"])
    phones = [{"phone": number, "wa_id": number.removeprefix("+"), "type": "CELL"}]
    contact = {"name": {"formatted_name": str(action.get("name", number))}, "phones": phones}
    contact["origin"] = "contact_request" if action.get("message") else "other"
    return {"type": "contacts", "contacts": [contact]}, {"kind": "contacts", "text": f"👤 {number}"}


def _edit(action: JSON) -> Shapes:
    text, _ = _text(action)
    return {"type": "edit", "edit": {"original_message_id": str(action["message"]), "message": text}}, {}


def _unsupported(action: JSON) -> Shapes:
    what = str(action.get("what", "poll"))
    code = 131060 if what == "view_once" else 131051
    error = status_error(code, "Message type is currently not supported.")
    shown = {"poll": "📊 Sondaggio", "view_once": "① Foto visualizzabile una volta"}.get(what, what)
    content = {"type": "unsupported", "errors": [error], "unsupported": {"type": what}}
    return content, {"kind": "unsupported", "text": shown}


def _other(action: JSON) -> Shapes:
    """Any message, as given: an order, a type that does not exist yet."""
    content = action["content"]
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise ValueError("Il campo «content» vuole un oggetto con il suo «type».")
    return dict(content), {"kind": content["type"], "text": f"Messaggio di tipo «{content['type']}»"}


ACTIONS: dict[str, Callable[[JSON], Shapes]] = {
    "text": _text,
    "location": _location,
    "button": _button,
    "button_reply": _interactive("button_reply"),
    "list_reply": _interactive("list_reply"),
    "reaction": _reaction,
    "contacts": _contacts,
    "edit": _edit,
    "revoke": lambda action: (
        {"type": "revoke", "revoke": {"original_message_id": str(action["message"])}},
        {},
    ),
    "unsupported": _unsupported,
    "other": _other,
}
