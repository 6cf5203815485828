"""From what the staff wrote to what WhatsApp takes: the category's approved template, filled (DESIGN 3)."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from broadcasts import library
from broadcasts.models import Broadcast, Category
from whatsapp import contents, templates
from whatsapp.errors import ContentError
from whatsapp.models import Content, Template
from whatsapp.types import Header

_FORMS: dict[str, str] = {
    Header.NONE: "solo testo",
    Header.IMAGE: "un'immagine",
    Header.VIDEO: "un video",
    Header.DOCUMENT: "un documento PDF",
    Header.LOCATION: "un luogo",
}


def template_for(category: Category, header: Header) -> Template:
    """The category's approved template with this header.

    Raises:
        ContentError: there is none; the text tells what is missing and what to do.
    """
    candidates = list(category.templates.all())
    found = templates.approved(candidates, header)
    if found:
        return found
    form = _FORMS.get(header, header.label)
    waiting = next((template for template in candidates if template.header == header), None)
    if waiting:
        raise ContentError(
            f"La categoria «{category.name}» con {form} non si può usare ora. {templates.obstacle(waiting)} "
            "Puoi salvare la bozza e inviarla dopo, oppure scegliere un'altra forma o categoria."
        )
    raise ContentError(
        f"La categoria «{category.name}» non ha un modello di WhatsApp con {form}: scegli un'altra forma o "
        "un'altra categoria, oppure chiedi all'amministratore di aggiungerlo."
    )


def missing(category: Category, header: Header) -> str:
    """Why nothing of this form can be sent in this category, in Italian; empty if it can."""
    try:
        template_for(category, header)
    except ContentError as error:
        return str(error)
    return ""


def stopped(category: Category) -> list[str]:
    """What WhatsApp has taken away from a category, in Italian: what never worked yet is not told here."""
    early = {Template.Status.DRAFT, Template.Status.PENDING}
    lost = [t for t in category.templates.all() if not t.usable and t.status not in early]
    return [templates.obstacle(template) for template in lost]


def uses(template: Template) -> list[templates.Use]:
    """The categories whose notices go with it (`TEMPLATE_USES`)."""
    return [
        templates.Use(
            label=f"Avvisi della categoria «{category}»",
            url=reverse("admin:broadcasts_category_change", args=[category.pk]),
            urgent=category.is_alert,
        )
        for category in Category.objects.filter(templates=template)
    ]


def parameters(title: str, text: str) -> list[str]:
    """The template's parameters: title and text on one line each, as WhatsApp wants them."""
    return [templates.clean_parameter(title), templates.clean_parameter(text)]


def room(category: Category, header: Header, title: str, text: str) -> int:
    """Characters still free in the message; negative when it is too long.

    Reckoned on the category's template with this header, approved or not, so that writing can begin before.
    """
    found = category.templates.filter(header=header).first() or category.templates.first()
    if found is None:
        return templates.BODY_LIMIT - len("".join(parameters(title, text)))
    return templates.room_for(found, parameters(title, text))


def check(broadcast: Broadcast) -> Template:
    """The template this notice goes with, once everything WhatsApp would refuse is ruled out.

    Raises:
        ContentError: no approved template, a field of a ready text unfilled, empty or too long a text.
    """
    template = template_for(broadcast.category, broadcast.header)
    if unfilled := library.unfilled(broadcast.title, broadcast.text):
        raise ContentError(unfilled)
    templates.check(template, parameters(broadcast.title, broadcast.text))
    return template


def problem(broadcast: Broadcast) -> str:
    """Why this notice cannot be sent as it is, in Italian; empty if it can."""
    try:
        check(broadcast)
    except ContentError as error:
        return str(error)
    return ""


def make_content(broadcast: Broadcast, *, expires_at: datetime) -> Content:
    """What each person gets, saved.

    Raises:
        ContentError: see `check`.
    """
    template = check(broadcast)
    return contents.from_template(
        template,
        parameters(broadcast.title, broadcast.text),
        media=broadcast.media,
        place=broadcast.place,
        button_parameters=[_button_parameter(button, broadcast.pk) for button in template.buttons],
        expires_at=expires_at,
    )


def _button_parameter(button: dict[str, str], pk: int) -> tuple[str, str]:
    """A link ends with the notice's address on our pages; a quick reply says its payload back to us."""
    if button["type"] == "url":
        return "url", f"{pk}/"
    return button["type"], button.get("payload") or button["text"]


def digest(broadcast: Broadcast) -> str:
    """A fingerprint of what would go and to whom: one confirms this and nothing else (DESIGN 5.8).

    Raises:
        ContentError: see `check`.
    """
    return fingerprint(broadcast, check(broadcast))


def fingerprint(broadcast: Broadcast, template: Template) -> str:
    """The same with this template, which may no longer be usable: the one its content was made with."""
    parts: Sequence[object] = [
        [template.pk, template.body, template.footer, template.buttons],
        parameters(broadcast.title, broadcast.text),
        broadcast.text,
        broadcast.media.sha256 if broadcast.media else "",
        [broadcast.latitude, broadcast.longitude, broadcast.place_name, broadcast.place_address],
        [broadcast.category_id, broadcast.category.topic_id, broadcast.category.lane],
        [broadcast.follows_id, broadcast.sequel],
        broadcast.category.expiry_hours,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
