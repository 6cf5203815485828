"""A town hall at work, told once: the browser test counts its clicks, `make guide` takes its pictures.

Each chapter is a function that begins at the home page. What is here is what docs/guida/ tells.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from playwright.sync_api import Browser, Locator, expect

from tests.guide.people import Camera, Count, Person
from tests.guide.practice import NEWCOMER, Practice
from tests.journeys.town import Phone

PIAZZA = {"latitude": 37.6535, "longitude": 14.6396}
POLE = "È caduto un palo della luce in piazza Vittorio Veneto: ci sono i cavi scoperti"
PEOPLE = re.compile(r"^[\d.]+ person[ae] ricev(e|ono) questo avviso")
# The words of the table in the guide, in its order.
STEPS = {
    "enter": "Chi scrive: entrare (nome, password, codice)",
    "ask": "Chi scrive: dalla pagina iniziale alla richiesta di approvazione",
    "enter too": "Chi approva: entrare (nome, password, codice)",
    "approve": "Chi approva: dalla pagina iniziale all'invio",
}
KINDS = ("un avviso", "un'allerta")


class Cast:
    """Who takes part. `round` tells apart what is told twice to one town; `counts` is what it cost, by
    step and kind."""

    def __init__(
        self,
        browser: Browser,
        town: Practice,
        size: tuple[int, int],
        *,
        pocket: tuple[int, int] | None = None,
        round: int = 0,
        camera: Camera | None = None,
    ) -> None:
        self.town, self.round, self.camera = town, round, camera
        self.browser, self.size, self.pocket = browser, size, pocket or size
        self.counts: dict[tuple[str, str], Count] = {}
        self.author, self.approver = self.person("segreteria"), self.person("responsabile")

    def person(self, username: str, *, at_night: bool = False) -> Person:
        """At night one has only the telephone."""
        return Person(self.browser, self.town, username, self.pocket if at_night else self.size, self.camera)

    @contextmanager
    def counted(self, step: str, person: Person, *kinds: str) -> Iterator[None]:
        before = person.done
        yield
        for kind in kinds:
            self.counts[step, kind] = person.done - before

    def called(self, title: str) -> str:
        return f"{title}{' (bis)' * self.round}"

    def close(self) -> None:
        for context in self.browser.contexts:
            context.close()


# --- What is done again and again ------------------------------------------------------------------


def write(author: Person, category: str, title: str, text: str) -> None:
    author.choose("Categoria", category)
    author.fill("Titolo", title)
    author.fill("Testo", text)


def ask(cast: Cast, category: str, title: str, text: str) -> None:
    """From the home page to the second person."""
    cast.author.go_home()
    cast.author.click("Scrivi un avviso", "link")
    write(cast.author, category, title, text)
    cast.author.click("Controlla…")
    cast.author.click("Chiedi l'approvazione")
    cast.author.reads("Aspetta l'approvazione di un'altra persona")


def type_the_number(person: Person) -> None:
    shown = person.page.get_by_text(PEOPLE).inner_text()
    person.fill("Scrivi il numero di persone", shown.split()[0])


def approve(cast: Cast, title: str, button: str = "Approva e invia") -> None:
    """From the home page to the notice that leaves."""
    cast.approver.go_home()
    cast.approver.click(title, "link")
    type_the_number(cast.approver)
    cast.approver.click(button)
    expect(cast.approver.page.get_by_role("heading", name=title, exact=True)).to_be_visible()


def arrive(cast: Cast, *people: Person) -> None:
    """The hold ends, and it is watched to its end by whoever has its page open."""
    cast.town.let_leave()
    for person in people:
        person.reads(re.compile("^concluso$"))


# --- The chapters ----------------------------------------------------------------------------------


def enter(cast: Cast) -> None:
    with cast.counted("enter", cast.author, *KINDS):
        cast.author.enter(look=True)
    with cast.counted("enter too", cast.approver, *KINDS):
        cast.approver.enter()


def first_notice(cast: Cast) -> None:
    author, approver, title = cast.author, cast.approver, cast.called("Via Roma chiusa mercoledì")
    author.go_home()
    author.look("pagina-iniziale", mark=author.find("Scrivi un avviso", "link"))
    with cast.counted("ask", author, "un avviso"):
        author.click("Scrivi un avviso", "link")
        write(author, "Viabilità", title, "Dalle 8 alle 14, per lavori. Percorso alternativo: via Garibaldi.")
        expect(author.page.get_by_text(re.compile(r"^Arriva a \d"))).to_be_visible()
        author.look("scrivere", of=author.body, mark=author.find("Controlla…"))
        author.click("Controlla…")
        expect(author.page.get_by_role("heading", name="A chi")).to_be_visible()
        author.look("controllare", of=author.body, mark=author.find("Chiedi l'approvazione"))
        author.click("Chiedi l'approvazione")
    author.reads("Aspetta l'approvazione di un'altra persona")
    author.look("in-attesa", of=author.page.locator("section").first)
    approver.go_home()
    link = approver.find(title, "link")
    approver.look("da-approvare", of=approver.card("Avvisi che aspettano una persona"), mark=link)
    with cast.counted("approve", approver, "un avviso"):
        approver.click(title, "link")
        type_the_number(approver)
        approver.look("approvare", of=approver.card("A chi"), mark=approver.find("Approva e invia"))
        approver.click("Approva e invia")
    undo = approver.find("Annulla l'invio")
    expect(undo).to_be_visible()
    approver.look("in-partenza", of=approver.page.locator("section").first, mark=undo)
    cast.town.pace(30)
    cast.town.let_leave()
    approver.reads("Metti in pausa")
    author.reads("consegnati")
    author.look("in-invio", of=author.page.locator("section").first)
    author.reads(re.compile("^concluso$"))
    cast.town.pace(None)
    phone = Phone(cast.town, "t3")
    phone.wait_for(title, kind="template")
    if cast.camera:
        citizen = cast.browser.new_page(viewport={"width": 390, "height": 844}, locale="it-IT")
        citizen.goto(cast.town.simulator)
        citizen.get_by_role("tab", name="Nonna Concetta").click()
        shown = citizen.locator("section.phone").filter(has_text="Nonna Concetta")
        expect(shown.get_by_text(title).first).to_be_visible()
        cast.camera.take(citizen, "sul-telefono", of=shown)
        citizen.close()


def outcomes(cast: Cast) -> None:
    """A notice of last week, in which something of everything happened."""
    author, title = cast.author, "Ufficio anagrafe chiuso giovedì pomeriggio"
    author.go_home()
    author.click("Avvisi", "link", within=archives(author).get_by_role("row"))
    author.click(title, "link")
    author.reads("esito incerto")
    author.look("stati", of=author.page.get_by_role("table").first)
    author.click("Persone con un problema", "link")
    author.reads(re.compile(r"^\d+ persone$"))
    author.look("problemi", of=author.page.locator("section").first, most=420)


def archives(person: Person) -> Locator:
    """All the lists, at the foot of the home page."""
    person.page.get_by_text("Tutti gli archivi").click()
    return person.page.locator("details").filter(has_text="Tutti gli archivi")


def correction(cast: Cast) -> None:
    """To exactly those whom the first notice reached."""
    author, title = cast.author, cast.called("Via Roma chiusa mercoledì")
    author.go_home()
    author.click(title, "link")
    author.look("dopo", of=author.page.locator("section").first, mark=author.find("Correggi…"))
    author.click("Correggi…")
    author.reads("va solo a chi può averlo ricevuto")
    title = f"Rettifica: {title}"
    author.fill("Testo", "La strada è chiusa giovedì, non mercoledì. Gli orari sono gli stessi.")
    author.look("correggere")
    author.click("Controlla…")
    author.click("Chiedi l'approvazione")
    author.reads("Aspetta l'approvazione di un'altra persona")
    approve(cast, title)
    arrive(cast, author)


def sent_back(cast: Cast) -> None:
    """The second person finds a mistake; then the notice is asked for a certain hour, and called back."""
    author, approver, title = cast.author, cast.approver, cast.called("Anagrafe chiusa venerdì")
    ask(cast, "Servizi comunali", title, "Venerdì lo sportello resta chiuso.")
    approver.go_home()
    approver.click(title, "link")
    approver.fill("Che cosa va corretto", "Manca quando riapre.")
    button = approver.find("Restituisci con un motivo")
    approver.look("restituire", of=approver.card("A chi"), mark=button)
    approver.click("Restituisci con un motivo")
    author.go_home()
    author.reads("«Manca quando riapre.»")
    author.look("da-correggere", of=author.card("Avvisi che aspettano una persona"))
    author.click(title, "link")
    author.fill("Testo", "Venerdì lo sportello resta chiuso. Riapre lunedì alle 8:30.")
    author.click("Controlla…")
    later = author.find("Chiedi l'approvazione per quest'ora")
    author.look("programmare", of=author.card("A chi"), mark=later)
    author.click("Chiedi l'approvazione per quest'ora")
    author.reads("Aspetta l'approvazione di un'altra persona")
    approver.go_home()
    approver.click(title, "link")
    expect(approver.page.get_by_text("Che cosa è cambiato dalla volta precedente")).to_be_visible()
    type_the_number(approver)
    approver.click("Approva la programmazione")
    approver.reads("programmato")
    approver.look("programmato", of=approver.page.locator("section").first)
    approver.click("Annulla la programmazione")
    approver.reads("l'avviso è di nuovo «bozza»")


def stopped(cast: Cast) -> None:
    approver, title = cast.approver, cast.called("Manca l'acqua in contrada Cuba")
    cast.town.pace(2)
    ask(cast, "Pubblica utilità", title, "Giovedì dalle 9 alle 13, per la riparazione della condotta.")
    approve(cast, title)
    cast.town.let_leave()
    approver.click("Metti in pausa")
    approver.reads("In pausa dal")
    approver.look("in-pausa", of=approver.page.locator("section").first)
    approver.click("Riprendi l'invio")
    approver.click("Ferma l'invio", "link")
    approver.reads("Un invio fermato non riprende")
    approver.look("fermare", of=approver.page.locator("section").first)
    approver.click("Ferma l'invio")
    approver.reads("fermato")
    cast.town.pace(None)


def alert(cast: Cast) -> None:
    author, approver, title = cast.author, cast.approver, cast.called("Allerta arancione per temporali")
    author.go_home()
    with cast.counted("ask", author, "un'allerta"):
        author.click("Scrivi un avviso", "link")
        write(author, "Allerta meteo", title, "Forti temporali dalle 14 alle 20. Evita i sottopassi.")
        author.look("allerta")
        author.click("Controlla…")
        author.click("Chiedi l'approvazione")
    author.reads("Aspetta l'approvazione di un'altra persona")
    approver.go_home()
    with cast.counted("approve", approver, "un'allerta"):
        approver.click(title, "link")
        type_the_number(approver)
        approver.click("Approva e invia")
    arrive(cast, author)
    Phone(cast.town, "t3").wait_for(title, kind="template")


def alone_at_night(cast: Cast) -> None:
    """One person with a telephone; a colleague countersigns in the morning."""
    alone, title = cast.person("responsabile", at_night=True), cast.called("Piena del Salso")
    alone.enter()
    alone.click("Scrivi un avviso", "link")
    write(alone, "Allerta meteo", title, "Lasciate subito le case lungo il torrente.")
    alone.click("Controlla…")
    alone.look(
        "controllare-di-notte", of=alone.card("A chi"), mark=alone.find("Invia da solo (emergenza)…", "link")
    )
    alone.click("Invia da solo (emergenza)…", "link")
    alone.tick("rossa")
    alone.fill("Perché non può aspettare una seconda persona", "Il torrente è già fuori dagli argini.")
    type_the_number(alone)
    alone.look("da-solo", of=alone.card("Inviare l'allerta da solo"), mark=alone.find("Invia da solo"))
    alone.click("Invia da solo")
    expect(alone.page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    arrive(cast, alone)
    alone.reads("manca la controfirma")
    colleague = cast.person("vicaria")
    colleague.enter()
    colleague.look("controfirma", of=colleague.card("Avvisi che aspettano una persona"))
    colleague.click(title, "link")
    colleague.click("Ho controllato: controfirmo")
    colleague.reads("Hai controfirmato l'allerta.")


def report(cast: Cast) -> None:
    author = cast.author
    citizen = Phone(
        cast.town, ("t1", "t4")[cast.round]
    )  # within ten minutes one person's pieces are one report
    text = cast.called(POLE)
    citizen.send(type="text", text=text)
    citizen.send(type="location", **PIAZZA)
    author.go_home()
    author.reads(text)  # the page goes on by itself
    author.look("segnalazioni", of=author.card("Segnalazioni da prendere in carico"))
    author.click(re.compile(f"^{re.escape(text)}"), "link")
    author.click("Prendi in carico")
    author.reads("presa in carico")
    author.look("segnalazione")
    talk = author.card("Conversazione con")
    author.fill("Il cittadino riceve adesso, su WhatsApp", "Grazie. La squadra è già in strada.", within=talk)
    author.look("rispondere", of=talk, mark=author.find("Invia la risposta"))
    author.click("Invia la risposta")
    citizen.wait_for("La squadra è già in strada")


def people(cast: Cast) -> None:
    """At the desk, for somebody's rights, for the auditors."""
    author, approver = cast.author, cast.approver
    open_subscribers(author)
    author.look("iscritti")
    author.click("Iscrivi allo sportello", "link")
    author.fill("Numero di cellulare", f"340 999 00 1{cast.round}")
    author.fill("Nome", "Rosa Campione")
    author.page.get_by_label("Data della firma").fill(date.today().isoformat())
    author.fill("Riferimento del modulo", "prot. 1234 del 3/5/2026, faldone 3")
    author.tick("Ha firmato il consenso a ricevere gli avvisi su WhatsApp")
    author.tick("Ha accettato l'informativa e le regole d'uso")
    author.look("sportello", of=author.body, mark=author.find("Iscrivi"))
    author.click("Iscrivi")
    author.reads("Rosa Campione")
    open_subscribers(approver)
    approver.click("Cerca una persona", "link")
    approver.fill("Numero intero", "340 111 2203")
    approver.click("Apri il fascicolo")
    approver.reads("Copia dei dati")
    approver.look("fascicolo")
    auditor = cast.person("revisore")
    auditor.enter()
    open_subscribers(auditor)
    auditor.click("Esporta CSV", "link")
    auditor.fill("Motivo", "verifica annuale")
    auditor.look("esportare", of=auditor.body, mark=auditor.find("Scarica il file CSV"))
    with auditor.page.expect_download():
        auditor.click("Scarica il file CSV")


