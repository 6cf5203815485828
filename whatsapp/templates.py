"""Message templates: their parameters, and how they look once filled (fact sheet 1.5, 5.2)."""

import re
from collections.abc import Sequence

from whatsapp.errors import ContentError
from whatsapp.models import Template
from whatsapp.types import Header

BODY_LIMIT = 1024
_VARIABLE = re.compile(r"\{\{(\d+)\}\}")


def clean_parameter(text: str) -> str:
    """The text as a parameter may be: no line breaks, no tabs, single spaces (error 132018 otherwise)."""
    return re.sub(r"\s+", " ", text).strip()


def variables(template: Template) -> int:
    """How many parameters the body takes."""
    return len(set(_VARIABLE.findall(template.body)))


def render(template: Template, parameters: Sequence[str]) -> str:
    """The body as the citizen will read it."""
    return _VARIABLE.sub(
        lambda match: dict(enumerate(parameters, 1)).get(int(match[1]), match[0]), template.body
    )


def room_for(template: Template, parameters: Sequence[str]) -> int:
    """Characters still free in the body; negative when it is too long."""
    return BODY_LIMIT - len(render(template, parameters))


def check(template: Template, parameters: Sequence[str]) -> None:
    """Refuse what the provider would refuse for every single recipient.

    Raises:
        ContentError: the template is not approved, a parameter is missing or empty, the body too long.
    """
    if template.status != Template.Status.APPROVED:
        raise ContentError(
            f"Il modello «{template.name}» non è approvato da WhatsApp ({template.get_status_display()}): "
            "scegli un'altra categoria o attendi l'approvazione."
        )
    if len(parameters) != variables(template):
        raise ContentError(
            f"Il modello «{template.name}» vuole {variables(template)} testi, non {len(parameters)}."
        )
    if not all(parameter.strip() for parameter in parameters):
        raise ContentError("Un testo del messaggio è vuoto: compilalo.")
    if any(parameter != clean_parameter(parameter) for parameter in parameters):
        raise ContentError("I testi di un modello non possono avere a capo, tabulazioni o spazi ripetuti.")
    excess = -room_for(template, parameters)
    if excess > 0:
        raise ContentError(
            f"Il messaggio supera di {excess} caratteri il limite di WhatsApp ({BODY_LIMIT}): accorcialo."
        )


def approved(templates: "Sequence[Template]", header: Header) -> Template | None:
    """The approved template with this header among those given, if there is one."""
    usable = (t for t in templates if t.header == header and t.status == Template.Status.APPROVED)
    return next(usable, None)
