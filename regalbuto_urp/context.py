"""What every page knows of the town."""

from django.conf import settings
from django.http import HttpRequest

TOWN = {
    "town": "Comune di Regalbuto",
    "office": "Ufficio Segreteria - Staff del Sindaco",
    "town_site": "https://comune.regalbuto.en.it",
    "town_email": "segreteria@comune.regalbuto.en.it",
}


def town(request: HttpRequest) -> dict[str, str]:
    """The town's names and its WhatsApp number, in E.164 and as people read it."""
    number = settings.WHATSAPP_DISPLAY_NUMBER
    return {**TOWN, "whatsapp_number": number, "whatsapp_number_read": readable(number)}


def readable(number: str) -> str:
    """«366 53 40 900», as the town writes it; numbers of other lengths or countries stay as they are."""
    own = number.removeprefix("+39")
    return (
        f"{own[:3]} {own[3:5]} {own[5:7]} {own[7:]}"
        if number.startswith("+39") and len(own) == 10
        else number
    )
