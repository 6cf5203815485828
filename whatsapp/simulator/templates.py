"""Message templates: created, listed, and filled with parameters (fact sheet 1.5, 1.8, 5.2)."""

from __future__ import annotations

import dataclasses
import itertools
import re
import secrets
import time
from collections.abc import Iterator
from typing import Any

from .errors import GraphError
from .media import MediaStore
from .validation import check_file, check_location, need

JSON = dict[str, Any]
VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
FORBIDDEN = re.compile(r"[\n\r\t]| {5,}")
UNSENDABLE = {"PAUSED": 132015, "DISABLED": 132016}
TEXT_LIMITS = {"HEADER": 60, "BODY": 1024, "FOOTER": 60}


@dataclasses.dataclass(slots=True)
class Template:
    name: str
    language: str
    category: str
    components: list[JSON]
    parameter_format: str = "POSITIONAL"
    status: str = "APPROVED"
    quality: str = "GREEN"
    id: str = dataclasses.field(default_factory=lambda: str(secrets.randbelow(9 * 10**14) + 10**14))

    def component(self, kind: str) -> JSON:
        return next((part for part in self.components if part["type"] == kind), {})

    @property
    def header_format(self) -> str:
        return str(self.component("HEADER").get("format", "")).lower()

    @property
    def buttons(self) -> list[JSON]:
        return list(self.component("BUTTONS").get("buttons", []))

    def as_json(self) -> JSON:
        found = dataclasses.asdict(self)
        quality = {"score": found.pop("quality"), "date": int(time.time())}
        return found | {"quality_score": quality, "rejected_reason": "NONE"}


