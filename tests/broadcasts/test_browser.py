"""Writing, sending and following a notice in a real browser, under the site's strict policy."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from broadcasts import progress, sending
from broadcasts.models import Broadcast, Category
from tests.chromium import fits
from tests.conftest import Visit
from tests.factories.broadcasts import SubscribedContactFactory, UserFactory
from whatsapp.models import Message, Template
from whatsapp.types import State

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


@pytest.fixture
def page(visit: Visit, size: tuple[int, int]) -> Page:
    """The Segreteria's browser, logged in; one person is enough."""
    Template.objects.update(status=Template.Status.APPROVED)
    Category.objects.update(approval=False)
    SubscribedContactFactory.create_batch(3)
    return visit(UserFactory(is_superuser=True), size)


def test_from_the_first_word_to_the_last_receipt(page: Page, picture: bytes) -> None:
    page.goto("/admin/broadcasts/broadcast/add/")
    page.get_by_label("Categoria").select_option(label="Viabilità")
    page.get_by_label("Titolo").fill("Via Roma <b>chiusa</b>")
    page.get_by_label("Testo", exact=False).first.fill("Dalle 8 alle 14.")
    phone = page.get_by_label("Come si vede su WhatsApp")
    expect(phone.locator("strong", has_text="Via Roma <b>chiusa</b>")).to_be_visible()
    expect(page.get_by_text("Arriva a 3 persone.")).to_be_visible()
    expect(page.locator("[data-room]")).to_contain_text("Restano")

    expect(page.locator("#id_upload")).to_be_hidden()
    page.get_by_label("Un'immagine, un video o un PDF").check()
    upload: Any = {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": picture}
    page.locator("#id_upload").set_input_files(upload)
    expect(phone.get_by_alt_text("L'immagine scelta")).to_be_visible()

    page.get_by_role("button", name="Controlla…").click()
    expect(page.get_by_alt_text("Immagine dell'avviso")).to_be_visible()
    page.get_by_role("button", name="Invia a 3 persone").click()
    expect(page.locator("[data-state]")).to_have_text("in partenza")
    expect(page.get_by_role("button", name="Annulla l'invio")).to_be_visible()
    before = int(page.locator("[data-countdown]").inner_text())
    expect(page.locator("[data-countdown]")).not_to_have_text(str(before))
    assert fits(page)
    page.get_by_role("button", name="Annulla l'invio").click()
    page.get_by_role("button", name="Controlla…").click()
    page.get_by_role("button", name="Invia a 3 persone").click()
    expect(page.locator("[data-state]")).to_have_text("in partenza")
    Broadcast.objects.update(leaves_at=timezone.now())
    sending.leave_due()
    expect(page.locator("[data-count=queued]")).to_have_text("3")  # the page goes on by itself
    assert fits(page)

    Message.objects.update(state=State.READ)
    expect(page.locator("[data-count=read]")).to_have_text("3")
    expect(page.get_by_role("link", name="Ferma l'invio")).to_be_visible()
    page.get_by_role("button", name="Metti in pausa").click()
    page.get_by_role("button", name="Riprendi l'invio").click()
    expect(page.locator("[data-state]")).to_have_text("in invio")
    progress.finish_due()
    expect(page.locator("[data-state]")).to_have_text("concluso")
    expect(page.get_by_role("link", name="Ferma l'invio")).to_be_hidden()
    assert Broadcast.objects.get().totals == {"read": 3}
