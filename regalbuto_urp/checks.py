"""What must hold where citizens are served: `manage.py check --deploy`, run as the service's own user.

Each message says what is wrong and what to do. The database is asked too, though Django leaves it out unless
it is named.
"""

import hmac
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, connection

from regalbuto_urp.local import TRIAL_ENVIRONMENT
from subscribers import register
from subscribers.models import ConsentEvent

SECRETS = (
    "SECRET_KEY",
    "CONSENT_KEY",
    "WHATSAPP_ACCESS_TOKEN",
    "WHATSAPP_APP_SECRET",
    "WHATSAPP_VERIFY_TOKEN",
)
# They take a message and send none.
SILENT_MAILERS = ("console", "dummy", "filebased", "locmem")
LONGEST_MAIL_TIMEOUT = 60  # seconds


def deployment(**_: Any) -> list[CheckMessage]:
    """Every check of a service that is not a trial."""
    return [*_switches(), *_secrets(), *_email(), *_listening(), *_folders(), *_database()]


def _error(number: int, text: str, hint: str) -> Error:
    return Error(text, hint=hint, id=f"whatsurp.E{number:03}")


def _switches() -> Iterator[CheckMessage]:
    if not settings.SECOND_FACTOR:
        yield _error(
            1,
            "SECOND_FACTOR è spento: una password rubata basta per aprire tutto il back office.",
            "Togli la variabile dall'ambiente.",
        )
    if settings.DEBUG:
        yield _error(
            2,
            "DEBUG è acceso: chi provoca un errore legge il codice e i dati della pagina.",
            "Togli la variabile dall'ambiente, o scrivi DEBUG=false.",
        )
    if not settings.HTTPS:
        yield _error(
            3,
            "SITE_URL non è https: password e sessioni viaggiano in chiaro.",
            "Scrivi l'indirizzo pubblico con https:// e metti un proxy con il certificato davanti al sito.",
        )


def _secrets() -> Iterator[CheckMessage]:
    for name in SECRETS:
        if getattr(settings, name) == TRIAL_ENVIRONMENT[name]:
            yield _error(
                4,
                f"{name} è il valore di prova, che chiunque può leggere nel codice.",
                "Mettine uno tuo nell'ambiente: .env.example dice come si ottiene.",
            )


def _email() -> Iterator[CheckMessage]:
    if any(name in settings.EMAIL_BACKEND for name in SILENT_MAILERS):
        yield _error(
            5,
            "EMAIL_URL non manda posta a nessuno: chi è di turno non riceve le chiamate per e-mail.",
            "Indica il server di posta, per esempio EMAIL_URL=smtp+tls://utente:password@server:587.",
        )
    if not settings.EMAIL_TIMEOUT or not 0 < settings.EMAIL_TIMEOUT <= LONGEST_MAIL_TIMEOUT:
        yield _error(
            6,
            "EMAIL_TIMEOUT manca o è troppo lungo: un server di posta muto ferma chi lo aspetta.",
            f"Togli la variabile (vale 10 secondi) o scrivi un numero da 1 a {LONGEST_MAIL_TIMEOUT}.",
        )


def _listening() -> Iterator[CheckMessage]:
    """Open to other machines only for a proxy there, which is named: what others say of a caller is false."""
    for address in settings.PROXY_ADDRESSES:
        if not _is_network(address):
            yield _error(
                13,
                f"PROXY_ADDRESSES contiene «{address}», che non è un indirizzo né una rete.",
                "Scrivi indirizzi IP o reti, separati da virgole, come 10.0.0.5,172.18.0.0/16.",
            )
    if _is_local(settings.HOST) or not all(map(_is_local, settings.PROXY_ADDRESSES)):
        return
    yield _error(
        7,
        f"HOST è {settings.HOST}: il sito si raggiunge da altre macchine senza passare dal proxy.",
        "Togli la variabile (vale 127.0.0.1) o usa unix:/percorso. Se il proxy sta su un'altra macchina, "
        "scrivi il suo indirizzo in PROXY_ADDRESSES e chiudi la porta a tutti gli altri.",
    )


def _is_local(host: str) -> bool:
    if host == "localhost" or host.startswith("unix:"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _folders() -> Iterator[CheckMessage]:
    if not _takes_files(Path(settings.MEDIA_ROOT)):
        yield _error(
            8,
            f"MEDIA_ROOT ({settings.MEDIA_ROOT}) non si può scrivere: i file dei cittadini andrebbero persi.",
            "Crea la cartella e dalla all'utente che esegue il servizio.",
        )
    journal = settings.CONSENT_JOURNAL
    if journal and not _can_append(Path(journal)):
        yield _error(
            9,
            f"CONSENT_JOURNAL ({journal}) non si può scrivere: la copia del registro si fermerebbe.",
            "Crea la cartella del file, sull'altro disco, e dalla all'utente che esegue il servizio.",
        )


def _takes_files(folder: Path) -> bool:
    """Tried rather than asked: permissions say little to root, or of a full or read-only disk."""
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError:
        return False
    return True


def _can_append(path: Path) -> bool:
    if not path.exists():
        return _takes_files(path.parent)
    try:
        path.open("ab").close()
    except OSError:
        return False
    return True


def _database() -> Iterator[CheckMessage]:
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[-1]
        yield _error(
            10,
            f"Il database di DATABASE_URL non si apre: {reason}",
            "Controlla indirizzo, nome, utente e password, e che PostgreSQL sia in funzione.",
        )
        return
    if connection.vendor != "postgresql":
        yield _error(11, "DATABASE_URL non è PostgreSQL.", "Il servizio funziona solo con PostgreSQL.")
    elif not _key_opens_register():
        yield _error(
            12,
            "CONSENT_KEY non apre il registro dei consensi: le righe nuove romperebbero la catena.",
            "Rimetti la chiave con cui il registro è stato scritto: sta fra le copie di sicurezza.",
        )


def _key_opens_register() -> bool:
    """Does the key give the last row its hash? An empty register, or none yet, fits every key."""
    if ConsentEvent._meta.db_table not in connection.introspection.table_names():
        return True
    last = ConsentEvent.objects.order_by("-sequence").first()
    if last is None:
        return True
    return bool(settings.CONSENT_KEY) and hmac.compare_digest(last.hash, register.row_hash(last))
