"""Message templates: their parameters, and how they look once filled (fact sheet 1.5, 5.2)."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from whatsapp.errors import ContentError
from whatsapp.models import Template
from whatsapp.types import Header, Lane

BODY_LIMIT = 1024
VARIABLE = re.compile(r"\{\{(\d+)\}\}")
# Control characters, half characters and marks that take no room: pasted texts bring them.
_INVISIBLE = {"Cc", "Cf", "Cs"}
_JOINER = "\u200d"  # holds composed emoji together


@dataclass(frozen=True, kw_only=True)
class Use:
    """Something that sends with a template. `urgent`: what it says is of no use once it is over."""

    label: str
    url: str
    urgent: bool = False


def clean_parameter(text: str) -> str:
    """The text as a parameter may be: on one line, single spaces (else error 132018), nothing invisible."""
    one_line = re.sub(r"\s+", " ", text)
    visible = (c for c in one_line if c == _JOINER or unicodedata.category(c) not in _INVISIBLE)
    return " ".join("".join(visible).split())


def variables(template: Template) -> int:
    """How many parameters the body takes."""
    return len(set(VARIABLE.findall(template.body)))


def render(template: Template, parameters: Sequence[str]) -> str:
    """The body as the citizen will read it."""
    return VARIABLE.sub(
        lambda match: dict(enumerate(parameters, 1)).get(int(match[1]), match[0]), template.body
    )


def room_for(template: Template, parameters: Sequence[str]) -> int:
    """Characters still free in the body; negative when it is too long."""
    return BODY_LIMIT - len(render(template, parameters))


def check(template: Template, parameters: Sequence[str]) -> None:
    """Refuse what the provider would refuse for every single recipient. Raises ContentError: the template is
    not approved, a parameter is missing or empty, the body too long."""
    if reason := obstacle(template):
        raise ContentError(reason)
    if len(parameters) != variables(template):
        raise ContentError(
            f"Il modello «{template.name}» vuole {variables(template)} testi, non {len(parameters)}."
        )
    if not all(parameter.strip(f" {_JOINER}") for parameter in parameters):
        raise ContentError("Un testo del messaggio è vuoto: compilalo.")
    if any(parameter != clean_parameter(parameter) for parameter in parameters):
        raise ContentError("I testi di un modello non possono avere a capo, tabulazioni o spazi ripetuti.")
    excess = -room_for(template, parameters)
    if excess > 0:
        raise ContentError(
            f"Il messaggio supera di {excess} caratteri il limite di WhatsApp ({BODY_LIMIT}): accorcialo."
        )


def obstacle(template: Template) -> str:
    """Why nothing new goes with it, and what to do, in Italian; empty if it may."""
    if template.status != Template.Status.APPROVED:
        return f"Il modello «{template.name}» è {template.get_status_display()}. {_TODO[template.status]}"
    if template.recategorised:
        return (
            f"WhatsApp ha spostato il modello «{template.name}» nella categoria "
            f"«{template.get_category_display()}»: ogni messaggio può costare di più, e non arriva a chi ha "
            "rifiutato le promozioni. Un amministratore può accettarlo nella pagina del modello."
        )
    return ""


_TODO: dict[str, str] = {
    Template.Status.DRAFT: "Un amministratore deve sottoporlo a WhatsApp.",
    Template.Status.PENDING: "WhatsApp lo esamina, di solito entro un giorno: attendi l'approvazione.",
    Template.Status.REJECTED: "Va corretto e sottoposto di nuovo, dalla pagina del modello.",
    Template.Status.PAUSED: "Ha avuto troppe segnalazioni: torna utilizzabile dopo qualche ora, o "
    "si riattiva in WhatsApp Manager.",
    Template.Status.DISABLED: "Non tornerà utilizzabile da solo: serve un nuovo modello.",
}


def may_go(template: Template, lane: str) -> bool:
    """May what is queued with it leave? An alert under way does not wait for a matter of price."""
    return template.usable or (lane == Lane.ALERT and template.status == Template.Status.APPROVED)


def uses(template: Template) -> list[Use]:
    """Who sends with it, as the apps above tell (`TEMPLATE_USES`)."""
    return [use for name in settings.TEMPLATE_USES for use in import_string(name)(template)]


def approved(templates: Sequence[Template], header: Header) -> Template | None:
    """The usable template with this header among those given, if there is one."""
    return next((t for t in templates if t.header == header and t.usable), None)
