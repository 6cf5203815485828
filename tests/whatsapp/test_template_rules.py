"""What WhatsApp would refuse is told before it is asked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp import template_rules, templates
from whatsapp.models import Template

BODY = "Avviso del Comune\n\n*{{1}}*\n\n{{2}}\n\nTesto completo nella pagina dell'avviso."
URL = {"type": "url", "text": "Leggi", "url": "{site_url}/avvisi/{{1}}"}
OFF = {"type": "quick_reply", "text": "ISCRIZIONE OFF", "payload": "ISCRIZIONE OFF"}


def draft(**changes: Any) -> Template:
    wanted: dict[str, Any] = {"name": "avviso_prova", "body": BODY, "examples": ["Uno", "Due"]}
    return Template(**(wanted | {"buttons": [URL, OFF]} | changes))


def test_a_sound_template_has_no_problem() -> None:
    assert template_rules.problems(draft()) == {}
    assert template_rules.problems(draft(ttl_seconds=43_200), urgent=True) == {}


@pytest.mark.parametrize(
    ("field", "changes", "said"),
    [
        ("name", {"name": "Avviso"}, "minuscole"),
        ("name", {"name": "avviso_viabilità"}, "senza accento"),
        ("name", {"name": "a" * 513}, "minuscole"),
        ("body", {"body": " ", "examples": []}, "vuoto"),
        ("body", {"body": "a" * 1025, "examples": []}, "di 1 caratteri"),
        ("body", {"body": "{{1}} e poi {{2}} con tante altre parole qui"}, "all'inizio"),
        ("body", {"body": "*{{1}}* e poi {{2}} con tante altre parole qui"}, "all'inizio"),
        ("body", {"body": "Tante altre parole qui {{1}} e poi {{2}}."}, "alla fine"),
        ("body", {"body": "Tante altre parole qui {{1}} {{2}} e poi ancora"}, "attaccate"),
        ("body", {"body": "Tante altre parole qui {{1}} e {{3}} e poi"}, "senza salti"),
        ("body", {"body": "Avviso {{1}} e {{2}} ciao"}, "almeno 5 parole"),
        ("body", {"body": "Avviso del Comune {{titolo}} con altro", "examples": []}, "si scrivono"),
        ("examples", {"examples": ["Uno"]}, "2, non 1"),
        ("examples", {"examples": ["Uno", " "]}, "vuoto"),
        ("header_text", {"header": "text"}, "Scrivi il titolo"),
        ("header_text", {"header": "text", "header_text": "x" * 61}, "di 1 caratteri"),
        ("header_text", {"header": "text", "header_text": "Avviso {{1}}"}, "sempre lo stesso"),
        ("footer", {"footer": "x" * 61}, "di 1 caratteri"),
        ("footer", {"footer": "uno\ndue"}, "una riga"),
        ("buttons", {"buttons": [OFF] * 11}, "10 pulsanti"),
        ("buttons", {"buttons": [OFF | {"text": "x" * 26}]}, "25 caratteri"),
        ("buttons", {"buttons": [OFF | {"text": "Ciao {{1}}"}]}, "variabili"),
        ("buttons", {"buttons": [OFF, URL, OFF]}, "tutte insieme"),
        ("buttons", {"buttons": [URL] * 3}, "2 pulsanti"),
        ("buttons", {"buttons": [URL | {"url": "https://x.it/{{1}}/a"}]}, "solo la fine"),
        ("buttons", {"buttons": [URL | {"url": ""}]}, "manca"),
        ("ttl_seconds", {"ttl_seconds": 29}, "Da 30"),
        ("ttl_seconds", {"ttl_seconds": 43_201}, "Da 30"),
        ("ttl_seconds", {"ttl_seconds": 60, "category": "marketing"}, "lasciala vuota"),
    ],
)
def test_each_rule_tells_what_is_wrong_where_it_is(field: str, changes: dict[str, Any], said: str) -> None:
    found = template_rules.problems(draft(**changes))
    assert list(found) == [field], found
    assert said in " ".join(found[field])


def test_a_template_for_alerts_says_for_how_long_it_matters() -> None:
    assert "allerte" in template_rules.problems(draft(), urgent=True)["ttl_seconds"][0]


@given(st.text(), st.text(), st.lists(st.text(), max_size=3), st.integers() | st.none())
def test_nothing_typed_breaks_the_rules(name: str, body: str, examples: list[str], ttl: int | None) -> None:
    template_rules.problems(draft(name=name, body=body, examples=examples, ttl_seconds=ttl))


@given(st.text())
def test_a_clean_parameter_is_one_line_of_visible_text(text: str) -> None:
    cleaned = templates.clean_parameter(text)
    assert templates.clean_parameter(cleaned) == cleaned
    assert cleaned == " ".join(cleaned.split())
    cleaned.encode()  # no half character


def test_what_is_pasted_along_is_left_out_and_emoji_stay_whole() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    pasted = f"\ufeffVia\u200b Roma\u00a0\u00a0\u00a0 \u202echiusa\x07 \u2060{family}\r\n\tdomani\x00"
    assert templates.clean_parameter(pasted) == f"Via Roma chiusa {family} domani"
