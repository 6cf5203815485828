"""The policy and privacy notice: drafted, published, never edited."""

import hashlib

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from subscribers.models import Policy


class CannotPublish(ValueError):
    """A published version stays as it is, and versions come into force in their order."""


class AlreadyPublished(CannotPublish):
    """It is in force, or was: write a new one."""


def in_force() -> Policy:
    """The version that holds now. Raises ImproperlyConfigured: none was ever published; a migration publishes
    the first."""
    policy = Policy.objects.filter(in_force_from__lte=timezone.now()).order_by("-version").first()
    if policy is None:
        raise ImproperlyConfigured("Non c'è un'informativa pubblicata.")
    return policy


def digest(policy: Policy) -> str:
    """SHA-256 of what the citizen could read: title and text, line ends as LF."""
    text = f"{policy.title}\n{policy.text}".replace("\r\n", "\n")
    return hashlib.sha256(text.encode()).hexdigest()


def publish(policy: Policy) -> Policy:
    """Put a draft in force from now on.

    Raises:
        AlreadyPublished: it is in force, or was.
        CannotPublish: a later version is in force, or the text is empty.
    """
    if policy.in_force_from is not None:
        raise AlreadyPublished("Questa versione è già pubblicata: per cambiarla, scrivine una nuova.")
    if Policy.objects.filter(version__gt=policy.version, in_force_from__isnull=False).exists():
        raise CannotPublish("È già in vigore una versione successiva: dai a questa un numero più alto.")
    if not policy.text.strip():
        raise CannotPublish("L'informativa è vuota: scrivi il testo prima di pubblicarla.")
    policy.text = policy.text.replace("\r\n", "\n")
    policy.sha256, policy.in_force_from = digest(policy), timezone.now()
    policy.save()
    return policy


def blocks(text: str) -> list[tuple[str, list[str]]]:
    """The text as a page shows it: («title», [line]), («list», lines), («paragraph», [text]).

    A block begins after an empty line; «## » makes a title, «- » a list. Templates escape it.
    """
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line.strip() for line in block.strip().splitlines()]
        if not lines:
            continue
        if lines[0].startswith("## "):
            found.append(("title", [lines[0].removeprefix("## ")]))
        elif all(line.startswith("- ") for line in lines):
            found.append(("list", [line.removeprefix("- ") for line in lines]))
        else:
            found.append(("paragraph", [" ".join(lines)]))
    return found
