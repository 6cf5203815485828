"""Making contents: whatever passes here can be sent (limits: fact sheet 1.8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from whatsapp import templates
from whatsapp.errors import ContentError
from whatsapp.models import Content, Media, Template
from whatsapp.types import Header, Kind, Place

TEXT_LIMIT = 4096
INTERACTIVE_LIMIT = 1024
CAPTION_LIMIT = 1024
MAX_BUTTONS, BUTTON_TITLE_LIMIT, BUTTON_ID_LIMIT = 3, 20, 256
MAX_ROWS, ROW_TITLE_LIMIT, ROW_TEXT_LIMIT, ROW_ID_LIMIT = 10, 24, 72, 200
LIST_LABEL_LIMIT = 20
SENDABLE = frozenset({Kind.IMAGE, Kind.VIDEO, Kind.DOCUMENT})


def text(
    body: str, *, buttons: Sequence[tuple[str, str]] = (), expires_at: datetime | None = None
) -> Content:
    """Save a free text, with up to three reply buttons (id, title). Only inside the 24-hour window. Raises
    ContentError: empty, too long, or with buttons WhatsApp does not take."""
    if not buttons:
        return _save(Kind.TEXT, body, limit=TEXT_LIMIT, expires_at=expires_at)
    _check_choices(
        buttons, "pulsanti", most=MAX_BUTTONS, id_limit=BUTTON_ID_LIMIT, title_limit=BUTTON_TITLE_LIMIT
    )
    rows = [list(button) for button in buttons]
    return _save(Kind.BUTTONS, body, buttons=rows, expires_at=expires_at)


def choices(body: str, label: str, rows: Sequence[tuple[str, str, str]]) -> Content:
    """Save a text with a list to choose from: `label` opens it; rows are (id, title, description or empty).
    Raises ContentError: empty or too long a text or label, or rows WhatsApp does not take."""
    _check_choices(rows, "voci", most=MAX_ROWS, id_limit=ROW_ID_LIMIT, title_limit=ROW_TITLE_LIMIT)
    if any(len(description) > ROW_TEXT_LIMIT for _, _, description in rows):
        raise ContentError(f"La descrizione di una voce può avere {ROW_TEXT_LIMIT} caratteri: accorciala.")
    if not 0 < len(label.strip()) <= LIST_LABEL_LIMIT:
        raise ContentError(f"La parola che apre l'elenco deve avere da 1 a {LIST_LABEL_LIMIT} caratteri.")
    return _save(Kind.LIST, body, limit=TEXT_LIMIT, payload=label, buttons=[list(row) for row in rows])


def ask_place(body: str) -> Content:
    """Save a request for the person's position, with WhatsApp's own button. Raises ContentError."""
    return _save(Kind.PLACE_REQUEST, body)


def ask_number(body: str) -> Content:
    """Save a request for the number a person hides, with WhatsApp's own button. Raises ContentError."""
    return _save(Kind.NUMBER_REQUEST, body)


def with_file(media: Media, caption: str = "") -> Content:
    """Save a picture, a clip or a document with a few words. Raises ContentError: a file that is not there or
    cannot be sent, or too long a caption."""
    if media.status != Media.Status.FETCHED or media.kind not in SENDABLE:
        raise ContentError("Questo file non si può inviare: allega una foto, un video MP4 o un PDF.")
    if len(caption) > CAPTION_LIMIT:
        raise ContentError(
            f"Insieme a un file il testo può avere {CAPTION_LIMIT} caratteri, e ne ha {len(caption)}: "
            "accorcialo, oppure invia il testo da solo."
        )
    return Content.objects.create(kind=media.kind, text=caption, media=media)


def _save(kind: Kind, body: str, *, limit: int = INTERACTIVE_LIMIT, **fields: Any) -> Content:
    if not body.strip():
        raise ContentError("Il messaggio è vuoto: scrivi un testo.")
    if len(body) > limit:
        raise ContentError(f"Il messaggio ha {len(body)} caratteri: il limite è {limit}.")
    return Content.objects.create(kind=kind, text=body, **fields)


def _check_choices(
    given: Sequence[tuple[str, ...]], what: str, *, most: int, id_limit: int, title_limit: int
) -> None:
    """(id, title, ...) of buttons or rows, as WhatsApp takes them."""
    if not 0 < len(given) <= most:
        raise ContentError(f"Servono da 1 a {most} {what}, e sono {len(given)}.")
    if any(not 0 < len(title.strip()) <= title_limit for _, title, *_ in given):
        raise ContentError(f"Il titolo di pulsanti e voci deve avere da 1 a {title_limit} caratteri.")
    if any(not 0 < len(id_) <= id_limit for id_, *_ in given):
        raise ContentError(f"Il codice di pulsanti e voci deve avere da 1 a {id_limit} caratteri.")
    if len({id_ for id_, *_ in given}) < len(given) or len({title for _, title, *_ in given}) < len(given):
        raise ContentError(f"Due {what} sono uguali: cambia il titolo o il codice.")


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
