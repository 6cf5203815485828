"""Message templates: created, listed, and filled with parameters (fact sheet 1.5, 1.8, 5.2)."""

import dataclasses
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
    """What is refused most often; the rest is for the project's own rules."""
    if not template.component("BODY").get("text"):
        raise refused("Manca il componente BODY.")
    header = template.component("HEADER")
    with_file = header.get("format") in {"IMAGE", "VIDEO", "DOCUMENT"}
    if with_file and not (header.get("example") or {}).get("header_handle"):
        raise refused("L'intestazione con un file vuole un esempio (header_handle).", 2388273)
    for kind, limit in TEXT_LIMITS.items():
        if len(template.component(kind).get("text", "")) > limit:
            raise refused(f"Il componente {kind} supera {limit} caratteri.", 2388040)
    body = template.component("BODY")["text"].strip()
    bare = body.rstrip(".!?;:, ")  # punctuation alone after the last variable still counts as ending with it
    if re.match(VARIABLE, body) or re.search(VARIABLE.pattern + r"$", bare):
        raise refused("Una variabile non può stare all'inizio o alla fine del testo.", 2388299)


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
    parameter = next(iter(_parameters(part)), {})
    if parameter.get("type") != wanted:
        raise GraphError(132012, f"header: Format mismatch, expected {wanted}, not {parameter.get('type')}")
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
        if VARIABLE.search(address) and len(parameters) != 1:
            raise GraphError(131008, f"buttons: Button at index {index} of type Url requires a parameter")
        value = _value(parameters[0], "button") if parameters else ""
        return {"kind": "url", "text": label, "url": VARIABLE.sub(lambda _: value, address)}
    if kind == "QUICK_REPLY":
        payload = parameters[0].get("payload") if parameters else label
        return {"kind": "button", "text": label, "payload": str(payload)}
    return {"kind": "none", "text": label}
