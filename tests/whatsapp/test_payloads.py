"""What we send, against what pywa sends for the same: a client nobody here wrote."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pywa import WhatsApp, types
from pywa.types import templates as t

from tests.whatsapp.provider_contract import SAYINGS, TOKEN, outbound
from tests.whatsapp.standin import Answer, StandIn, running
from whatsapp.providers import graph_payloads
from whatsapp.providers.cloud_api import CloudApi

ME = "393401112233"
BUTTONS = [types.Button("Invia", "sì"), types.Button("Annulla", "no")]
ROWS = [types.SectionRow("Buche", "buche", "Manto stradale"), types.SectionRow("Altro", "altro")]
LIST = types.SectionList("Categorie", [types.Section("Categorie", ROWS)])
BODY = t.BodyText.params("Via Roma chiusa", "Dalle 8 alle 14")
PLACE = {"lat": 37.65, "lon": 14.64, "name": "Municipio", "address": "Piazza della Repubblica 1"}
TAPS = [
    t.URLButton.params(url_variable="12/?da=avviso%20%C3%A8%20qui", index=0),
    t.QuickReplyButton.params(callback_data="ISCRIZIONE OFF", index=1),
]


def notice(*header: Any, body: Any = (BODY,), taps: Any = ()) -> Any:
    parameters = [*header, *body, *taps]
    return lambda wa: wa.send_template(
        ME, "avviso_generico", t.TemplateLanguage.ITALIAN, parameters, tracker="0f3a"
    )


PDF = "ordinanza 12.pdf"
PYWA: dict[str, Any] = {
    "text": lambda wa: wa.send_message(ME, "Buongiorno", tracker="0f3a"),
    "text with an address": lambda wa: wa.send_message(
        ME, "Leggi https://comune.example.it/avvisi/12", preview_url=True, tracker="0f3a"
    ),
    "answer": lambda wa: wa.send_message(ME, "Ricevuto", reply_to_message_id="wamid.DOMANDA", tracker="0f3a"),
    "image": lambda wa: wa.send_image(ME, "1037", "La mappa", tracker="0f3a"),
    "image without caption": lambda wa: wa.send_image(ME, "1037", tracker="0f3a"),
    "video": lambda wa: wa.send_video(ME, "1037", "Il clip", tracker="0f3a"),
    "audio": lambda wa: wa.send_audio(ME, "1037", tracker="0f3a"),
    "document": lambda wa: wa.send_document(ME, "1037", PDF, "Ordinanza", tracker="0f3a"),
    "location": lambda wa: wa.send_location(
        ME, 37.65, 14.64, "Municipio", "Piazza della Repubblica 1", tracker="0f3a"
    ),
    "bare location": lambda wa: wa.send_location(ME, 37.65, 14.64, tracker="0f3a"),
    "buttons": lambda wa: wa.send_message(ME, "Invio?", buttons=BUTTONS, tracker="0f3a"),
    "list": lambda wa: wa.send_message(ME, "Che cosa?", buttons=LIST, tracker="0f3a"),
    "place request": lambda wa: wa.request_location(ME, "Dove?", tracker="0f3a"),
    "number request": lambda wa: wa.request_contact_info(ME, "Il tuo numero?", tracker="0f3a"),
    "template": notice(),
    "template without variables": notice(body=()),
    "template, title": notice(t.HeaderText.params("Viabilità")),
    "template, image": notice(t.HeaderImage.params(image="1037")),
    "template, video": notice(t.HeaderVideo.params(video="1037")),
    "template, document": notice(t.HeaderDocument.params(document="1037", filename=PDF)),
    "template, place": notice(t.HeaderLocation.params(**PLACE)),
    "template, buttons": notice(taps=TAPS),
}
# Where we say otherwise, knowingly: the field, what ours must be given theirs, and why.
DIFFERENCES: list[tuple[str, Callable[[Any], Any], str]] = [
    ("to", lambda theirs: f"+{theirs}", "without + Meta may read the number as one of our own country (1.1)"),
    (r"template\.components\.\d+\.(sub_)?type", str.lower, "Meta's examples write it small (1.5)"),
    (r"template\.components\.\d+\.index", str, "Meta's examples send it as a string (1.5)"),
    (r"interactive\.action\.sections\.0\.title", lambda _: None, "one section needs no title (1.6)"),
]


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of a JSON value by their path."""
    if isinstance(value, dict):
        return {k: v for name, item in value.items() for k, v in flat(item, f"{path}.{name}").items()}
    if isinstance(value, list):
        return {k: v for n, item in enumerate(value) for k, v in flat(item, f"{path}.{n}").items()}
    return {path.removeprefix("."): value}


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with running() as started:
        taken = {"contacts": [{"input": ME, "wa_id": ME}], "messages": [{"id": "wamid.PRESO"}]}
        started.answers["POST /v25.0/106/messages"] = Answer({"messaging_product": "whatsapp", **taken})
        yield started


@pytest.fixture
def wa(standin: StandIn) -> Iterator[WhatsApp]:
    client = WhatsApp(phone_id="106", token=TOKEN, api_version=25.0)
    client.api._session.base_url = f"{standin.url}/v25.0"
    yield client
    client.api._session.close()


def test_everything_is_compared() -> None:
    assert PYWA.keys() == SAYINGS.keys()


@pytest.mark.parametrize("name", SAYINGS)
def test_the_same_content_is_said_alike(wa: WhatsApp, standin: StandIn, name: str) -> None:
    PYWA[name](wa)
    theirs, ours = flat(standin.asked[0].json()), flat(graph_payloads.message(outbound(**SAYINGS[name])))
    for path, value in theirs.items():
        for pattern, expected, _ in DIFFERENCES:
            if re.fullmatch(pattern, path):
                theirs[path] = expected(value)
    assert {path: value for path, value in theirs.items() if value is not None} == ours


def test_blue_ticks_are_asked_alike(wa: WhatsApp, standin: StandIn, settings: Any) -> None:
    settings.WHATSAPP_API_URL, settings.WHATSAPP_PHONE_NUMBER_ID = f"{standin.url}/v25.0", "106"
    standin.answers["POST /v25.0/106/messages"] = Answer({"success": True})
    wa.mark_message_as_read("wamid.LETTO")
    CloudApi().mark_read("wamid.LETTO")
    theirs, ours = standin.asked
    assert (theirs.method, theirs.path, theirs.json()) == (ours.method, ours.path, ours.json())
