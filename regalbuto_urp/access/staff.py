"""Changes of users. Each is logged, and the person gets an e-mail about it.

`changes.KINDS` names these functions: `target` is the user's key, `values` is what the request keeps.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, User

from regalbuto_urp import roles
from regalbuto_urp.access import factor, mail, passwords, sessions

# The fields that users may change for themselves; the others are rights.
OWN = ("first_name", "last_name", "email")
LABELS = {
    "username": "nome utente", "first_name": "nome", "last_name": "cognome", "email": "e-mail",
    "roles": "ruoli", "is_active": "attivo", "is_superuser": "tutti i permessi",
}  # fmt: skip


class CannotDo(ValueError):
    """The change cannot be made; the text says why, for the staff."""


@dataclass(frozen=True)
class Authority:
    """Who asked for a change, and the other administrator who confirmed it."""

    by: Any
    second: Any = None


def state_of(user: User) -> dict[str, Any]:
    """The values that a change may touch, in the shape that a request keeps."""
    fields = {name: getattr(user, name) for name in LABELS if name != "roles"}
    return {**fields, "roles": sorted(user.groups.values_list("name", flat=True)) if user.pk else []}


def only_switches_off(values: dict[str, list[Any]], before: dict[str, Any]) -> bool:
    """Is this nothing but the end of the access of a person who is no administrator? That never waits."""
    administers = roles.ADMINISTRATORS in before["roles"] or before["is_superuser"]
    return values == {"is_active": [True, False]} and not administers


def describe(changes: dict[str, list[Any]]) -> str:
    """«ruoli: Redazione → Approvazione; attivo: sì → no»."""
    return "; ".join(
        f"{LABELS[name]}: {_words(before)} → {_words(after)}" for name, (before, after) in changes.items()
    )


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "sì" if value else "no"
    if isinstance(value, list):
        value = ", ".join(value)
    return value or "nessuno"


def add(target: str, values: dict[str, Any], who: Authority) -> None:
    """A new user, who chooses a password by a link. Raises CannotDo."""
    _refuse_conflict(values["roles"])
    if User.objects.filter(username=values["username"]).exists():
        raise CannotDo(f"Il nome utente «{values['username']}» esiste già.")
    fields = {name: value for name, value in values.items() if name != "roles"}
    user = User(**fields, is_staff=True)
    user.set_unusable_password()
    user.save()
    user.groups.set(Group.objects.filter(name__in=values["roles"]))
    given = ", ".join(values["roles"]) or "nessun ruolo"
    mail.tell(user, f"utente creato: {given}", actor=who.by, second=who.second)
    passwords.send_link(user)


def change(target: str, values: dict[str, Any], who: Authority) -> None:
    """Each value is a pair: what it was when the change was asked for, what it becomes. Raises CannotDo."""
    user = _locked(target)
    current = state_of(user)
    if any(current[name] != before for name, (before, _) in values.items()):
        raise CannotDo("Nel frattempo l'utente è cambiato: la richiesta non vale più, falla di nuovo.")
    if user.pk == who.by.pk and set(values) - set(OWN):
        raise CannotDo("I propri ruoli e permessi li cambia un altro amministratore.")
    wanted = {name: after for name, (_, after) in values.items()}
    _refuse_conflict(wanted.get("roles", current["roles"]))
    for name in wanted.keys() - {"roles"}:
        setattr(user, name, wanted[name])
    user.save()
    if "roles" in wanted:
        user.groups.set(Group.objects.filter(name__in=wanted["roles"]))
    if not user.is_active:
        sessions.close(user)
    earlier = [current["email"]] if "email" in wanted else []
    mail.tell(user, describe(values), actor=who.by, second=who.second, also_to=earlier)


def renew_password(target: str, values: dict[str, Any], who: Authority) -> None:
    """Send the person a link to choose a password; the one of now holds until then. Raises CannotDo."""
    user = _locked(target)
    if not user.email:
        raise CannotDo("L'utente non ha un indirizzo e-mail: scrivilo prima nella sua pagina.")
    mail.tell(user, "inviato il collegamento per una nuova password", actor=who.by, second=who.second)
    passwords.send_link(user)


def reset_factor(target: str, values: dict[str, Any], who: Authority) -> None:
    """The telephone is lost: the next log-in registers another. Raises CannotDo."""
    user = _locked(target)
    factor.remove(user, by=who.by, second=who.second)
    sessions.close(user)


def _locked(target: str) -> User:
    user = User.objects.select_for_update().filter(pk=target).first()
    if user is None:
        raise CannotDo("L'utente non c'è più.")
    return user


def _refuse_conflict(names: list[str]) -> None:
    if text := roles.conflict(names):
        raise CannotDo(text)
