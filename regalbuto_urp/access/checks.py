"""What must hold where the service is for real: told by `manage.py check --deploy`."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning


def second_factor(**_: Any) -> list[CheckMessage]:
    """Is the second factor required?"""
    if settings.SECOND_FACTOR:
        return []
    text = "SECOND_FACTOR è spento: una password rubata basta per aprire il back office e avvisare il paese."
    return [Warning(text, hint="Togli la variabile dall'ambiente.", id="whatsurp.W001")]
