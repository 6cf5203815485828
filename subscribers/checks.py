"""What must be configured before the first citizen writes."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning


def consent_key(**_: Any) -> list[CheckMessage]:
    """Without its key the register takes no line: every ON and OFF would wait, and be tried again."""
    if settings.CONSENT_KEY:
        return []
    return [
        Warning(
            "CONSENT_KEY manca: nessuno può iscriversi né cancellarsi.",
            hint="Mettila nell'ambiente, vedi .env.example: un testo casuale lungo, che non cambi mai.",
            id="subscribers.W001",
        )
    ]
