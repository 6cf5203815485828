"""What must be configured before the first citizen writes."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning


def consent_register(**_: Any) -> list[CheckMessage]:
    """Without its key the register takes no line: every ON and OFF would wait, and be tried again."""
    found: list[CheckMessage] = []
    if not settings.CONSENT_KEY:
        found.append(
            Warning(
                "CONSENT_KEY manca: nessuno può iscriversi né cancellarsi.",
                hint="Mettila nell'ambiente, vedi .env.example: un testo casuale lungo, che non cambi mai.",
                id="subscribers.W001",
            )
        )
    if not settings.CONSENT_JOURNAL:
        found.append(
            Warning(
                "CONSENT_JOURNAL manca: dopo un ripristino non si sa chi si è cancellato nel frattempo.",
                hint="Indica un file su un altro disco, vedi .env.example.",
                id="subscribers.W002",
            )
        )
    return found


def head_email(**_: Any) -> list[CheckMessage]:
    """Only outside this machine can a cut of register and journal together be seen."""
    if settings.CONSENT_HEAD_EMAIL:
        return []
    return [
        Warning(
            "CONSENT_HEAD_EMAIL manca: chi taglia insieme registro e diario dei consensi non viene scoperto.",
            hint="Metti l'indirizzo di una persona fuori da questo server, per esempio del DPO.",
            id="subscribers.W003",
        )
    ]
