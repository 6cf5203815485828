"""One journey through the whole service, in a real browser, with real workers and the simulated WhatsApp."""

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.journeys.town import PASSWORD, Phone, Town

pytestmark = [
    pytest.mark.system,
    pytest.mark.browser,
    pytest.mark.xdist_group("journeys"),
    pytest.mark.timeout(600),
]

MARIA, CONCETTA = "t1", "t3"
PIAZZA = {"latitude": 37.6535, "longitude": 14.6396}
# Whatever the Content-Security-Policy had to stop is a mistake of ours.
WATCH_POLICY = """
window.violations = [];
document.addEventListener("securitypolicyviolation", e => window.violations.push(e.violatedDirective));
"""


class Desk:
    """A member of the staff at the back office."""

    def __init__(self, browser: Browser, town: Town, user: str, shots: Path | None) -> None:
        self.town, self.shots = town, shots
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="it-IT")
        context.add_init_script(WATCH_POLICY)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.open("/admin/")
        self.page.fill("#id_username", user)
        self.page.fill("#id_password", PASSWORD)
        self.page.click("[type=submit]")
        expect(self.page.get_by_role("heading", name="Che cosa c'è da fare")).to_be_visible()

    def open(self, path: str) -> None:
        """A notice's page loads itself anew when the notice ends, which may cut our request off: again."""
        try:
            self.page.goto(f"{self.town.site}{path}")
        except Error:
            self.page.goto(f"{self.town.site}{path}")

    def look(self, name: str) -> None:
        assert self.page.evaluate("window.violations") == []
        if self.shots:
            self.page.screenshot(path=self.shots / f"{name}.png", full_page=True)

    def send_notice(self, category: str, title: str, text: str, picture: Path | None = None) -> None:
        self.open("/admin/broadcasts/broadcast/add/")
        self.page.get_by_label("Categoria").select_option(label=category)
        self.page.get_by_label("Titolo").fill(title)
        self.page.locator("#id_text").fill(text)
        if picture:
            self.page.get_by_label("Un'immagine, un video o un PDF").check()
            self.page.set_input_files("#id_upload", picture)
        self.page.get_by_role("button", name="Controlla…").click()
        self.page.wait_for_url("**/invia/")  # the draft is saved first
        self.look(f"notice-check-{category}")
        self.page.get_by_role("button", name="Chiedi l'approvazione", exact=True).click()
        expect(self.page.locator("[data-state]")).to_have_text("da approvare")

    def approve(self, title: str) -> None:
        self.open("/admin/")
        self.page.get_by_role("link", name=title).click()
        people = self.page.locator(".bc-figure strong").inner_text()
        self.page.get_by_label("Scrivi il numero di persone").fill(people)
        self.look("notice-approve")
        self.page.get_by_role("button", name="Approva e invia").click()
        expect(self.page.get_by_role("heading", name=title)).to_be_visible()

    def wait_for_read(self, people: int) -> None:
        """The counters grow by themselves: the page is never loaded again."""
        row = self.page.get_by_role("row").filter(has=self.page.get_by_text("letto", exact=True))
        expect(row).to_contain_text(str(people), timeout=40_000)


