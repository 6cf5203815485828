"""What each error of the Graph API means for a sender (fact sheet 6.3 and 6.4)."""

from datetime import timedelta
from typing import Any

from whatsapp import errors

# class -> codes; decide on the code, never on the title or the HTTP status alone
_ACCOUNT = {0, 3, 10, 33, 104, 190, 368, 131005, 131031, 131037, 131042, 131044, 131045, 131048, 131064,
            133010, 134011, 139200, *range(200, 300)}  # fmt: skip
_THROTTLED = {4, 613, 80007, 130429}
_TRANSIENT = {1, 2, 131000, 131016, 131057, 135000}
_LATER = {131049: timedelta(hours=24), 131056: timedelta(seconds=16)}
_RECIPIENT = {130403, 130472, 130497, 131021, 131026, 131030, 131050, 131062, 137000}
_WINDOW = {131047}
_MESSAGE = {100, 131008, 131009, 131051, 131053, 131055, 131063, 132000, 132001, 132005, 132007, 132008,
            132012, 132015, 132016, 132018, 132021, 132068, 132069}  # fmt: skip

# What the staff read; other codes get the text of their class.
TEXTS = {
    130403: "Il numero è tra quelli che abbiamo bloccato.",
    130429: "WhatsApp chiede di rallentare: si riprova da solo.",
    130472: "WhatsApp non consegna questo messaggio a questa persona (esperimento di Meta).",
    131021: "Il numero è quello del servizio stesso.",
    131026: "Il numero non ha WhatsApp, o ha una versione troppo vecchia, o ci ha bloccati.",
    131030: "Il numero di prova può scrivere solo ai numeri autorizzati.",
    131031: "L'account WhatsApp è bloccato: verifica in WhatsApp Manager.",
    131042: "C'è un problema di pagamento con Meta: verifica il metodo di pagamento.",
    131047: "Sono passate più di 24 ore dall'ultimo messaggio della persona: si può inviare solo un modello.",
    131048: "Troppe persone ci hanno segnalati o bloccati: WhatsApp ha fermato gli invii.",
    131049: "WhatsApp non l'ha consegnato per non disturbare la persona: si riprova domani.",
    131050: "La persona ha chiesto a WhatsApp di non ricevere promozioni da noi.",
    131053: "WhatsApp non accetta il file: cambia formato o dimensione.",
    131056: "Troppi messaggi alla stessa persona in poco tempo: si riprova da solo.",
    132000: "Il numero di testi non corrisponde al modello.",
    132001: "Il modello non esiste o non è approvato in questa lingua.",
    132005: "Il testo è troppo lungo per il modello.",
    132007: "Il contenuto viola le regole di WhatsApp.",
    132015: "Il modello è sospeso da WhatsApp per bassa qualità.",
    132016: "Il modello è stato disattivato da WhatsApp.",
    132018: "Un testo contiene a capo, tabulazioni o troppi spazi.",
    190: "La chiave di accesso a WhatsApp non è valida o è scaduta.",
}
_CLASS_TEXTS: dict[type[errors.ChannelError], str] = {
    errors.AccountError: "WhatsApp rifiuta gli invii di tutto il servizio",
    errors.Throttled: "WhatsApp chiede di rallentare",
    errors.Transient: "WhatsApp ha un guasto momentaneo",
    errors.Later: "WhatsApp chiede di aspettare per questa persona",
    errors.RecipientError: "WhatsApp non può consegnare a questa persona",
    errors.WindowClosed: "La finestra di 24 ore è chiusa",
    errors.MessageError: "WhatsApp rifiuta questo messaggio",
    errors.OutcomeUnknown: "WhatsApp non ha detto se ha preso il messaggio",
}


def classify(code: int, *, transient: bool = False, server_side: bool = False) -> type[errors.ChannelError]:
    """The class of a Graph error code. An unknown code with a 5xx is an unknown outcome, not a retry."""
    for kind, codes in (
        (errors.AccountError, _ACCOUNT),
        (errors.Throttled, _THROTTLED),
        (errors.Transient, _TRANSIENT),
        (errors.Later, _LATER),
        (errors.RecipientError, _RECIPIENT),
        (errors.WindowClosed, _WINDOW),
        (errors.MessageError, _MESSAGE),
    ):
        if code in codes:
            return kind
    if server_side:
        return errors.OutcomeUnknown
    return errors.Transient if transient else errors.MessageError


def text_for(code: int, kind: type[errors.ChannelError]) -> str:
    """What happened, in Italian, for the staff."""
    return TEXTS.get(code) or f"{_CLASS_TEXTS[kind]} (codice {code})."


def _template_text(error: dict[str, Any]) -> str:
    """Why a template was not taken, in the provider's own words: only they name the line at fault."""
    if not any(str(error.get(name)).startswith("2388") for name in ("code", "error_subcode")):
        return ""
    data = error.get("error_data")
    told = data.get("details") if isinstance(data, dict) else data
    words = str(error.get("error_user_msg") or told or error.get("message") or "").partition(") ")
    return f"WhatsApp non accetta il modello: {words[2] or words[0]}"[:300]


def from_graph(error: dict[str, Any], *, status: int, retry_after: str = "") -> errors.ChannelError:
    """The error of a Graph answer's body (fact sheet 6.1) as ours."""
    code = error.get("code") if isinstance(error.get("code"), int) else -1
    assert isinstance(code, int)
    kind = errors.AccountError if status == 401 else classify(
        code, transient=error.get("is_transient") is True, server_side=status >= 500
    )  # fmt: skip
    text = _template_text(error) or text_for(code, kind)
    if issubclass(kind, errors.Later):
        return kind(text, code=str(code), wait=_LATER[code])
    if issubclass(kind, errors.Throttled):
        wait = timedelta(seconds=int(retry_after)) if retry_after.isdigit() else None
        return kind(text, code=str(code), retry_after=wait)
    return kind(text, code=str(code))
