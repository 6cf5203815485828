"""How a notice looks on the phone, for previews and for the record."""

import re
from dataclasses import dataclass

from django.utils.html import conditional_escape, linebreaks
from django.utils.safestring import SafeString, mark_safe

from broadcasts import composing
from broadcasts.models import Broadcast, Category
from whatsapp import templates
from whatsapp.models import Media, Template
from whatsapp.types import Header

# WhatsApp's own marks, only around whole words.
_MARKS = [
    (re.compile(r"(?<!\w)\*(?=\S)([^*\n]+?)(?<=\S)\*(?!\w)"), r"<strong>\1</strong>"),
    (re.compile(r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)"), r"<em>\1</em>"),
    (re.compile(r"(?<!\w)~(?=\S)([^~\n]+?)(?<=\S)~(?!\w)"), r"<s>\1</s>"),
]


@dataclass(frozen=True, kw_only=True)
class Bubble:
    """What stands in one template message, from top to bottom."""

    header: Header
    body: SafeString
    footer: str = ""
    buttons: tuple[tuple[str, str], ...] = ()  # (type, text)
    media: Media | None = None
    place_name: str = ""
    place_address: str = ""


def bubble(broadcast: Broadcast) -> Bubble:
    """The notice as people get it, or got it."""
    content = broadcast.content
    template = content.template if content else _model(broadcast.category, broadcast.header)
    shown = content.text if content else None
    return draw(
        template,
        composing.parameters(broadcast.title, broadcast.text),
        header=broadcast.header,
        text=shown,
        media=broadcast.media,
        place_name=broadcast.place_name,
        place_address=broadcast.place_address,
    )


def sketch(category: Category | None, header: Header, title: str, text: str, place_name: str = "") -> Bubble:
    """The notice while it is being written: what is still missing shows as what belongs there."""
    written = composing.parameters(title.strip() or "Titolo dell'avviso", text.strip() or "Testo dell'avviso")
    return draw(_model(category, header) if category else None, written, header=header, place_name=place_name)


def draw(
    template: Template | None,
    parameters: list[str],
    *,
    header: Header,
    text: str | None = None,
    media: Media | None = None,
    place_name: str = "",
    place_address: str = "",
) -> Bubble:
    """A template filled; without one, the bare parameters."""
    body = text
    if body is None:
        body = templates.render(template, parameters) if template else f"*{parameters[0]}*\n\n{parameters[1]}"
    return Bubble(
        header=header,
        body=formatted(body),
        footer=template.footer if template else "",
        buttons=tuple((b["type"], b["text"]) for b in template.buttons) if template else (),
        media=media,
        place_name=place_name,
        place_address=place_address,
    )


def formatted(text: str) -> SafeString:
    """WhatsApp's bold, italics and strike-through as HTML; everything else is escaped."""
    html = str(conditional_escape(text))
    for pattern, replacement in _MARKS:
        html = pattern.sub(replacement, html)
    return mark_safe(linebreaks(html))  # escaped above, the marks are ours


def _model(category: Category, header: Header) -> Template | None:
    """The template to show: the approved one, else the one that waits for approval."""
    candidates = list(category.templates.all())
    waiting = (template for template in candidates if template.header == header)
    return templates.approved(candidates, header) or next(waiting, None)
