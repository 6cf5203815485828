"""Two people, each in a real browser under the strict policy: from the first word to the correction.

What one clicks is counted: an alert at night must not be a matter of menus.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from broadcasts import approval, progress, sending
from broadcasts.models import Broadcast
from tests.chromium import fits
from tests.conftest import Visit
from tests.factories.broadcasts import BroadcastFactory, SubscribedContactFactory, UserFactory, category
from whatsapp.models import Message, Template
from whatsapp.types import State as MessageState

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
WRITES = ["view_broadcast", "add_broadcast", "change_broadcast", "send_broadcast", "stop_broadcast"]
APPROVES = [*WRITES, "approve_broadcast", "emergency_broadcast"]
Enter = Callable[[str, list[str]], "Hand"]


class Hand:
    """A person at a browser; every press of the mouse's button is counted."""

    def __init__(self, page: Page, user: User) -> None:
        self.page, self.user, self.clicks = page, user, 0

    def go_home(self) -> None:
        self.page.goto("/admin/")
        self.clicks = 0

    def click(self, name: str, role: Any = "button") -> None:
        self.clicks += 1
        self.page.get_by_role(role, name=name, exact=True).click()

    def choose_category(self, name: str) -> None:
        self.clicks += 1
        self.page.get_by_label("Categoria").select_option(label=name)

    def write(self, title: str, text: str) -> None:
        self.page.get_by_label("Titolo").fill(title)
        self.page.locator("#id_text").fill(text)

    def type_number(self, number: str) -> None:
        self.clicks += 1
        field = self.page.get_by_label("Scrivi il numero di persone")
        field.click()
        field.fill(number)

    def sees(self, state: str) -> None:
        expect(self.page.locator("[data-state]")).to_have_text(state)
        assert fits(self.page)

    def reads(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()
        assert fits(self.page)


@pytest.fixture
def enter(visit: Visit, size: tuple[int, int]) -> Enter:
    """Lets a person log in, with these rights."""
    Template.objects.update(status=Template.Status.APPROVED)
    SubscribedContactFactory.create_batch(3)

    def log_in(name: str, rights: list[str]) -> Hand:
        user = UserFactory(can=rights, first_name=name, username=name.lower())
        return Hand(visit(user, size), user)

    return log_in


def time_passes() -> None:
    Broadcast.objects.filter(leaves_at__isnull=False).update(leaves_at=timezone.now())
    sending.leave_due()


def test_written_returned_corrected_approved_undone_sent_and_corrected(enter: Enter) -> None:
    author, approver = enter("Serena", WRITES), enter("Rosario", APPROVES)

    # Four clicks beside the text.
    author.go_home()
    author.click("Scrivi un avviso", "link")
    author.choose_category("Allerta meteo")
    author.write("Allerta arancione", "Forti temporali dalle 14.")
    author.click("Controlla…")
    author.reads("Chiedi l'approvazione")
    author.click("Chiedi l'approvazione")
    author.sees("da approvare")
    assert author.clicks <= 4

    approver.go_home()
    approver.click("Allerta arancione", "link")
    approver.page.get_by_label("Che cosa va corretto").fill("Fino a che ora?")
    approver.click("Restituisci con un motivo")
    approver.reads("L'avviso è tornato a chi lo ha scritto")

    author.reads("Da correggere: Fino a che ora?")  # the page goes on by itself
    author.go_home()
    author.reads("«Fino a che ora?»")
    author.click("Allerta arancione", "link")
    author.page.locator("#id_text").fill("Forti temporali dalle 14 alle 20.")
    author.click("Controlla…")
    author.click("Chiedi l'approvazione")
    author.sees("da approvare")

    # Three clicks: the card, the field for the number, the button.
    approver.go_home()
    approver.click("Allerta arancione", "link")
    expect(approver.page.locator("ins").first).to_have_text("14 alle 20.")
    approver.type_number("3")
    approver.click("Approva e invia")
    approver.sees("in partenza")
    assert approver.clicks <= 3
    approver.click("Annulla l'invio")
    approver.sees("da approvare")
    assert not Message.objects.exists()
    approver.click("Controlla e approva…", "link")
    approver.type_number("4")
    approver.click("Approva e invia")
    approver.reads("Non è il numero di persone")
    approver.type_number("3")
    approver.click("Approva e invia")
    approver.sees("in partenza")
    time_passes()
    approver.sees("in invio")
    author.sees("in invio")

    # Two have it, one has not: the correction is for the two.
    failed = Message.objects.first()
    assert failed
    Message.objects.update(state=MessageState.READ)
    Message.objects.filter(pk=failed.pk).update(state=MessageState.FAILED)
    progress.finish_due()
    author.sees("concluso")
    author.click("Correggi…")
    author.reads("va solo a chi può averlo ricevuto")
    expect(author.page.get_by_text("Arriva a 2 persone.")).to_be_visible()
    author.write("Rettifica: allerta gialla", "L'allerta di oggi è gialla, non arancione.")
    author.click("Controlla…")
    author.reads("2 persone ricevono questo avviso")
    author.click("Chiedi l'approvazione")
    author.sees("da approvare")
    approver.go_home()
    approver.click("Rettifica: allerta gialla", "link")
    approver.type_number("2")
    approver.click("Approva e invia")
    approver.sees("in partenza")
    time_passes()
    approver.sees("in invio")
    correction = Broadcast.objects.get(title="Rettifica: allerta gialla")
    assert Message.objects.filter(content=correction.content).count() == 2
    author.page.goto(f"/avvisi/{correction.follows_id}/")
    expect(author.page.get_by_role("link", name="Rettifica: allerta gialla")).to_be_visible()


def test_alone_in_an_emergency_and_countersigned(enter: Enter) -> None:
    alone, other = enter("Rosario", APPROVES), enter("Andrea", APPROVES)
    alone.go_home()
    alone.click("Scrivi un avviso", "link")
    alone.choose_category("Allerta meteo")
    alone.write("Piena del Salso", "Lasciate subito le case lungo il torrente.")
    alone.click("Controlla…")
    alone.click("Invia da solo (emergenza)…", "link")
    alone.click("Invia da solo")
    alone.reads("Scegli il livello")
    alone.page.get_by_label("rossa").check()
    alone.page.get_by_label("Perché non può aspettare").fill("Il torrente è già fuori.")
    alone.type_number("3")
    alone.click("Invia da solo")
    alone.sees("in partenza")
    time_passes()
    alone.sees("in invio")
    alone.reads("manca la controfirma")
    expect(alone.page.get_by_role("button", name="Ho controllato: controfirmo")).to_have_count(0)
    other.go_home()
    other.reads("Manca la controfirma")
    other.page.get_by_role("link", name="Piena del Salso").first.click()
    other.click("Ho controllato: controfirmo")
    other.reads("Hai controfirmato l'allerta.")
    expect(other.page.get_by_text("manca la controfirma")).to_have_count(0)


class Keys:
    """The keyboard alone: Tab to a thing, then the key that works it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, thing: Locator) -> None:
        expect(thing).to_be_visible()
        for _ in range(150):
            if thing.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"not reached by the keyboard: {thing}")

    def press(self, thing: Locator, *, then: str) -> None:
        """And wait for the page that follows."""
        self.reach(thing)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("heading", name=then).first).to_be_visible()

    def type(self, thing: Locator, text: str) -> None:
        self.reach(thing)
        self.page.keyboard.type(text)


@pytest.mark.parametrize("size", [(1440, 900)], ids=["desk"])
def test_by_keyboard_alone(enter: Enter) -> None:
    author, approver = enter("Serena", WRITES), enter("Rosario", APPROVES)
    page, keys = author.page, Keys(author.page)
    page.goto("/admin/")
    keys.press(page.get_by_role("link", name="Scrivi un avviso", exact=True).first, then="Scrivi un avviso")
    keys.type(page.get_by_label("Categoria"), "Allerta")
    keys.type(page.get_by_label("Titolo"), "Allerta arancione")
    keys.type(page.locator("#id_text"), "Forti temporali dalle 14.")
    keys.press(page.get_by_role("button", name="Controlla…"), then="A chi")
    keys.press(page.get_by_role("button", name="Chiedi l'approvazione", exact=True), then="L'avviso")
    author.sees("da approvare")
    page, keys = approver.page, Keys(approver.page)
    page.goto("/admin/")
    keys.press(page.get_by_role("link", name="Allerta arancione"), then="A chi")
    keys.type(page.get_by_label("Scrivi il numero di persone"), "3")
    keys.press(page.get_by_role("button", name="Approva e invia"), then="L'avviso")
    approver.sees("in partenza")
    keys.press(page.get_by_role("button", name="Annulla l'invio"), then="L'avviso")
    approver.sees("da approvare")


@pytest.mark.parametrize("size", [(390, 844)], ids=["phone"])
def test_a_double_click_and_a_stale_tab(enter: Enter) -> None:
    approver = enter("Rosario", APPROVES)
    notice = BroadcastFactory(approval=True, title="Via Roma chiusa")
    approval.submit(notice, notice.author)
    category("eventi", approval=False)
    approver.go_home()
    approver.click("Via Roma chiusa", "link")
    stale = approver.page.context.new_page()
    stale.goto(approver.page.url)
    approver.type_number("3")
    approver.page.get_by_role("button", name="Approva e invia").dblclick()
    approver.sees("in partenza")
    stale.get_by_label("Scrivi il numero di persone").fill("3")
    stale.get_by_role("button", name="Approva e invia").click()
    expect(stale.get_by_text("L'avviso è già in partenza")).to_be_visible()
    time_passes()
    assert Message.objects.count() == 3
    assert notice.versions.filter(event="approve").count() == 1
