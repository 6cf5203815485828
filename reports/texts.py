"""What citizens are told. The defaults are here; the staff edit the rows (`ReplyText`)."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from reports.models import ReplyText, Report


@dataclass(frozen=True)
class Default:
    """A text's purpose, for the staff, and its words. `{numero}`, `{link}` … are filled in."""

    purpose: str
    body: str


DEFAULTS: dict[str, Default] = {
    "received": Default(
        "Prima risposta a una segnalazione",
        "Abbiamo ricevuto la segnalazione n. {numero}. Una persona del Comune la legge e ti risponde qui; "
        "contiamo di chiuderla entro il {scadenza}. {orario}\n\n{domanda}\n\nPuoi seguirla qui: {link}",
    ),
    "closed_now": Default(
        "Aggiunta fuori orario",
        "Adesso gli uffici sono chiusi: riaprono il {apertura}. Se c'è pericolo chiama subito il 112.",
    ),
    "danger": Default(
        "Prima risposta quando si parla di pericolo",
        "*Se c'è pericolo per le persone chiama subito il 112.* Questa chat non è un servizio di "
        "emergenza.\n\nSegnalazione n. {numero}: {avviso} {domanda}\n\n"
        "Puoi seguirla qui: {link}",
    ),
    "paged": Default("Pericolo: chi è di turno è stato avvisato", "abbiamo avvisato chi è di turno."),
    "not_paged": Default("Pericolo: nessuno è di turno", "una persona del Comune la leggerà appena può."),
    "ask_place": Default(
        "Domanda: dove",
        "Dove si trova? Manda la posizione con il pulsante qui sotto oppure scrivi la via. Se non hai altro "
        "da dire scrivi «basta così».",
    ),
    "ask_kind": Default(
        "Domanda: di che cosa si tratta",
        "Di che cosa si tratta? Scegli dall'elenco qui sotto oppure scrivilo in poche parole.",
    ),
    "ask_nothing": Default(
        "Quando non manca nulla", "Se vuoi, aggiungi foto o altri particolari; altrimenti tocca «Basta così»."
    ),
    "finished": Default(
        "Il cittadino ha detto «basta così»",
        "Va bene, la segnalazione n. {numero} è completa: ti scriviamo noi. Se c'è un altro problema, "
        "scrivilo pure. Se invece volevi non ricevere più messaggi dal Comune, scrivi ISCRIZIONE OFF.",
    ),
    "added": Default(
        "Aggiunta a una segnalazione già aperta",
        "L'abbiamo aggiunto alla segnalazione n. {numero}, che è «{stato}». Puoi seguirla qui: {link}",
    ),
    "outside": Default(
        "Aggiunta se il punto è fuori dal territorio",
        "Il punto indicato sembra fuori dal territorio di Regalbuto: controlla che sia giusto.",
    ),
    "greeting": Default(
        "Risposta a un saluto",
        "Buongiorno! Qui puoi segnalare un problema al Comune di Regalbuto: scrivi che cosa succede e dove, "
        "aggiungi una foto o la posizione. Scrivi AIUTO per sapere che cosa si può fare.",
    ),
    "empty": Default(
        "Risposta a un messaggio vuoto", "Il messaggio è arrivato vuoto. Che cosa vuoi segnalare, e dove?"
    ),
    "unreadable": Default(
        "Risposta a un messaggio che non si può leggere",
        "Questo tipo di messaggio qui non si può leggere. Manda un testo, una foto, un video, una nota "
        "vocale o la posizione.",
    ),
    "too_large": Default(
        "Risposta a un file troppo grande",
        "Il file che hai mandato è troppo grande: WhatsApp non ce lo consegna. Manda una foto o un video più "
        "corto, oppure scrivi che cosa succede.",
    ),
    "number_thanks": Default(
        "Risposta a chi manda il suo numero", "Grazie: adesso abbiamo il tuo numero e possiamo ricontattarti."
    ),
    "voice": Default(
        "Aggiunta se c'è solo una nota vocale",
        "La nota vocale la ascolta una persona, e può volerci tempo: se puoi, scrivi anche in poche parole "
        "che cosa succede.",
    ),
    "file_rejected": Default(
        "Risposta a un file che non si può aprire",
        "Un file che hai mandato qui non si può aprire: forse è più grande di 25 MB, o di un tipo che non "
        "accettiamo. Manda una foto, un video breve, una nota vocale o un documento (PDF, Word, Excel).",
    ),
    "taken": Default(
        "Presa in carico",
        "Segnalazione n. {numero}: l'abbiamo presa in carico. Se ne occupa: {ufficio}. "
        "Contiamo di chiuderla entro il {scadenza}.",
    ),
    "working": Default("Lavori iniziati", "Segnalazione n. {numero}: il lavoro è iniziato."),
    "resolved": Default(
        "Chiusa: risolta",
        "Segnalazione n. {numero}: risulta risolta. Grazie per l'aiuto. Se il problema c'è ancora, "
        "rispondi a questo messaggio.",
    ),
    "not_ours": Default(
        "Chiusa: non di competenza",
        "Segnalazione n. {numero}: il problema non dipende dal Comune, che non può intervenire.",
    ),
    "rejected": Default(
        "Chiusa: non accolta",
        "Segnalazione n. {numero}: non possiamo darle seguito, perché: (scrivi qui il motivo).",
    ),
    "verifying": Default(
        "In verifica", "Segnalazione n. {numero}: la stiamo verificando. Se ne occupa: {ufficio}."
    ),
    "duplicate": Default(
        "Chiusa: duplicata",
        "Segnalazione n. {numero}: il problema ci era già stato segnalato e ce ne stiamo occupando. Ti "
        "avvisiamo qui di ogni novità.",
    ),
    "cancelled": Default("Chiusa: annullata", "Segnalazione n. {numero}: è stata annullata."),
    "handed_over": Default(
        "Passata a un altro ufficio", "Segnalazione n. {numero}: adesso se ne occupa {ufficio}."
    ),
    "handed_out": Default(
        "Passata a un ente esterno",
        "Segnalazione n. {numero}: il problema non dipende dal Comune. L'abbiamo passata a {ufficio}, "
        "che se ne occupa direttamente.",
    ),
    "rated": Default(
        "Dopo il voto del cittadino",
        "Grazie: il tuo voto ci aiuta a fare meglio. Se il problema torna, scrivici.",
    ),
    "question": Default("Domanda su una segnalazione aperta", "Segnalazione n. {numero}. {domanda}"),
    "reopened": Default("Riaperta", "Segnalazione n. {numero}: l'abbiamo riaperta e la guardiamo di nuovo."),
}

