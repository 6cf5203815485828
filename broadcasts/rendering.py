"""How a notice looks on the phone, for previews and for the record."""

from django.urls import reverse

from broadcasts import composing
from broadcasts.models import Broadcast, Category
from whatsapp import templates
from whatsapp.bubbles import Bubble, draw
from whatsapp.models import Template
from whatsapp.types import Header


def bubble(broadcast: Broadcast) -> Bubble:
    """The notice as people get it, or got it."""
    content, media = broadcast.content, broadcast.media
    template = content.template if content else model(broadcast.category, broadcast.header)
    return draw(
        template,
        content.text if content else _filled(template, broadcast.title, broadcast.text),
        header=broadcast.header,
        media=media,
        media_url=_address(broadcast, media.pk) if media else "",
        place_name=broadcast.place_name,
        place_address=broadcast.place_address,
    )


def sketch(category: Category | None, header: Header, title: str, text: str, place_name: str = "") -> Bubble:
    """The notice while it is being written: what is still missing shows as what belongs there."""
    template = model(category, header) if category else None
    body = _filled(template, title.strip() or "Titolo dell'avviso", text.strip() or "Testo dell'avviso")
    return draw(template, body, header=header, place_name=place_name)


def _filled(template: Template | None, title: str, text: str) -> str:
    """The body with its parameters as WhatsApp will take them; without a template, the bare parameters."""
    written = composing.parameters(title, text)
    return templates.render(template, written) if template else f"*{written[0]}*\n\n{written[1]}"


def _address(broadcast: Broadcast, media: int) -> str:
    """Of the picture: public once the notice is, for the staff before."""
    if broadcast.content_id:
        return reverse("broadcasts:file", args=[broadcast.pk])
    return reverse("whatsapp:media", args=[media])


def model(category: Category, header: Header) -> Template | None:
    """The template to show: the approved one, else the one that waits for approval."""
    candidates = list(category.templates.all())
    waiting = (template for template in candidates if template.header == header)
    return templates.approved(candidates, header) or next(waiting, None)