def open_subscribers(person: Person) -> None:
    person.go_home()
    person.click("Apri l'elenco", "link", within=person.card("Iscritti"))
    expect(person.page.get_by_role("heading", name="Iscritti", exact=True)).to_be_visible()


def telephone(cast: Cast) -> None:
    """Somebody registers her telephone."""
    cast.town.forget_phone(NEWCOMER)
    somebody = cast.person(NEWCOMER)
    somebody.go_home()
    somebody.give_password()
    somebody.reads("Inquadra il disegno")
    somebody.look("registrare-il-telefono", of=somebody.body)
    key = cast.town.sql(
        "select d.key from otp_totp_totpdevice d join auth_user u on u.id = d.user_id where u.username = %s",
        NEWCOMER,
    )
    somebody.fill("Codice", cast.town.code(key[0][0]))
    somebody.click("Registra il telefono")
    somebody.reads("Si vedono solo adesso")
    somebody.look("codici-di-riserva", of=somebody.body)
    somebody.click("Li ho messi via, continua", "link")
    somebody.reads("Che cosa c'è da fare")


def ended_session(cast: Cast) -> None:
    """Twelve hours are over while somebody writes: nothing is lost."""
    author, title = cast.author, cast.called("Concerto in piazza")
    author.go_home()
    author.click("Scrivi un avviso", "link")
    author.context.clear_cookies()
    write(author, "Eventi", title, "Sabato alle 21 la banda suona in piazza.")
    author.click("Salva la bozza")
    author.reads("La sessione è finita")
    again = re.compile("^Accedi di nuovo")
    author.look("sessione-finita", mark=author.find(again, "link"))
    author.click(again, "link")
    author.give_password()
    author.click("Riprendi il mio testo")
    expect(author.find("Titolo", "textbox")).to_have_value(title)


CHAPTERS: tuple[Callable[[Cast], None], ...] = (
    enter,
    first_notice,
    outcomes,
    correction,
    sent_back,
    stopped,
    alert,
    alone_at_night,
    report,
    people,
    telephone,
    ended_session,
)
