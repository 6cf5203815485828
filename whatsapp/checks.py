"""What must be configured before the first message: told by `manage.py check`, and before a worker starts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning
from django.utils.module_loading import import_string

from whatsapp.providers import PROVIDERS

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# What each provider needs, and what for; another one, named by its path, checks its own.
NEEDED = {
    "cloud_api": {
        "WHATSAPP_ACCESS_TOKEN": "nessun messaggio può partire",
        "WHATSAPP_PHONE_NUMBER_ID": "nessun messaggio può partire",
        "WHATSAPP_WABA_ID": "i modelli non si possono chiedere né controllare, e le notizie di un altro "
        "account non si riconoscono",
        "WHATSAPP_APP_SECRET": "le notifiche di WhatsApp vengono rifiutate tutte",
        "WHATSAPP_VERIFY_TOKEN": "il webhook non si può registrare",
    },
    "dialog360": {
        "WHATSAPP_ACCESS_TOKEN": "nessun messaggio può partire",
        "WHATSAPP_PHONE_NUMBER_ID": "i messaggi per un altro numero non si riconoscono",
    },
}


def configuration(**_: Any) -> list[CheckMessage]:
    """Everything the channel needs; secrets only where the service is for real."""
    return [*_provider(), *_secrets(), *_addresses(), *_folder()]


def antivirus(**_: Any) -> list[CheckMessage]:
    """Asked for by `check --deploy` only: a service works without, and says so."""
    if settings.CLAMD:
        return []
    return [
        Info(
            "CLAMD è vuota: nessun antivirus guarda i file dei cittadini prima che il personale li apra.",
            hint="Installa ClamAV e scrivi l'indirizzo di clamd, vedi docs/operations.md.",
            id="whatsapp.I001",
        )
    ]


def _error(number: int, text: str, hint: str) -> Error:
    return Error(text, hint=hint, id=f"whatsapp.E{number:03}")


def _provider() -> Iterator[CheckMessage]:
    name = settings.WHATSAPP_PROVIDER
    try:
        import_string(PROVIDERS.get(name, name))
    except ImportError:
        known = ", ".join(PROVIDERS)
        yield _error(
            1,
            f"WHATSAPP_PROVIDER «{name}» non esiste: nessun messaggio può partire.",
            f"Usa uno di questi ({known}) o il percorso di una classe, come pacchetto.modulo.Classe.",
        )


def _secrets() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        return
    for name, consequence in NEEDED.get(settings.WHATSAPP_PROVIDER, {}).items():
        if not getattr(settings, name):
            yield _error(2, f"{name} manca: {consequence}.", "Mettila nell'ambiente, vedi .env.example.")
    door = settings.WHATSAPP_APP_SECRET or settings.WHATSAPP_VERIFY_TOKEN
    if settings.WHATSAPP_PROVIDER == "dialog360" and not door:
        yield _error(
            2,
            "Mancano WHATSAPP_APP_SECRET e WHATSAPP_VERIFY_TOKEN: le notifiche vengono rifiutate tutte.",
            "Metti il primo se 360dialog firma le notifiche, altrimenti il secondo (docs/operations.md).",
        )
    if settings.WHATSAPP_PROVIDER == "dialog360" and not settings.WHATSAPP_WABA_ID:
        yield Warning(
            "WHATSAPP_WABA_ID manca: le notizie di un altro account non si riconoscono.",
            hint="È l'identificativo dell'account WhatsApp Business, nel pannello di 360dialog.",
            id="whatsapp.W007",
        )


def _addresses() -> Iterator[CheckMessage]:
    url = urlsplit(settings.WHATSAPP_API_URL)
    if url.scheme != "https" and url.hostname not in LOOPBACK:
        yield _error(
            3,
            "WHATSAPP_API_URL non è https: la chiave di accesso viaggerebbe in chiaro.",
            "Usa un indirizzo che comincia con https://.",
        )
    if settings.WHATSAPP_PROVIDER == "cloud_api" and not url.path.startswith("/v"):
        yield _error(
            4,
            "WHATSAPP_API_URL non dice la versione: Meta userebbe l'ultima, anche con novità incompatibili.",
            "Aggiungila in fondo, come https://graph.facebook.com/v25.0.",
        )
    if not settings.WHATSAPP_MEDIA_HOSTS:
        yield _error(
            5,
            "WHATSAPP_MEDIA_HOSTS è vuota: foto e video dei cittadini non si possono scaricare.",
            "Togli la variabile per usare gli indirizzi di Meta, o elencali separati da virgole.",
        )


def _folder() -> Iterator[CheckMessage]:
    """Citizens' pictures under a folder that a web server publishes would be open to everybody."""
    media = Path(settings.MEDIA_ROOT).resolve()
    for folder in filter(None, [settings.STATIC_ROOT, *settings.STATICFILES_DIRS]):
        # A folder may stand beside the prefix its files are published under.
        public = Path(str(folder[1] if isinstance(folder, tuple) else folder)).resolve()
        if media == public or public in media.parents or media in public.parents:
            yield _error(
                6,
                f"MEDIA_ROOT ({media}) e la cartella pubblica {public} stanno una dentro l'altra: "
                "chiunque potrebbe vedere i file dei cittadini.",
                "Metti MEDIA_ROOT in una cartella che il server web non pubblica.",
            )
