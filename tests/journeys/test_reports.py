"""A report from the first photograph to the rating: real workers, simulated phones, real browsers."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.test_journey import PIAZZA, Desk
from tests.journeys.town import Phone, Town

pytestmark = [
    pytest.mark.system,
    pytest.mark.browser,
    pytest.mark.xdist_group("journeys"),
    pytest.mark.timeout(600),
]

LIST = "/admin/reports/report/"
VOICE = b"OggS\x00\x02" + bytes(22) + b"OpusHead\x01\x01" + bytes(400)


def new_phone(town: Town, name: str, number: str) -> Phone:
    """A citizen of this test alone."""
    return Phone(town, town.control("phones", name=name, number=number)["id"])


def voice(phone: Phone) -> None:
    """A voice note recorded in the app."""
    url = f"{phone.town.simulator}/control/phones/{phone.id}/send"
    requests.post(url, files={"file": ("nota.ogg", VOICE, "audio/ogg")}, timeout=10).raise_for_status()


def choose(phone: Phone, bubble: dict[str, Any], row: str) -> None:
    """Tap a row of a list we sent."""
    rows = [one for button in bubble["buttons"] for part in button["sections"] for one in part["rows"]]
    [found] = [one for one in rows if row in one["title"]]
    phone.send(type="list_reply", message=bubble["id"], id=found["id"], title=found["title"])


def row_of(page: Page, words: str) -> Locator:
    return page.locator("#result_list tbody tr").filter(has_text=words)


def act(page: Page, title: str, button: str) -> None:
    """Open an act of the case's page and do it with the words that are there."""
    details = page.locator("details.rp-act").filter(has=page.get_by_text(title, exact=True).first)
    if details.get_attribute("open") is None:
        details.locator("summary").first.click()
    details.get_by_role("button", name=button, exact=True).click()


def test_photo_voice_text_and_place_become_a_case_that_is_closed_rated_and_reopened(
    town: Town, browser: Browser, shots: Path | None, picture: bytes
) -> None:
    phone, desk = new_phone(town, "Rosa Bellomo", "+393401113301"), Desk(browser, town, "segreteria", shots)
    page = desk.page
    desk.open(LIST)  # and is never loaded again: what comes is shown by itself
    phone.photograph(picture)
    voice(phone)
    phone.send(type="text", text="Il muretto della villa comunale si è spaccato")
    phone.send(type="location", **PIAZZA)
    row = row_of(page, "muretto della villa")
    expect(row).to_have_count(1)
    expect(row.locator("img")).to_be_visible()
    desk.look("report-list")
    receipt = phone.wait_for("Abbiamo ricevuto la segnalazione")
    number = re.findall(r"\d{4}-\d{4}", receipt["text"])[0]
    link = re.findall(r"http\S+/segnalazioni/\S+", receipt["text"])[0]

    row.get_by_role("link", name=number, exact=True).click()
    expect(page.locator("audio")).to_have_count(1)
    page.get_by_alt_text("Foto inviata: apri più grande").click()
    expect(page.get_by_alt_text("Foto ingrandita")).to_be_visible()
    page.get_by_role("button", name="Chiudi", exact=True).click()
    act(page, "Prendi in carico", "Prendi in carico")
    phone.wait_for("presa in carico")
    page.locator("#answer-text").fill("È pericoloso passarci sotto?")
    page.get_by_role("button", name="Invia la risposta").click()
    phone.wait_for("pericoloso passarci")
    phone.send(type="text", text="No, ma i bambini ci giocano")
    expect(page.locator(".rp-chat")).to_contain_text("i bambini ci giocano")  # by itself, too

    desk.open(page.url.removeprefix(town.site))
    page.get_by_text("Passa a un altro ufficio").click()
    page.locator("#ufficio").select_option(label="Polizia municipale")
    page.get_by_role("button", name="Prepara il messaggio").click()
    page.get_by_role("button", name="Passa", exact=True).click()
    phone.wait_for("se ne occupa Polizia municipale")
    act(page, "Chiudi: risolta", "Chiudi come risolta")
    desk.look("report-closed")

    choose(phone, phone.wait_for("risulta risolta"), "Buono")
    phone.wait_for("il tuo voto ci aiuta")
    citizen = browser.new_page(viewport={"width": 390, "height": 844}, locale="it-IT")
    citizen.goto(link)
    expect(citizen.get_by_label("4 – Buono")).to_be_checked()
    citizen.get_by_role("button", name="Non è risolto: riapri").click()
    expect(citizen.get_by_text("riaperta", exact=True)).to_be_visible()
    if shots:
        citizen.screenshot(path=shots / "report-citizen.png", full_page=True)
    phone.wait_for("l'abbiamo riaperta")
    desk.open(LIST)
    expect(row_of(page, number)).to_contain_text("riaperta")
    citizen.close()
    page.context.close()


