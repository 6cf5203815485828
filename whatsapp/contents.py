"""Making contents: whatever passes here can be sent (limits: fact sheet 1.8)."""

from collections.abc import Sequence
from datetime import datetime

from whatsapp import templates
from whatsapp.errors import ContentError
from whatsapp.models import Content, Media, Template
from whatsapp.types import Header, Kind, Place

TEXT_LIMIT = 4096
BUTTONS_TEXT_LIMIT = 1024
MAX_BUTTONS = 3
BUTTON_TITLE_LIMIT = 20


def text(body: str, *, buttons: Sequence[tuple[str, str]] = ()) -> Content:
    """Save a free text, with up to three reply buttons (id, title). Only inside the 24-hour window.

    Raises:
        ContentError: empty, too long, or with buttons WhatsApp does not take.
    """
    limit = BUTTONS_TEXT_LIMIT if buttons else TEXT_LIMIT
    if not body.strip():
        raise ContentError("Il messaggio è vuoto: scrivi un testo.")
    if len(body) > limit:
        raise ContentError(f"Il messaggio ha {len(body)} caratteri: il limite è {limit}.")
    if len(buttons) > MAX_BUTTONS or any(len(title) > BUTTON_TITLE_LIMIT for _, title in buttons):
        raise ContentError(f"Al massimo {MAX_BUTTONS} pulsanti, ciascuno di {BUTTON_TITLE_LIMIT} caratteri.")
    kind = Kind.BUTTONS if buttons else Kind.TEXT
    return Content.objects.create(kind=kind, text=body, buttons=[list(button) for button in buttons])


def request(kind: Kind, body: str) -> Content:
    """Save a question that WhatsApp answers with a tap (fact sheet 1.6). Only inside the 24-hour window.

    Raises:
        ContentError: empty, or longer than 1024 characters.
    """
    if not 0 < len(body.strip()) <= BUTTONS_TEXT_LIMIT:
        raise ContentError(f"La richiesta deve avere da 1 a {BUTTONS_TEXT_LIMIT} caratteri.")
    return Content.objects.create(kind=kind, text=body)


def from_template(
    template: Template,
    parameters: Sequence[str],
    *,
    media: Media | None = None,
    place: Place | None = None,
    header_text: str = "",
    button_parameters: Sequence[tuple[str, str]] = (),
    expires_at: datetime | None = None,
) -> Content:
    """Save a filled template. `parameters` are cleaned first; `text` becomes the body as it will be read.

    Raises:
        ContentError: not approved, wrong parameters, too long, or the header's file or place is missing.
    """
    cleaned = [templates.clean_parameter(parameter) for parameter in parameters]
    templates.check(template, cleaned)
    needs_media = template.header in {Header.IMAGE, Header.VIDEO, Header.DOCUMENT}
    if needs_media != (media is not None) or (template.header == Header.LOCATION) != (place is not None):
        raise ContentError(f"Il modello «{template.name}» vuole: {template.get_header_display()}.")
    return Content.objects.create(
        kind=Kind.TEMPLATE,
        text=templates.render(template, cleaned),
        template=template,
        parameters=cleaned,
        button_parameters=[list(parameter) for parameter in button_parameters],
        media=media,
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
        place_name=place.name if place else header_text,
        place_address=place.address if place else "",
        expires_at=expires_at,
    )
