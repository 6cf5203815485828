"""How a template message looks on the phone, for previews and for the record."""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.html import conditional_escape, linebreaks
from django.utils.safestring import SafeString, mark_safe

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
    media_url: str = ""
    header_text: str = ""
    place_name: str = ""
    place_address: str = ""


def draw(template: Template | None, text: str, *, header: Header, **shown: Any) -> Bubble:
    """A message whose body reads `text`; what stands around it is the template's, if there is one.

    Args:
        shown: fields of `Bubble`: the file, the place.
    """
    if template:
        buttons = tuple((button["type"], button["text"]) for button in template.buttons)
        shown |= {"header_text": template.header_text, "footer": template.footer, "buttons": buttons}
    return Bubble(header=header, body=formatted(text), **shown)


def example(template: Template) -> Bubble:
    """The template with its examples in place of the variables, as WhatsApp examines it."""
    text = templates.render(template, template.examples)
    return draw(template, text, header=Header(template.header))


def formatted(text: str) -> SafeString:
    """WhatsApp's bold, italics and strike-through as HTML; everything else is escaped."""
    html = str(conditional_escape(text))
    for pattern, replacement in _MARKS:
        html = pattern.sub(replacement, html)
    return mark_safe(linebreaks(html))  # escaped above, the marks are ours
