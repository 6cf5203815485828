"""What each error of the Graph API means for a sender (fact sheet 6.3 and 6.4)."""

import logging
import re
from datetime import timedelta
from typing import Any

from whatsapp import errors
from whatsapp.providers.graph_fields import text, word

logger = logging.getLogger(__name__)

ErrorClass = type[errors.ChannelError]
# What happened in general; a code of its own may say more.
CLASS_TEXTS: dict[ErrorClass, str] = {
    errors.AccountError: "WhatsApp rifiuta gli invii di tutto il servizio",
    errors.NoticesStopped: "WhatsApp ha fermato avvisi e allerte; le risposte ai cittadini proseguono",
    errors.Throttled: "WhatsApp chiede di rallentare",
    errors.Transient: "WhatsApp ha un guasto momentaneo",
    errors.ProviderDown: "WhatsApp ha un guasto momentaneo: è fuori servizio",
    errors.Later: "WhatsApp chiede di aspettare per questa persona",
    errors.RecipientError: "WhatsApp non può consegnare a questa persona",
    errors.WindowClosed: "La finestra di 24 ore è chiusa",
    errors.MessageError: "WhatsApp rifiuta questo messaggio",
    errors.OutcomeUnknown: "WhatsApp non ha detto se ha preso il messaggio",
}
# class -> code -> what the staff read, None: the text of the class. The code decides, never title or status.
_CLASSES: dict[ErrorClass, dict[int, str | None]] = {
    errors.AccountError: {
        **dict.fromkeys([3, 10, 33, 131005, 131037, 131044, 131045, 134011, 368, *range(200, 300)]),
        **dict.fromkeys(
            [0, 104, 190], "La chiave di accesso a WhatsApp non è valida o è scaduta: rinnovala."
        ),
        131031: "L'account WhatsApp è bloccato: verifica in WhatsApp Manager.",
        131042: "C'è un problema di pagamento con Meta: verifica il metodo di pagamento.",
        133010: "Il numero non è registrato su WhatsApp: registralo in WhatsApp Manager.",
    },
    errors.NoticesStopped: {
        131048: "Troppe persone ci hanno segnalati o bloccati: WhatsApp ha fermato avvisi e allerte. "
        "Le risposte proseguono; aspetta qualche ora prima di riattivare.",
        131064: "WhatsApp limita i modelli perché alcuni sono nella categoria sbagliata: correggili.",
        139200: None,
    },
    errors.Throttled: dict.fromkeys(
        [4, 613, 80007, 130429], "WhatsApp chiede di rallentare: si riprova da solo."
    ),
    errors.Transient: dict.fromkeys([1, 131000, 135000]),
    errors.ProviderDown: dict.fromkeys([2, 131016, 131057]),
    errors.Later: {
        131049: "WhatsApp non l'ha consegnato per non disturbare la persona: si riprova domani.",
        131056: "Troppi messaggi alla stessa persona in poco tempo: si riprova da solo.",
    },
    errors.RecipientError: {
        130403: "Il numero è tra quelli che abbiamo bloccato.",
        130472: "WhatsApp non consegna questo messaggio a questa persona (esperimento di Meta).",
        130497: "WhatsApp non ci lascia scrivere alle persone di quel Paese.",
        131021: "Il numero è quello del servizio stesso.",
        131026: "Il numero non ha WhatsApp, o ha una versione troppo vecchia, o ci ha bloccati.",
        131030: "Il numero di prova può scrivere solo ai numeri autorizzati.",
        131062: "Questo messaggio può andare solo a un numero, e la persona lo tiene nascosto.",
        137000: None,
    },
    errors.PromotionsRefused: {
        131050: "La persona ha chiesto a WhatsApp di non ricevere promozioni da noi.",
    },
    errors.WindowClosed: {
        131047: "Sono passate più di 24 ore dall'ultimo messaggio della persona: si può inviare solo un "
        "modello.",
    },
    errors.MessageError: {
        **dict.fromkeys(
            [100, 131008, 131009, 131051, 131055, 131063, 132008, 132012, 132021, 132068, 132069]
        ),
        **dict.fromkeys([134100, 134101, 134102]),
        131053: "WhatsApp non accetta il file: cambia formato o dimensione.",
        132000: "Il numero di testi non corrisponde al modello.",
        132001: "Il modello non esiste o non è approvato in questa lingua.",
        132005: "Il testo è troppo lungo per il modello.",
        132007: "Il contenuto viola le regole di WhatsApp.",
        132015: "Il modello è sospeso da WhatsApp per bassa qualità.",
        132016: "Il modello è stato disattivato da WhatsApp.",
        132018: "Un testo contiene a capo, tabulazioni o troppi spazi.",
    },
}
CODES = {code: (kind, text) for kind, codes in _CLASSES.items() for code, text in codes.items()}
# How long and how often; the rest wait as the ladder says.
_PATIENCE: dict[int, dict[str, Any]] = {
    1: {"tries": 2},
    135000: {"tries": 1},
    131049: {"wait": timedelta(hours=24)},
    131056: {"wait": timedelta(seconds=1), "growth": 4, "tries": 6},  # 4^n seconds
}
LONGEST_PAUSE = timedelta(hours=1)


def classify(code: int, *, transient: bool = False, server_side: bool = False) -> ErrorClass:
    """The class of a Graph error code. An unknown code with a 5xx is an unknown outcome, not a retry."""
    if code in CODES:
        return CODES[code][0]
    if server_side:
        return errors.OutcomeUnknown
    return errors.Transient if transient else errors.MessageError


def text_for(code: int, kind: ErrorClass) -> str:
    """What happened, in Italian, for the staff."""
    return CODES.get(code, (kind, None))[1] or f"{CLASS_TEXTS[kind]} (codice {code})."


def _template_text(error: dict[str, Any]) -> str:
    """Why a template was not taken, in the provider's own words: only they name the line at fault."""
    if not any(word(error.get(name)).startswith("2388") for name in ("code", "error_subcode")):
        return ""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else data
    said = (error.get("error_user_msg"), details, error.get("message"))
    words = next(filter(None, map(text, said)), "").partition(") ")
    return f"WhatsApp non accetta il modello: {words[2] or words[0]}"[:300]


def from_graph(error: dict[str, Any], *, status: int = 400, retry_after: str = "") -> errors.ChannelError:
    """An error of the Graph API (fact sheet 6.1) as ours.

    Args:
        status: of the HTTP answer; in a webhook there is none.
        retry_after: the answer's header of that name.
    """
    told = error.get("code")
    code = told if isinstance(told, int) and abs(told) < 10**9 else -1
    if trace := text(error.get("fbtrace_id"), 40):
        logger.info("WhatsApp answered with error %d, fbtrace_id %r", code, trace)
    kind = classify(code, transient=error.get("is_transient") is True, server_side=status >= 500)
    if status == 401:  # a dead token is never hammered
        kind = errors.AccountError
    elif status == 429 and code not in CODES:
        kind = errors.Throttled
    reason = _template_text(error) or text_for(code, kind)
    patience = _PATIENCE.get(code, {})
    if issubclass(kind, errors.Throttled):
        patience = {"retry_after": pause(retry_after)}
    return kind(reason, code=str(code), **patience)


def pause(retry_after: str) -> timedelta | None:
    """The seconds of a `Retry-After`, an hour at most; None if it is missing or a date."""
    if not re.fullmatch(r"[0-9]{1,6}", retry_after):
        return None
    return min(timedelta(seconds=int(retry_after)), LONGEST_PAUSE)
