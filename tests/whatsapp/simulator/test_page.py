"""The phones in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import fits

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, box: Any, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = getattr(request, "param", (1440, 900))
    context = browser.new_context(viewport={"width": width, "height": height}, locale="it-IT")
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.extend([message.text] * (message.type == "error")))
    page.goto(box.address)
    expect(page.locator(".phone")).to_have_count(4)
    yield page
    context.close()
    assert problems == []


def test_joining_and_seeing_the_ticks(page: Page, box: Any) -> None:
    maria = page.get_by_label("Telefono di Maria Rossi")
    maria.get_by_role("button", name="ISCRIZIONE ON").click()
    expect(maria.get_by_role("img", name="consegnato")).to_be_visible()
    expect(maria.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    sent = box.project.values("messages")[0]["id"]
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": sent}
    box.graph("POST", "106540352242922/messages", json=read)
    expect(maria.get_by_role("img", name="letto")).to_be_visible()


def test_writing_with_the_keyboard(page: Page, box: Any, wait: Any) -> None:
    field = page.get_by_role("textbox", name="Messaggio di Giuseppe Bianchi")
    field.fill("C'è una buca <b>enorme</b>")
    field.press("Enter")
    expect(page.locator(".bubble", has_text="C'è una buca <b>enorme</b>")).to_be_visible()
    expect(field).to_have_value("")
    wait(lambda: box.project.values("messages"))


def test_an_open_chat_is_read_and_a_closed_one_is_not(page: Page, box: Any, wait: Any) -> None:
    box.control("settings", read_automatically=False)
    maria = page.get_by_label("Telefono di Maria Rossi")
    box.ended(box.template("*Via Roma* chiusa").json()["messages"][0]["id"])
    expect(maria.locator("strong", has_text="Via Roma").last).to_be_visible()
    maria.get_by_role("button", name="Chiudi la chat").click()
    sent = box.template("Altro").json()["messages"][0]["id"]
    expect(maria.locator(".badge")).to_have_text("1")
    assert "read" not in [one["status"] for one in box.project.statuses(sent)]
    maria.get_by_role("button", name="WhatsURP").click()
    box.ended(sent)


def test_tapping_a_list(page: Page, box: Any, wait: Any) -> None:
    box.write("Ciao")
    sections = [{"rows": [{"id": "buche", "title": "Buche"}, {"id": "luci", "title": "Luci"}]}]
    action = {"button": "Categorie", "sections": sections}
    box.post(
        type="interactive", interactive={"type": "list", "body": {"text": "Che cosa?"}, "action": action}
    )
    page.get_by_role("button", name="Categorie").click()
    page.get_by_role("button", name="Luci").click()
    wait(lambda: len(box.project.values("messages")) == 2)
    reply = box.project.values("messages")[1]["interactive"]
    assert reply == {"type": "list_reply", "list_reply": {"id": "luci", "title": "Luci"}}


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_a_place_and_a_file_from_a_narrow_screen(page: Page, box: Any, wait: Any) -> None:
    page.get_by_role("tab", name="Nonna Concetta").click()
    phone = page.get_by_label("Telefono di Nonna Concetta")
    phone.get_by_role("button", name="Allega").click()
    phone.get_by_role("menuitem", name="Posizione").click()
    page.get_by_role("dialog").get_by_role("button", name="Invia").click()
    expect(phone.get_by_text("37.65350, 14.63960")).to_be_visible()
    phone.get_by_role("button", name="Allega").click()
    with page.expect_file_chooser() as chooser:
        phone.get_by_role("menuitem", name="Documento").click()
    chooser.value.set_files({"name": "modulo.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"})
    page.get_by_role("dialog").get_by_role("button", name="Invia").click()
    expect(phone.get_by_text("modulo.pdf")).to_be_visible()
    wait(lambda: [one["type"] for one in box.project.values("messages")] == ["location", "document"])
    assert fits(page)


def test_settings_from_the_drawer(page: Page, box: Any) -> None:
    page.get_by_role("button", name="Guasti e prove").click()
    page.get_by_label("Risposte perse (%)").fill("10")
    page.get_by_label("Leggi da solo").uncheck()
    page.get_by_role("button", name="Applica").click()
    expect(page.locator("#faults")).to_be_hidden()
    settings = box.state()["settings"]
    assert (settings["lose_answer_rate"], settings["read_automatically"]) == (0.1, False)


def test_the_menu_of_a_message(page: Page, box: Any, wait: Any) -> None:
    box.write("Buca in via Rma")
    maria = page.get_by_label("Telefono di Maria Rossi")
    log = maria.get_by_role("log")
    log.get_by_text("Buca in via Rma").click(button="right")
    maria.get_by_role("menuitem", name="Modifica").click()
    field = maria.get_by_role("textbox")
    expect(field).to_have_value("Buca in via Rma")
    field.fill("Buca in via Roma")
    field.press("Enter")
    expect(log.get_by_text("Modificato")).to_be_visible()
    maria.get_by_role("button", name="Azioni sul messaggio").click()
    maria.get_by_role("menuitem", name="Elimina per tutti").click()
    expect(log.get_by_text("Hai eliminato questo messaggio")).to_be_visible()
    wait(lambda: [one["type"] for one in box.project.values("messages")] == ["text", "edit", "revoke"])


@pytest.mark.parametrize("page", [(390, 844)], indirect=True)
def test_the_menu_of_a_phone(page: Page, box: Any, wait: Any) -> None:
    maria = page.get_by_label("Telefono di Maria Rossi")
    maria.get_by_role("button", name="Altro").click()
    maria.get_by_role("menuitem", name="Nascondi il numero").click()
    expect(maria.locator(".number")).to_contain_text("Nascosto")
    page.once("dialog", lambda dialog: dialog.accept("+39 340 1112288"))
    maria.get_by_role("button", name="Altro").click()
    maria.get_by_role("menuitem", name="Cambia numero").click()
    expect(maria.locator(".number")).to_have_text("+39 340 1112288")
    maria.get_by_role("button", name="Altro").click()
    maria.get_by_role("menuitem", name="Ferma le promozioni").click()
    wait(lambda: box.project.values("user_preferences", field="user_preferences"))


def test_news_from_the_drawer(page: Page, box: Any) -> None:
    page.get_by_role("button", name="Guasti e prove").click()
    page.get_by_label("Che cosa succede").select_option(label="Modello in pausa")
    page.get_by_role("button", name="Manda la notizia").click()
    expect(page.get_by_text("Notizia mandata.")).to_be_visible()
    assert [one["status"] for one in box.state()["templates"]] == ["PAUSED"]
