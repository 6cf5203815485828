"""Our messages and templates as the Graph API wants them (fact sheet 1 and 5.2)."""

from typing import Any

from django.conf import settings
from requests.utils import requote_uri

from whatsapp import errors
from whatsapp.models import Template
from whatsapp.types import Header, Kind, OutboundMessage, Place

Json = dict[str, Any]


def message(message: OutboundMessage) -> Json:
    """The body of `POST /<PHONE_NUMBER_ID>/messages`."""
    kind, content = _content(message)
    # `to` always with its `+`: without it Meta prepends the business number's own country code.
    recipient = {"to": message.phone} if message.phone else {"recipient": message.bsuid}
    # WhatsApp does not show a template as an answer.
    answers = message.context_id and message.kind != Kind.TEMPLATE
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **recipient,
        **({"context": {"message_id": message.context_id}} if answers else {}),
        "type": kind,
        kind: content,
        "biz_opaque_callback_data": message.opaque_id,
    }


def _content(message: OutboundMessage) -> tuple[str, Json]:
    match message.kind:
        case Kind.TEMPLATE:
            return "template", _template(message)
        case Kind.BUTTONS | Kind.LIST | Kind.PLACE_REQUEST | Kind.NUMBER_REQUEST:
            return "interactive", _interactive(message)
        case Kind.LOCATION:
            return "location", _place(message.place)
        case Kind.IMAGE | Kind.VIDEO | Kind.AUDIO | Kind.DOCUMENT:
            return message.kind.value, _media(message)
        case Kind.TEXT:
            return "text", {"preview_url": "https://" in message.text, "body": message.text}
        case _:
            raise errors.Unsupported(f"Con WhatsApp non si può inviare: {message.kind.label}.")


def _media(message: OutboundMessage) -> Json:
    media: Json = {"id": message.media_id}
    if message.text and message.kind != Kind.AUDIO:
        media["caption"] = message.text
    if message.kind == Kind.DOCUMENT and message.filename:
        media["filename"] = message.filename
    return media


def _place(place: Place | None) -> Json:
    assert place is not None
    fields = {"name": place.name, "address": place.address}
    return {
        "latitude": place.latitude,
        "longitude": place.longitude,
        **{name: value for name, value in fields.items() if value},
    }


def _interactive(message: OutboundMessage) -> Json:
    """A text with something to tap (fact sheet 1.6)."""
    if message.kind == Kind.BUTTONS:
        rows = [{"type": "reply", "reply": {"id": id_, "title": title}} for id_, title, *_ in message.buttons]
        return _tap("button", message.text, {"buttons": rows})
    if message.kind == Kind.LIST:
        rows = [_row(*button) for button in message.buttons]
        return _tap("list", message.text, {"button": message.list_label, "sections": [{"rows": rows}]})
    if message.kind == Kind.PLACE_REQUEST:
        return _tap("location_request_message", message.text, {"name": "send_location"})
    return _tap("request_contact_info", message.text, {"name": "request_contact_info"})


def _tap(kind: str, body: str, action: Json) -> Json:
    return {"type": kind, "body": {"text": body}, "action": action}


def _row(id_: str, title: str, description: str = "") -> Json:
    return {"id": id_, "title": title, **({"description": description} if description else {})}


def _template(message: OutboundMessage) -> Json:
    components = []
    if header := _header(message):
        components.append({"type": "header", "parameters": [header]})
    if message.body_parameters:
        body = [{"type": "text", "text": text} for text in message.body_parameters]
        components.append({"type": "body", "parameters": body})
    for index, (sub_type, value) in enumerate(message.button_parameters):
        if sub_type == "url":
            value = requote_uri(value)  # what is encoded already stays as it is
        kind = "payload" if sub_type == "quick_reply" else "text"
        components.append(
            {
                "type": "button",
                "sub_type": sub_type,
                "index": str(index),
                "parameters": [{"type": kind, kind: value}],
            }
        )
    return {
        "name": message.template_name,
        "language": {"code": message.template_language},
        **({"components": components} if components else {}),
    }


def _header(message: OutboundMessage) -> Json | None:
    header = message.template_header
    if header in {Header.IMAGE, Header.VIDEO, Header.DOCUMENT}:
        media: Json = {"id": message.media_id}
        if header == Header.DOCUMENT and message.filename:
            media["filename"] = message.filename
        return {"type": header.value, header.value: media}
    if header == Header.LOCATION:
        return {"type": "location", "location": _place(message.place)}
    if header == Header.TEXT and message.header_text:
        return {"type": "text", "text": message.header_text}
    return None


def template_definition(template: Template, handle: str = "") -> Json:
    """The body of `POST /<WABA_ID>/message_templates`, positional parameters.

    Args:
        handle: of the header's example file, if it has one.
    """
    components: list[Json] = []
    if template.header != Header.NONE:
        header: Json = {"type": "HEADER", "format": template.header.upper()}
        if template.header == Header.TEXT:
            header["text"] = template.header_text
        if handle:
            header["example"] = {"header_handle": [handle]}
        components.append(header)
    body: Json = {"type": "BODY", "text": template.body}
    if template.examples:
        body["example"] = {"body_text": [template.examples]}
    components.append(body)
    if template.footer:
        components.append({"type": "FOOTER", "text": template.footer})
    if template.buttons:
        components.append({"type": "BUTTONS", "buttons": [_button_definition(b) for b in template.buttons]})
    definition: Json = {
        "name": template.name,
        "language": template.language,
        "category": template.category.upper(),
        "parameter_format": "POSITIONAL",
        "components": components,
    }
    if template.ttl_seconds:
        definition["message_send_ttl_seconds"] = template.ttl_seconds
    return definition


def _button_definition(button: Json) -> Json:
    if button["type"] != "url":
        return {"type": "QUICK_REPLY", "text": button["text"]}
    url = str(button["url"]).replace("{site_url}", settings.SITE_URL)
    return {"type": "URL", "text": button["text"], "url": url, "example": [url.replace("{{1}}", "12/")]}
