"""The faults and delays that can be switched on while the simulator runs."""

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

ERRORS = {
    131026: "non recapitabile",
    131047: "finestra di 24 ore chiusa",
    131049: "non consegnato da Meta",
    131056: "troppi alla stessa persona",
    130429: "troppi al secondo",
    131048: "troppe segnalazioni come spam",
    131000: "errore sconosciuto",
    131031: "account bloccato",
    131042: "problema di pagamento",
    132015: "modello in pausa",
}


def _setting(
    default: Any, group: str, label: str, help: str = "", choices: Mapping[Any, str] | None = None
) -> Any:
    """A setting and how the page asks for it."""
    found = {"group": group, "label": label, "help": help}
    return dataclasses.field(default=default, metadata=found | ({"choices": choices} if choices else {}))


STATUSES, WEBHOOKS, FAILURES, ANSWERS, LIMITS, FILES = (
    "Stati dei messaggi", "Webhook", "Messaggi che falliscono", "Risposte alle chiamate",
    "Limiti e qualità", "File",
)  # fmt: skip


@dataclasses.dataclass(slots=True)
class Settings:
    """Times in seconds, rates from 0 to 1; 0 switches a fault off."""

    delay: float = _setting(0.3, STATUSES, "Ritardo medio (secondi)", "Tra l'invio e «consegnato».")
    read_automatically: bool = _setting(
        True, STATUSES, "Leggi da solo", "Altrimenti si legge aprendo la chat."
    )
    skip_delivered_rate: float = _setting(
        0.0, STATUSES, "Letti senza «consegnato» (%)", "Arriva «letto» e «consegnato» mai."
    )
    shuffle_statuses: bool = _setting(
        False, STATUSES, "Stati in ordine sparso", "«letto» può precedere «inviato»."
    )
    duplicate_webhooks: int = _setting(
        0, WEBHOOKS, "Ripetizioni di ciascuno", "Lo stesso invio arriva più volte."
    )
    batch_seconds: float = _setting(
        0.0, WEBHOOKS, "Raccogli per (secondi)", "Fino a 1.000 messaggi e stati insieme in un solo invio."
    )
    retry_seconds: float = _setting(300.0, WEBHOOKS, "Riprova per (secondi)", "Se il sito non risponde 200.")
    fail_rate: float = _setting(0.0, FAILURES, "Quanti (%)")
    fail_code: int = _setting(131026, FAILURES, "Con quale errore", choices=ERRORS)
    fail_async: bool = _setting(
        True, FAILURES, "Dopo averli accettati", "Altrimenti la chiamata è rifiutata subito."
    )
    hold_rate: float = _setting(
        0.0, FAILURES, "Modelli trattenuti (%)", "Accettati, ma Meta aspetta di valutarne la qualità."
    )
    hold_seconds: float = _setting(5.0, FAILURES, "Trattenuti per (secondi)")
    hold_drops: bool = _setting(
        False, FAILURES, "Poi scartati", "Falliscono con 132015 e il modello va in pausa; altrimenti partono."
    )
    # The message is accepted, the HTTP answer is cut.
    lose_answer_rate: float = _setting(
        0.0, ANSWERS, "Risposte perse (%)", "Il messaggio parte, la risposta no."
    )
    hang_seconds: float = _setting(0.0, ANSWERS, "Attesa prima di tagliare (secondi)")
    answer_delay: float = _setting(0.0, ANSWERS, "Ritardo della risposta (secondi)")
    # Every call is answered this way, without a Graph body and without accepting.
    http_status: int = _setting(
        0,
        ANSWERS,
        "Guasto completo",
        choices={0: "no", **dict.fromkeys((500, 502, 503, 504), "a ogni chiamata")},
    )
    account_locked: bool = _setting(False, ANSWERS, "Account bloccato", "Ogni invio è rifiutato con 131031.")
    enforce_window: bool = _setting(
        True, LIMITS, "Fai valere la finestra di 24 ore", "Fuori, il testo libero fallisce: 131047."
    )
    pair_limit: bool = _setting(
        False, LIMITS, "Limite per persona", "Uno ogni 6 secondi dopo i primi 45, poi 131056."
    )
    throughput: int = _setting(0, LIMITS, "Messaggi al secondo", "Oltre, 130429. 0: senza limite.")
    tier: int = _setting(
        0, LIMITS, "Persone in 24 ore", "Fuori dalla finestra; oltre, 131048. 0: senza limite."
    )
    quality: str = _setting(
        "GREEN", LIMITS, "Qualità del numero", choices={"GREEN": "alta", "YELLOW": "media", "RED": "bassa"}
    )
    media_url_seconds: float = _setting(
        300.0, FILES, "Durata degli indirizzi (secondi)", "Poi lo scaricamento dà 404."
    )
    media_fail_rate: float = _setting(
        0.0, FILES, "Scaricamenti falliti (%)", "404 passeggero: si può riprovare."
    )
    seed: int = _setting(1, FILES, "Seme del caso", "Con lo stesso seme gli stessi messaggi falliscono.")

    def reset(self, delay: float) -> None:
        for field in dataclasses.fields(self):
            setattr(self, field.name, field.default)
        self.delay = delay

    def table(self) -> list[dict[str, Any]]:
        """What the page draws its panel from, in order."""
        rows = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            choices = [[key, text] for key, text in field.metadata.get("choices", {}).items()]
            kind = "rate" if field.name.endswith("_rate") else type(value).__name__
            rows.append(
                {"name": field.name, "kind": kind, "value": value, **field.metadata, "choices": choices}
            )
        return rows

    def update(self, values: Mapping[str, Any]) -> None:
        """All or nothing: a name or a value that does not fit raises ValueError, in Italian for the page."""
        checked = {name: self._checked(name, value) for name, value in values.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def _checked(self, name: str, value: Any) -> Any:
        fields = {field.name: field for field in dataclasses.fields(self)}
        if name not in fields:
            raise ValueError(f"Impostazione sconosciuta: «{name}».")
        kind = type(getattr(self, name))
        if kind is str:
            if value not in fields[name].metadata["choices"]:
                raise ValueError(f"Valore non valido per «{name}»: {value!r}.")
            return value
        # bool is an int in Python: without the first test `true` would pass for a number.
        fits = isinstance(value, bool) == (kind is bool) and isinstance(value, (int, float))
        if not fits or (kind is int and value != int(value)):
            raise ValueError(f"Valore non valido per «{name}»: {value!r}.")
        if (value < 0 and name != "seed") or (name.endswith("_rate") and value > 1):
            raise ValueError(f"Valore fuori dai limiti per «{name}»: {value!r}.")
        if name == "http_status" and value and not 500 <= value <= 599:
            raise ValueError("La risposta HTTP da simulare va da 500 a 599 (0: nessuna).")
        return kind(value)

    def chance(self, *key: object) -> float:
        """A number from 0 to 1 for these words and the seed.

        Not a sequence of draws: with concurrent callers the order changes at every run, a hash of what is
        decided does not.
        """
        text = "\x1f".join(map(str, (self.seed, *key)))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big") / 2**56