def test_from_subscription_to_the_auditors_file(
    town: Town, browser: Browser, shots: Path | None, picture: bytes, tmp_path: Path
) -> None:
    maria, concetta = Phone(town, MARIA), Phone(town, CONCETTA)
    photo = tmp_path / "mappa.jpg"
    photo.write_bytes(picture)

    # Two people subscribe: one on the phone's own screen; the other's window is then closed.
    subscribe_on_screen(browser, town, shots)
    assert "/informativa/" in maria.wait_for("Benvenuto")["text"]
    concetta.send(type="text", text="ISCRIZIONE ON")
    concetta.wait_for("Benvenuto")
    town.control(f"phones/{CONCETTA}/window", closed=True)
    town.sql("update whatsapp_contact set window_expires_at = null where phone = '+393401112203'")

    # The Segreteria writes an alert with a picture, a second person approves it; it is watched as it arrives.
    desk, second = (Desk(browser, town, user, shots) for user in ("segreteria", "responsabile"))
    desk.look("home")
    desk.send_notice(
        "Allerta meteo", "Allerta arancione", "Forti temporali dalle 14.\nEvita i sottopassi.", photo
    )
    second.approve("Allerta arancione")
    for phone in (maria, concetta):
        bubble = phone.wait_for("Allerta arancione", kind="template")
        assert bubble["header"]["kind"] == "image"
        assert [button["text"] for button in bubble["buttons"]][-1] == "ISCRIZIONE OFF"
    desk.wait_for_read(2)
    desk.look("notice")

    # The phone reports a hole in the road, in three pieces.
    maria.photograph(picture)
    maria.send(type="text", text="C'è una buca profonda in piazza, vicino alla fontana")
    maria.send(type="location", **PIAZZA)
    number = re.findall(r"\d{4}-\d{4}", maria.wait_for("segnalazione")["text"])[0]
    town.until(lambda: all_in_hand(town, written=4), "La segnalazione intera")  # the list does not reload
    read_and_answer_report(desk, number)
    maria.wait_for("Mandiamo una squadra domani")

    # Who has left gets nothing more.
    maria.send(type="text", text="iscrizione off")
    maria.wait_for("non riceverai più")
    before = len(maria.received())
    desk.send_notice("Viabilità", "Via Roma chiusa", "Domani dalle 8 alle 14 per lavori.")
    second.approve("Via Roma chiusa")
    concetta.wait_for("Via Roma chiusa", kind="template")
    desk.wait_for_read(1)
    assert len(maria.received()) == before
    desk.page.context.close()
    second.page.context.close()

    check_the_auditors_file(Desk(browser, town, "revisore", shots))
    assert not re.search(r"3934011122|wamid\.H", Path(town.log.name).read_text()), "a number in the logs"


def all_in_hand(town: Town, *, written: int) -> bool:
    """Whatever Maria wrote has been dealt with, her photograph fetched."""
    [(handled, pending)] = town.sql(
        "select (select count(*) from whatsapp_message m join whatsapp_contact c on c.id = m.contact_id "
        "        where m.handled_at is not null and c.phone = '+393401112201'),"
        " (select count(*) from whatsapp_media where status = 'pending')"
    )
    return bool(handled == written and not pending)


def subscribe_on_screen(browser: Browser, town: Town, shots: Path | None) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, locale="it-IT")
    page.goto(town.simulator)
    phone = page.locator("section.phone").filter(has_text="Maria Rossi")
    phone.get_by_placeholder("Messaggio").fill("Iscrizione on")
    phone.get_by_placeholder("Messaggio").press("Enter")
    expect(phone.get_by_role("log")).to_contain_text("Benvenuto", timeout=20_000)
    if shots:
        page.screenshot(path=shots / "phone.png")
    page.close()


def read_and_answer_report(desk: Desk, number: str) -> None:
    desk.open("/admin/reports/report/")
    row = desk.page.get_by_role("row").filter(has_text=number)
    expect(row.locator("img")).to_be_visible()
    one_case = desk.page.locator("#result_list tbody tr").filter(has_text="buca profonda")
    assert one_case.count() == 1
    desk.look("reports")
    row.get_by_role("link", name=number, exact=True).click()
    expect(desk.page.get_by_text("nel territorio comunale")).to_be_visible()
    expect(desk.page.get_by_text("buca profonda").first).to_be_visible()
    desk.page.get_by_role("button", name="Prendi in carico").click()
    expect(desk.page.get_by_text("presa in carico").first).to_be_visible()
    desk.page.locator("#answer-text").fill("Grazie. Mandiamo una squadra domani.")
    desk.page.get_by_role("button", name="Invia la risposta").click()
    desk.look("report")


def check_the_auditors_file(auditor: Desk) -> None:
    auditor.open("/admin/subscribers/consentevent/")
    auditor.page.get_by_role("link", name="Esporta CSV").click()
    auditor.page.get_by_label("Motivo").fill("verifica annuale")
    auditor.page.get_by_label("Numeri per intero").check()
    auditor.look("export")
    with auditor.page.expect_download() as download:
        auditor.page.get_by_role("button", name="Scarica il file CSV").click()
    raw = Path(download.value.path()).read_bytes()
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))
    texts = [(row["evento"], row["testo_ricevuto"]) for row in rows]
    assert ("ISCRIZIONE", "Iscrizione on") in texts
    assert ("CANCELLAZIONE", "iscrizione off") in texts
    assert all(row["numero"].startswith(("tel:+39340", "IT.")) for row in rows if row["testo_ricevuto"])
    auditor.look("register")
