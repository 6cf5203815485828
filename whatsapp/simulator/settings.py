"""The faults and delays that can be switched on while the simulator runs."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(slots=True)
class Settings:
    """Times in seconds, rates from 0 to 1; 0 switches a fault off."""

    delay: float = 0.3
    read_automatically: bool = True
    duplicate_webhooks: int = 0  # how many times more each POST is repeated
    shuffle_statuses: bool = False
    fail_rate: float = 0.0
    fail_code: int = 131026
    fail_async: bool = True  # False: refused at the call instead of by a `failed` status
    lose_answer_rate: float = 0.0  # the message is accepted, the HTTP answer is cut
    hang_seconds: float = 0.0  # a lost answer keeps the caller waiting this long first
    answer_delay: float = 0.0
    http_status: int = 0  # answer every call this way, without a Graph body and without accepting
    pair_limit: bool = False
    throughput: int = 0  # messages a second beyond which 130429 is answered
    enforce_window: bool = True
    retry_seconds: float = 300.0  # how long a refused webhook is tried again
    seed: int = 1

    def reset(self, delay: float) -> None:
        for field in dataclasses.fields(self):
            setattr(self, field.name, field.default)
        self.delay = delay

    def update(self, values: Mapping[str, Any]) -> None:
        """All or nothing: a name or a value that does not fit raises ValueError, in Italian for the page."""
        checked = {name: self._checked(name, value) for name, value in values.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def _checked(self, name: str, value: Any) -> Any:
        if name not in {field.name for field in dataclasses.fields(self)}:
            raise ValueError(f"Impostazione sconosciuta: «{name}».")
        kind = type(getattr(self, name))
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
