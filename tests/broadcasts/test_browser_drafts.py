"""Drafts that save themselves, ready texts, files and money in a real browser."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Page, Route, expect

from broadcasts.models import Broadcast, Budget, Price
from broadcasts.types import State
from tests.broadcasts import test_browser
from tests.broadcasts.test_bad_input import PDF
from tests.chromium import fits
from tests.factories.broadcasts import BroadcastFactory, UserFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
page = test_browser.page  # the Segreteria's browser, at two widths
LIST = "/admin/broadcasts/broadcast/"


def saved(page: Page) -> Broadcast:
    """The draft, once the page says that what was typed is safe."""
    expect(page.locator("[data-saved]")).to_contain_text("Salvata alle")
    return Broadcast.objects.get()


def test_a_ready_text_is_filled_saves_itself_and_stays(page: Page) -> None:
    page.goto(f"{LIST}add/")
    page.get_by_label("Parti da un avviso già pronto").select_option(label="Strada chiusa")
    page.get_by_role("button", name="Usa questo testo").click()
    expect(page.get_by_role("textbox", name="Via", exact=True)).to_be_focused()
    page.get_by_role("textbox", name="Via", exact=True).fill("via Roma")
    page.get_by_role("textbox", name="Giorno", exact=True).fill("mercoledì")
    expect(page.locator("#id_title")).to_have_value("Via Roma chiusa mercoledì")
    expect(page.locator("[data-problem]")).to_contain_text("Manca ancora: {dalle ore}")
    for name in ("Dalle ore", "Alle ore", "Motivo", "Percorso"):
        page.get_by_role("textbox", name=name, exact=True).fill("8")
    expect(page.locator("[data-problem]")).to_be_hidden()
    notice = saved(page)
    assert notice.title == "Via Roma chiusa mercoledì"
    expect(page).to_have_url(f"{page.url.split('/admin/')[0]}{LIST}{notice.pk}/change/")
    page.reload()
    expect(page.locator("#id_title")).to_have_value("Via Roma chiusa mercoledì")
    expect(page.locator("[data-offer]")).to_be_hidden()
    page.locator("#id_title").fill("Via Roma riaperta")
    page.get_by_role("button", name="Controlla").click()  # at once: it is saved first
    expect(page.get_by_role("button", name="Invia a 3 persone")).to_be_visible()
    expect(page.get_by_text("Via Roma riaperta").first).to_be_visible()
    assert Broadcast.objects.count() == 1
    assert fits(page)


def test_what_is_typed_while_a_save_is_under_way_is_not_called_saved(page: Page) -> None:
    page.goto(f"{LIST}{BroadcastFactory(text='Testo di prima.').pk}/change/")
    saves: list[Route] = []
    page.route(f"**{LIST}salva/", lambda route: saves.append(route))
    state = page.locator("[data-saved]")
    with page.expect_request(f"**{LIST}salva/"):
        page.locator("#id_text").fill("La prima metà")
        expect(state).to_be_empty()
    page.locator("#id_text").fill("La prima metà e la seconda.")
    with page.expect_request(f"**{LIST}salva/"), page.expect_response(f"**{LIST}salva/"):
        saves[0].continue_()
    expect(state).to_be_empty()
    assert Broadcast.objects.get().text == "La prima metà"
    saves[1].continue_()
    assert saved(page).text == "La prima metà e la seconda."
    page.reload()
    expect(page.locator("[data-offer]")).to_be_hidden()


def test_two_people_on_one_draft_lose_nothing(page: Page) -> None:
    notice = BroadcastFactory(title="Acqua", text="Testo di prima.")
    page.goto(f"{LIST}{notice.pk}/change/")
    page.locator("#id_text").fill("Il mio testo.")
    saved(page)
    colleague = Client()
    colleague.force_login(UserFactory(is_superuser=True, first_name="Serena", last_name="Vitale"))
    typed = {"category": notice.category_id, "title": "Acqua", "text": "Il testo di Serena."}
    typed |= {"draft": notice.key, "seen": Broadcast.objects.get().revision, "attachment": "none"}
    assert colleague.post(f"{LIST}salva/", typed).status_code == 200
    page.locator("#id_text").fill("Il mio testo, ancora.")
    panel = page.get_by_role("alert")
    expect(panel).to_contain_text("cambiata da Serena Vitale alle")
    expect(panel).to_contain_text("Il testo di Serena.")
    expect(page.locator("#id_text")).to_have_value("Il mio testo, ancora.")
    page.get_by_role("button", name="Salva la bozza").click()  # saves over nothing: the page says the same
    expect(page.get_by_role("alert")).to_contain_text("Il testo di Serena.")
    expect(page.locator("#id_text")).to_have_value("Il mio testo, ancora.")
    assert Broadcast.objects.get().text == "Il testo di Serena."
    page.get_by_role("button", name="Tieni il mio").click()
    expect(page.locator("[data-conflict]")).to_be_empty()
    assert saved(page).text == "Il mio testo, ancora."
    page.reload()
    expect(page.locator("#id_text")).to_have_value("Il mio testo, ancora.")


def test_over_the_budget_one_has_to_say_so(page: Page) -> None:
    Price.objects.all().delete()
    Price.objects.create(day=date(2020, 1, 1), kind="utility", euro="0.10")
    Budget.objects.create(month=date(2020, 1, 1), euro="0.25")
    notice = BroadcastFactory()
    page.goto(f"{LIST}{notice.pk}/invia/")
    expect(page.get_by_text("Supera di 0,05 €")).to_be_visible()
    page.get_by_role("button", name="Invia a 3 persone").click()
    assert Broadcast.objects.get().state == State.DRAFT  # the browser asks for the tick
    page.get_by_label("So che supera la spesa prevista").first.check()
    assert fits(page)
    page.get_by_role("button", name="Invia a 3 persone").click()
    expect(page.locator("[data-state]")).to_have_text("in partenza")


def test_a_file_is_refused_or_told_at_once(page: Page, tmp_path: Path, picture: bytes) -> None:
    page.goto(f"{LIST}add/")
    page.get_by_label("Categoria").select_option(label="Viabilità")
    page.locator("#id_title").fill("Via Roma chiusa")
    page.get_by_label("Un'immagine, un video o un PDF").check()
    clip = tmp_path / "film.mp4"
    with clip.open("wb") as file:
        file.truncate(200 * 1024 * 1024)  # holes: it takes no room
    page.locator("#id_upload").set_input_files(clip)
    note = page.locator("[data-file-note]")
    expect(note).to_contain_text("«film.mp4» è di 200,0 MB, il massimo è 16,0 MB")
    odd: Any = {"name": "scansione.jpg", "mimeType": "image/jpeg", "buffer": PDF}
    page.locator("#id_upload").set_input_files(odd)
    expect(note).to_contain_text("in realtà è un PDF")
    expect(page.get_by_label("Come si vede su WhatsApp")).to_contain_text("scansione.pdf")
    bad: Any = {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
    page.locator("#id_upload").set_input_files(bad)
    expect(note).to_contain_text("non si può inviare")
    good: Any = {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": picture}
    page.locator("#id_upload").set_input_files(good)
    expect(page.get_by_alt_text("L'immagine scelta")).to_be_visible()
    page.locator("#id_text").fill("Dalle 8 alle 14.")
    page.get_by_role("button", name="Salva la bozza").click()
    expect(page.get_by_text("è salva")).to_be_visible()
    notice = Broadcast.objects.get()
    assert (notice.header, notice.text) == ("image", "Dalle 8 alle 14.")


def test_a_session_that_ends_gives_the_text_back(page: Page) -> None:
    notice = BroadcastFactory()
    page.goto(f"{LIST}{notice.pk}/change/")
    Session.objects.all().delete()
    user = User.objects.get(is_superuser=True)
    user.set_password("una-frase-lunga")
    user.save()
    page.locator("#id_text").fill("Scritto dopo la fine della sessione.")
    page.get_by_role("button", name="Salva la bozza").click()
    expect(page.get_by_role("alert")).to_contain_text("La sessione è finita")
    page.get_by_role("link", name="Accedi di nuovo").click()
    page.locator("#id_username").fill(user.username)
    page.locator("#id_password").fill("una-frase-lunga")
    page.locator("[type=submit]").click()
    expect(page.locator("[data-offer]")).to_contain_text("non è stato salvato")
    page.get_by_role("button", name="Riprendi il mio testo").click()
    expect(page.locator("#id_text")).to_have_value("Scritto dopo la fine della sessione.")
    expect(page.locator("[data-saved]")).to_contain_text("Salvata alle")
    assert Broadcast.objects.get().text == "Scritto dopo la fine della sessione."
