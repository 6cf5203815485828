"""E-mails to the staff about their own access."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from regalbuto_urp.access import journal
from whatsapp import mail

TO_NOWHERE = ("console", "dummy")


def leaves() -> bool:
    """Is there a mail server? Otherwise e-mails are printed or dropped."""
    return settings.EMAIL_BACKEND.split(".")[-2] not in TO_NOWHERE


def name_of(user: Any) -> str:
    return str(user.get_full_name() or user.get_username())


def send(user: Any, subject: str, text: str, *, also_to: Iterable[str] = ()) -> None:
    """Write to a member of the staff after the commit, with retries.

    Args:
        also_to: other addresses, such as the one the person had until now.
    """
    addresses = {user.email, *also_to} - {""}
    if not addresses:
        journal.note(user, "non avvisato per e-mail: manca l'indirizzo", actor=None)
    mail.enqueue(sorted(addresses), f"WhatsURP: {subject}", text)


def tell(user: Any, done: str, *, actor: Any, second: Any = None, also_to: Iterable[str] = ()) -> None:
    """Write into the log of actions what happened to a person's access, and tell the person.

    Args:
        actor: who did it; None: the log takes who is logged in, if anybody is.
        second: the administrator who confirmed it.
    """
    confirmed = f", con la conferma di {name_of(second)}" if second else ""
    journal.note(user, f"{done}{confirmed}", actor=actor)
    author = f" È stato fatto da {name_of(actor)}{confirmed}." if actor else ""
    text = (
        f"Sul tuo accesso a WhatsURP (nome utente {user.get_username()}): {done}.{author}\n\n"
        "Se non ne sai nulla, avvisa subito un amministratore del servizio."
    )
    send(user, "il tuo accesso è cambiato", text, also_to=also_to)
