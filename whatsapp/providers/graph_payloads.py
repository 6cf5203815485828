"""Our messages and templates as the Graph API wants them (fact sheet 1 and 5.2)."""

from typing import Any

from django.conf import settings

from whatsapp.models import Template
from whatsapp.types import Header, Kind, OutboundMessage, Place

Json = dict[str, Any]


def message(message: OutboundMessage) -> Json:
    """The body of `POST /<PHONE_NUMBER_ID>/messages`."""
    kind, content = _content(message)
    # `to` always with its `+`: without it Meta prepends the business number's own country code.
    recipient = {"to": message.phone} if message.phone else {"recipient": message.bsuid}
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **recipient,
        "type": kind,
        kind: content,
        "biz_opaque_callback_data": message.opaque_id,
    }


def _content(message: OutboundMessage) -> tuple[str, Json]:
    match message.kind:
        case Kind.TEMPLATE:
            return "template", _template(message)
        case Kind.BUTTONS:
            return "interactive", _buttons(message)
        case Kind.LOCATION:
            return "location", _place(message.place)
        case Kind.IMAGE | Kind.VIDEO | Kind.DOCUMENT:
            return message.kind.value, _media(message)
        case _:
            return "text", {"preview_url": "https://" in message.text, "body": message.text}


def _media(message: OutboundMessage) -> Json:
    media: Json = {"id": message.media_id}
    if message.text:
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


def _buttons(message: OutboundMessage) -> Json:
    buttons = [{"type": "reply", "reply": {"id": id_, "title": title}} for id_, title, *_ in message.buttons]
    return {"type": "button", "body": {"text": message.text}, "action": {"buttons": buttons}}


def _template(message: OutboundMessage) -> Json:
    components = []
    if header := _header(message):
        components.append({"type": "header", "parameters": [header]})
    if message.body_parameters:
        body = [{"type": "text", "text": text} for text in message.body_parameters]
        components.append({"type": "body", "parameters": body})
    for index, (sub_type, value) in enumerate(message.button_parameters):
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