# Ready answers to begin with: title -> words.
CANNED = {
    "Grazie, verifichiamo": "Grazie per la segnalazione n. {numero}. Mandiamo qualcuno a verificare.",
    "Serve una foto": "Per capire meglio ci serve una foto: puoi mandarla qui?",
    "Serve il punto esatto": "Ci serve il punto esatto: puoi mandare la posizione, o la via e il civico?",
    "Lavoro programmato": "Segnalazione n. {numero}: l'intervento è in programma entro il {scadenza}.",
    "Chiama AcquaEnna": "Per acqua e fogne puoi chiamare anche direttamente AcquaEnna: 331 6649014.",
}


def fill(slug: str, report: Report | None = None, **values: str) -> str:
    """The text of a slug with its names filled in; a brace the staff wrote by mistake stays as it is."""
    body = ReplyText.objects.filter(slug=slug).values_list("body", flat=True).first()
    return _filled(body or DEFAULTS[slug].body, {**_about(report), **values})


def prefilled(report: Report, slugs: list[str], **values: str) -> dict[str, str]:
    """Several texts at once, for the forms of a case: one query."""
    bodies = dict(ReplyText.objects.filter(slug__in=slugs).values_list("slug", "body"))
    names = {**_about(report), **values}
    return {slug: _filled(bodies.get(slug) or DEFAULTS[slug].body, names) for slug in slugs}


def filled(body: str, report: Report) -> str:
    """A ready answer with the case's names filled in."""
    return _filled(body, _about(report))


def _filled(body: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        body = body.replace(f"{{{name}}}", value)
    # An empty name leaves an empty line behind.
    return re.sub(r" *\n{2,}", "\n\n", body).strip()


def _about(report: Report | None) -> dict[str, str]:
    if report is None:
        return {}
    return {
        "numero": report.number,
        "stato": (report.duplicate_of or report).get_state_display(),
        "link": link(report),
        # Until it is handed over, a case of an outside body is in our hands.
        "ufficio": report.office.name
        if report.office and not report.office.external
        else "Ufficio Segreteria",
        "scadenza": f"{report.due_on:%d/%m/%Y}" if report.due_on else "tempo previsto",
    }


def link(report: Report) -> str:
    """The citizen's private page, as an absolute address."""
    return f"{settings.SITE_URL}{reverse('reports:case', args=[report.token])}"