def tab_to(page: Page, reached: Callable[[str], bool], *, backwards: bool = False) -> None:
    """Press the tab key until what has the focus is what was looked for."""
    for _ in range(400):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if reached(page.evaluate("document.activeElement.textContent.trim()")):
            return
    raise AssertionError("the tab key never reaches it")


def test_a_report_is_dealt_with_by_keyboard_alone(town: Town, browser: Browser, shots: Path | None) -> None:
    phone, desk = new_phone(town, "Piero Messina", "+393401113302"), Desk(browser, town, "segreteria", shots)
    page, keys = desk.page, desk.page.keyboard
    desk.open(LIST)
    phone.send(type="text", text="Lampione spento in via Dante 12, davanti alla merceria")
    row = row_of(page, "davanti alla merceria")
    expect(row).to_have_count(1)
    number = row.locator(".rp-number").inner_text()
    tab_to(page, lambda text: text == number)
    keys.press("Enter")
    expect(page.get_by_role("heading", name=f"Segnalazione n. {number}")).to_be_visible()
    page.wait_for_load_state()  # its script listens now
    keys.press("p")
    expect(page.locator("#take-text")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    phone.wait_for("presa in carico")
    expect(page.get_by_text("Segnalazione presa in carico.")).to_be_visible()
    page.wait_for_load_state()
    keys.press("r")
    expect(page.locator("#answer-text")).to_be_focused()
    keys.type("Domani passa l'elettricista.")
    tab_to(page, lambda text: text == "Invia la risposta")
    keys.press("Enter")
    phone.wait_for("passa l'elettricista")
    expect(page.get_by_text("Risposta registrata.")).to_be_visible()  # the page has come back
    page.wait_for_load_state()
    keys.press("n")
    expect(page.locator("#note-note")).to_be_focused()
    keys.type("Sentito l'elettricista")
    tab_to(page, lambda text: text == "Aggiungi la nota")
    keys.press("Enter")
    expect(page.get_by_text("Nota aggiunta.")).to_be_visible()
    tab_to(page, lambda text: text == "Chiudi: risolta")
    keys.press("Enter")
    tab_to(page, lambda text: text == "Chiudi come risolta")
    keys.press("Enter")
    phone.wait_for("risulta risolta")
    expect(page.get_by_text("Segnalazione chiusa")).to_be_visible()  # the page has come back
    page.wait_for_load_state()
    desk.look("report-keyboard")
    page.context.close()


def test_a_danger_calls_who_is_on_duty_and_their_tap_takes_it(
    town: Town, browser: Browser, shots: Path | None
) -> None:
    desk = Desk(browser, town, "segreteria", shots)
    duty = new_phone(town, "Di Turno", "+393401113303")
    phone = new_phone(town, "Ada Greco", "+393401113304")
    duty.send(type="text", text="Prova del telefono di turno")
    duty.wait_for("segnalazione")
    [(contact,)] = town.sql("select contact_id from whatsapp_message where inbound order by id desc limit 1")
    town.sql(
        "insert into whatsapp_staffphone (user_id, contact_id, on_duty)"
        " select id, %s, true from auth_user where username = 'segreteria'",
        contact,
    )
    desk.open(LIST)
    phone.send(type="text", text="Aiuto c'è un forte odore di gas nel palazzo di via Cavour 3")
    phone.wait_for("112")
    expect(row_of(desk.page, "odore di gas")).to_contain_text("pericolo")
    called = duty.wait_for("segnalazione di pericolo")
    [button] = [one for one in called["buttons"] if one["kind"] == "button_reply"]
    duty.send(type="button_reply", message=called["id"], id=button["id"], title=button["text"])
    duty.wait_for("è in carico a te")
    phone.wait_for("presa in carico")
    expect(row_of(desk.page, "odore di gas")).to_contain_text("presa in carico")
    desk.page.context.close()
