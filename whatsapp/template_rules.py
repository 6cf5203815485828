"""What a message template must be for WhatsApp to examine it (fact sheet 1.8, 5.2), told before."""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

from whatsapp.models import Template
from whatsapp.templates import BODY_LIMIT, VARIABLE
from whatsapp.types import Header

NAME_LIMIT = 512
SHORT_LIMIT = 60  # of the title and of the footer
LABEL_LIMIT, URL_LIMIT, MAX_BUTTONS, MAX_URLS = 25, 2000, 10, 2
TTL = (30, 43_200)  # seconds, of a utility template

Problem = tuple[str, str]  # the field of the model, what is wrong and what to do


def problems(template: Template, *, urgent: bool = False) -> dict[str, list[str]]:
    """Everything WhatsApp would refuse, by the field it is in; empty when it may be submitted.

    Args:
        urgent: alerts use it, which must not arrive when they are over (DESIGN 5.4).
    """
    found: dict[str, list[str]] = defaultdict(list)
    for check in (_name, _texts, _variables, _examples, _buttons):
        for field, text in check(template):
            found[field].append(text)
    for field, text in _ttl(template, urgent=urgent):
        found[field].append(text)
    return dict(found)


def _name(template: Template) -> Iterator[Problem]:
    if not re.fullmatch(r"[a-z0-9_]+", template.name) or len(template.name) > NAME_LIMIT:
        yield "name", "Solo lettere minuscole senza accento, cifre e trattini bassi, come «avviso_viabilita»."


def _texts(template: Template) -> Iterator[Problem]:
    if not template.body.strip():
        yield "body", "Il testo è vuoto: scrivilo."
    limits = {"body": BODY_LIMIT, "header_text": SHORT_LIMIT, "footer": SHORT_LIMIT}
    for field, limit in limits.items():
        excess = len(getattr(template, field)) - limit
        if excess > 0:
            yield field, f"Supera di {excess} caratteri il limite di WhatsApp ({limit}): accorcialo."
    if template.header == Header.TEXT and not template.header_text.strip():
        yield "header_text", "Scrivi il titolo, oppure scegli un'altra intestazione."
    for field in ("header_text", "footer"):
        if "{{" in getattr(template, field):
            yield field, "Qui il testo è sempre lo stesso: le variabili vanno solo nel testo del messaggio."
        if "\n" in getattr(template, field):
            yield field, "Deve stare su una riga."


def _variables(template: Template) -> Iterator[Problem]:
    body = template.body
    numbers = sorted({int(number) for number in VARIABLE.findall(body)})
    words = [word for word in VARIABLE.sub(" ", body).split() if re.search(r"\w", word)]
    if re.search(r"\{\{|\}\}", VARIABLE.sub("", body)):
        yield "body", "Le variabili si scrivono {{1}}, {{2}} e così via, con due parentesi e un numero."
    if numbers != list(range(1, len(numbers) + 1)):
        yield "body", "Le variabili vanno numerate da {{1}} in avanti, senza salti."
    # Punctuation alone, or marks of bold, before the first or after the last do not count as text.
    if re.match(r"\W*\{\{", body) or re.search(r"\}\}\W*$", body):
        yield "body", "Una variabile non può essere all'inizio o alla fine: metti parole prima e dopo."
    # Blanks and line breaks alone do not part them; marks do, as in «*{{1}}*» with «{{2}}» below it.
    if re.search(r"\}\}\s*\{\{", body):
        yield "body", "Due variabili non possono essere attaccate: metti del testo tra l'una e l'altra."
    if numbers and len(words) < (needed := 2 * len(numbers) + 1):
        yield (
            "body",
            f"Con {len(numbers)} variabili servono almeno {needed} parole fisse: ce ne sono {len(words)}.",
        )


def _examples(template: Template) -> Iterator[Problem]:
    wanted = len(set(VARIABLE.findall(template.body)))
    if len(template.examples) != wanted:
        yield "examples", f"Serve un esempio per ogni variabile: {wanted}, non {len(template.examples)}."
    if any(not str(example).strip() for example in template.examples):
        yield "examples", "Un esempio è vuoto: compilalo."


def _buttons(template: Template) -> Iterator[Problem]:
    buttons = template.buttons
    if len(buttons) > MAX_BUTTONS:
        yield "buttons", f"Al massimo {MAX_BUTTONS} pulsanti."
    if any(not 0 < len(button["text"]) <= LABEL_LIMIT for button in buttons):
        yield "buttons", f"Ogni pulsante vuole una scritta di non più di {LABEL_LIMIT} caratteri."
    if any("{{" in button["text"] for button in buttons):
        yield "buttons", "La scritta di un pulsante non può avere variabili."
    groups = [kind for kind, _ in groupby(button["type"] == "quick_reply" for button in buttons)]
    if len(groups) > 2:
        yield "buttons", "Le risposte rapide vanno tutte insieme, prima o dopo gli altri pulsanti."
    urls = [str(button.get("url", "")) for button in buttons if button["type"] == "url"]
    if len(urls) > MAX_URLS:
        yield "buttons", f"Al massimo {MAX_URLS} pulsanti che aprono una pagina."
    if any(not 0 < len(url) <= URL_LIMIT for url in urls):
        yield "buttons", f"L'indirizzo di un pulsante manca o supera i {URL_LIMIT} caratteri."
    if any("{{" in url.removesuffix("{{1}}") for url in urls):
        yield "buttons", "Nell'indirizzo di un pulsante può variare solo la fine, con {{1}}."


def _ttl(template: Template, *, urgent: bool) -> Iterator[Problem]:
    low, high = TTL
    if template.ttl_seconds is None:
        if urgent:
            yield (
                "ttl_seconds",
                "È un modello per le allerte: indica dopo quanto tempo non serve più a niente.",
            )
    elif template.category != "utility":
        yield "ttl_seconds", "WhatsApp permette la validità solo nella categoria «servizio»: lasciala vuota."
    elif not low <= template.ttl_seconds <= high:
        yield "ttl_seconds", f"Da {low} a {high} secondi (12 ore)."