class Templates:
    """The templates of the account; the key is (name, language)."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], Template] = {}

    def __iter__(self) -> Iterator[Template]:
        return iter(self._items.values())

    def clear(self) -> None:
        self._items.clear()

    def create(self, payload: JSON) -> Template:
        name, language = need(payload, "name", str), need(payload, "language", str)
        category = need(payload, "category", str).upper()
        if not re.fullmatch(r"[a-z0-9_]{1,512}", name):
            raise refused("Il nome ammette solo lettere minuscole, cifre e trattini bassi.", 2388039)
        if category not in {"UTILITY", "MARKETING", "AUTHENTICATION"}:
            raise refused(f"Categoria sconosciuta: {category}.")
        if (name, language) in self._items:
            raise refused(f"Esiste già il modello {name} in {language}.", 2388024)
        components = [_upper(part) for part in need(payload, "components", list)]
        parameter_format = str(payload.get("parameter_format", "POSITIONAL")).upper()
        template = Template(name, language, category, components, parameter_format)
        _check_definition(template)
        self._items[name, language] = template
        return template

    def edit(self, template_id: str, payload: JSON) -> Template:
        """New contents under the old name and id; they are examined anew (fact sheet 5.2)."""
        template = next((one for one in self if one.id == template_id), None)
        if template is None:
            raise GraphError(100, f"Object with ID '{template_id}' does not exist", subcode=33)
        components = [_upper(part) for part in need(payload, "components", list)]
        changed = dataclasses.replace(template, components=components, status="APPROVED")
        _check_definition(changed)
        self._items[template.name, template.language] = changed
        return changed

    def get(self, name: str, language: str) -> Template:
        """ValueError, for the control address, when there is none."""
        if template := self._items.get((name, language)):
            return template
        raise ValueError(f"Modello sconosciuto: {name} ({language}).")

    def find(self, name: str, language: str) -> Template:
        """The one to send; GraphError when it may not be."""
        template = self._items.get((name, language))
        if template is None or template.status not in {"APPROVED", *UNSENDABLE}:
            raise GraphError(132001, f"template name ({name}) does not exist in {language}")
        if template.status in UNSENDABLE:
            raise GraphError(UNSENDABLE[template.status])
        return template


def refused(details: str, subcode: int = 0) -> GraphError:
    return GraphError(100, details, subcode=subcode)


def _upper(part: JSON) -> JSON:
    """Meta takes `type` and `format` in either case and lists them in capitals."""
    if not isinstance(part, dict):
        raise refused("I componenti devono essere oggetti.")
    fixed = part | {key: str(part[key]).upper() for key in ("type", "format") if key in part}
    if "buttons" in fixed:
        fixed["buttons"] = [_upper(button) for button in fixed["buttons"]]
    return fixed


def _check_definition(template: Template) -> None:
    if not template.component("BODY").get("text"):
        raise refused("Manca il componente BODY.")
    header = template.component("HEADER")
    media_header = header.get("format") in {"IMAGE", "VIDEO", "DOCUMENT"}
    if media_header and not (header.get("example") or {}).get("header_handle"):
        raise refused("L'intestazione con un file vuole un esempio (header_handle).", 2388273)
    for kind, limit in TEXT_LIMITS.items():
        if len(template.component(kind).get("text", "")) > limit:
            raise refused(f"Il componente {kind} supera {limit} caratteri.", 2388040)
    body = template.component("BODY")["text"].strip()
    bare = body.rstrip(".!?;:, ")  # punctuation alone after the last variable still counts as ending with it
    if re.match(VARIABLE, body) or re.search(VARIABLE.pattern + r"$", bare):
        raise refused("Una variabile non può stare all'inizio o alla fine del testo.", 2388299)
    if re.search(r"\}\}\s*\{\{", body):
        raise refused("Due variabili non possono essere attaccate.", 2388293)
    if VARIABLE.search(body) and not template.component("BODY").get("example"):
        raise refused("Le variabili del testo vogliono un esempio.", 2388043)
    if len(VARIABLE.findall(template.component("HEADER").get("text", ""))) > 1:
        raise refused("L'intestazione ammette una sola variabile.", 2388040)
    _check_buttons(template)


def _check_buttons(template: Template) -> None:
    if len(template.buttons) > 10 or any(len(button.get("text", "")) > 25 for button in template.buttons):
        raise refused("Al massimo 10 pulsanti, con etichette di 25 caratteri.", 2388047)
    if sum(button["type"] == "URL" for button in template.buttons) > 2:
        raise refused("Al massimo due pulsanti con indirizzo.", 2388047)
    if sum(button["type"] == "PHONE_NUMBER" for button in template.buttons) > 1:
        raise refused("Al massimo un pulsante con numero di telefono.", 2388047)
    quick = [button["type"] == "QUICK_REPLY" for button in template.buttons]
    if sum(one != other for one, other in itertools.pairwise(quick)) > 1:
        raise refused("Le risposte rapide devono stare tutte insieme.", 2388047)
    for address in (str(button.get("url", "")) for button in template.buttons if button["type"] == "URL"):
        variables = VARIABLE.findall(address)
        if len(address) > 2000 or len(variables) > 1 or (variables and not address.endswith("}}")):
            raise refused("Un indirizzo ha al massimo 2.000 caratteri e una variabile, in fondo.", 2388047)


def fill(template: Template, given: list[JSON], media: MediaStore) -> JSON:
    """The bubble shown on the phone; GraphError when the parameters do not fit the template."""
    parts = [(str(part.get("type", "")).lower(), part) for part in given if isinstance(part, dict)]
    by_kind = {kind: part for kind, part in parts if kind in {"header", "body"}}
    buttons = {str(part.get("index")): part for kind, part in parts if kind == "button"}
    body = _fill_text(template, "BODY", by_kind.get("body"))
    if len(body) > 1024:
        raise GraphError(132005, f"body: translated text length {len(body)} exceeds 1024")
    return {
        "header": _fill_header(template, by_kind.get("header"), media),
        "text": body,
        "footer": template.component("FOOTER").get("text", ""),
        "buttons": _fill_buttons(template.buttons, buttons),
    }


def _parameters(part: JSON | None) -> list[JSON]:
    found = (part or {}).get("parameters", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise GraphError(132012, "parameters must be a list of objects")
    return found


def _fill_text(template: Template, kind: str, part: JSON | None) -> str:
    text = str(template.component(kind).get("text", ""))
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    parameters = _parameters(part)
    if len(parameters) != len(names):
        where = f"{kind.lower()}: number of localizable_params ({len(parameters)})"
        raise GraphError(132000, f"{where} does not match the expected number of params ({len(names)})")
    if template.parameter_format == "NAMED":
        if {one.get("parameter_name") for one in parameters} != set(names):
            raise GraphError(100, "Parameter name is missing or does not belong to the template")
        values = {str(one["parameter_name"]): _value(one, kind) for one in parameters}
    else:
        values = {str(n): _value(one, kind) for n, one in enumerate(parameters, 1)}
    return VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def _value(parameter: JSON, where: str) -> str:
    if parameter.get("type") != "text":
        raise GraphError(132012, f"{where.lower()}: expected a parameter of type text")
    text = parameter.get("text")
    if not isinstance(text, str) or not text:
        raise GraphError(131008, f"{where.lower()}: parameter of type text is missing text value")
    if FORBIDDEN.search(text):
        raise GraphError(
            132018, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
        )
    return text


def _fill_header(template: Template, part: JSON | None, media: MediaStore) -> JSON | None:
    wanted = template.header_format
    if wanted in {"", "text"}:
        text = _fill_text(template, "HEADER", part)
        return {"kind": "text", "text": text} if text else None
    parameters = _parameters(part)
    if len(parameters) != 1:
        raise GraphError(132012, f"header: Format mismatch, expected {wanted.upper()}, received UNKNOWN")
    (parameter,) = parameters
    got = str(parameter.get("type", "")).lower()
    if got != wanted:
        raise GraphError(
            132012, f"header: Format mismatch, expected {wanted.upper()}, received {got.upper()}"
        )
    content = need(parameter, wanted, dict)
    if wanted == "location":
        return {"kind": "location", "location": check_location(content)}
    return {"kind": wanted, "media": check_file(wanted, content, media)}


def _fill_buttons(wanted: list[JSON], given: dict[str, JSON]) -> list[JSON]:
    if not set(given) <= {str(index) for index in range(len(wanted))}:
        raise GraphError(132000, "buttons: index out of range for the template")
    return [_fill_button(button, index, given.get(str(index))) for index, button in enumerate(wanted)]


def _fill_button(button: JSON, index: int, part: JSON | None) -> JSON:
    kind, label = button["type"], button.get("text", "")
    parameters = _parameters(part)
    if part is not None and str(part.get("sub_type", "")).upper() != kind:
        raise GraphError(132012, f"buttons: Button at index {index} is of type {kind}")
    if kind == "URL":
        address = str(button.get("url", ""))
        if VARIABLE.search(address):
            if len(parameters) != 1:
                raise GraphError(131008, f"buttons: Button at index {index} of type Url requires a parameter")
            value = _value(parameters[0], "button")
            return {"kind": "url", "text": label, "url": VARIABLE.sub(lambda _: value, address)}
        return {"kind": "url", "text": label, "url": address}
    if kind == "QUICK_REPLY":
        payload = parameters[0].get("payload") if parameters else label
        return {"kind": "button", "text": label, "payload": str(payload)}
    if kind == "PHONE_NUMBER":
        return {"kind": "url", "text": label, "url": f"tel:{button.get('phone_number', '')}"}
    return {"kind": "contacts" if kind == "REQUEST_CONTACT_INFO" else "none", "text": label}
