"""Who may do what: the roles as a table, kept as Django groups."""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.db.models import Q

Rights = dict[str, str]

_ALL = "view add change delete"

# Who writes the notices: nothing of the citizens but how many they are.
_REDAZIONE: Rights = {
    "broadcasts.budget": "view",
    "broadcasts.broadcast": f"{_ALL} send stop",
    "broadcasts.category": "view",
    "broadcasts.noticetext": _ALL,
    "broadcasts.price": "view",
    "whatsapp.accountevent": "view",
    "whatsapp.channel": "view",
    "whatsapp.media": "view_sent_media",
    "whatsapp.template": "view",
}
# Who answers for the service: approves, decides about people and their rights.
_APPROVAZIONE: Rights = {
    **_REDAZIONE,
    "broadcasts.broadcast": f"{_ALL} send stop approve emergency",
    "subscribers.consentevent": "view",
    "subscribers.consentevidence": "view",
    "subscribers.policy": "view",
    "subscribers.servicetext": "view",
    "subscribers.subscriber": "view add change import rights view_full_numbers",
    "subscribers.topic": "view",
    "whatsapp.channel": "view pause",
    "whatsapp.contact": "view change",
    "whatsapp.identityconflict": "view change",
}
# Who reads what citizens write, answers it, and enrols them at the desk.
_SEGNALAZIONI: Rights = {
    "reports.cannedreply": _ALL,
    "reports.office": "view",
    "reports.report": "view change treat export",
    "reports.reportcategory": "view",
    "reports.replytext": "view",
    "subscribers.consentevent": "view",
    "subscribers.policy": "view",
    "subscribers.subscriber": "view add change",
    "whatsapp.attempt": "view",
    "whatsapp.channel": "view",
    "whatsapp.contact": "view",
    "whatsapp.identityconflict": "view",
    "whatsapp.media": "view",
    "whatsapp.message": "view",
}
# Nothing to change, and nothing of what citizens write in confidence.
_REVISORI: Rights = {
    "auditlog.logentry": "view",
    "broadcasts.broadcast": "view",
    "broadcasts.budget": "view",
    "broadcasts.category": "view",
    "broadcasts.price": "view",
    "subscribers.consentevent": "view export",
    "subscribers.consentevidence": "view",
    "subscribers.policy": "view",
    "subscribers.retentionrule": "view",
    "subscribers.retentionrun": "view",
    "subscribers.subscriber": "view export view_full_numbers",
    "subscribers.topic": "view",
    "whatsapp.media": "view_sent_media",
}
# The service itself, without a word of the notices or of the citizens. Users are switched off, never deleted:
# what they did stays theirs.
_AMMINISTRATORI: Rights = {
    "auditlog.logentry": "view",
    "auth.user": "view add change",
    "axes.accessattempt": "view delete",
    "broadcasts.budget": _ALL,
    "broadcasts.category": _ALL,
    "broadcasts.noticetext": _ALL,
    "broadcasts.price": _ALL,
    "regalbuto_urp.changerequest": "view decide",
    "reports.cannedreply": _ALL,
    "reports.office": _ALL,
    "reports.reportcategory": _ALL,
    "reports.replytext": "view change",
    "subscribers.policy": _ALL,
    "subscribers.retentionrule": "view change",
    "subscribers.retentionrun": "view",
    "subscribers.servicetext": "view change",
    "subscribers.topic": "view change",
    "whatsapp.accountevent": "view",
    "whatsapp.call": "view",
    "whatsapp.channel": "view change pause open",
    "whatsapp.staffphone": _ALL,
    "whatsapp.template": _ALL,
    "whatsapp.webhookevent": "view",
}

# role -> {app.model: actions}. An action such as `send` is the permission `send_broadcast`; one with an
# underscore is a permission's whole name. One that no model defines is nobody's.
ROLES: dict[str, Rights] = {
    "Redazione": _REDAZIONE,
    "Approvazione": _APPROVAZIONE,
    "Segnalazioni": _SEGNALAZIONI,
    "Revisori": _REVISORI,
    "Amministratori": _AMMINISTRATORI,
}
# In the administrator's words, beside each role.
TELL = {
    "Redazione": "scrive gli avvisi e invia quelli che non vogliono una seconda persona",
    "Approvazione": "approva gli avvisi, ferma il canale, risponde dei diritti delle persone",
    "Segnalazioni": "legge ciò che scrivono i cittadini e risponde",
    "Revisori": "legge ed esporta, non cambia nulla",
    "Amministratori": "utenti, canale, modelli, categorie, testi, conservazione dei dati",
}


# Who gives the rights neither approves, nor writes to citizens, nor reads them.
ADMINISTRATORS = "Amministratori"
NOT_WITH_ADMINISTRATORS = ("Redazione", "Approvazione", "Segnalazioni")


def conflict(names: list[str]) -> str:
    """Why one person cannot have these roles together, in Italian; empty if they can."""
    others = [name for name in NOT_WITH_ADMINISTRATORS if name in names]
    if ADMINISTRATORS not in names or not others:
        return ""
    return (
        f"Il ruolo {ADMINISTRATORS} non sta insieme a {', '.join(others)}: chi dà i permessi non scrive, "
        "non approva e non risponde ai cittadini. Togli l'uno o gli altri, oppure crea due utenti per due "
        "persone."
    )


def codenames(model: str, actions: str) -> list[str]:
    """The permissions' names: `codenames("broadcast", "view send")`."""
    return [action if "_" in action else f"{action}_{model}" for action in actions.split()]


def permissions(rights: Rights) -> frozenset[str]:
    """As `has_perm` takes them: `broadcasts.send_broadcast`."""
    return frozenset(
        f"{model.split('.')[0]}.{codename}"
        for model, actions in rights.items()
        for codename in codenames(model.split(".")[1], actions)
    )


def install_roles(sender: AppConfig | None = None, **_: Any) -> None:
    """Bring the groups in line with the table; after every migrate.

    Args:
        sender: the app just migrated; its permissions are made here, as Django's own receiver may come later.
    """
    if sender is not None:
        create_permissions(sender, verbosity=0)
    # Asked of the registry: this module is loaded before the models are.
    groups = apps.get_model("auth", "Group").objects
    permissions = apps.get_model("auth", "Permission").objects
    for role, rights in ROLES.items():
        group, _created = groups.get_or_create(name=role)
        wanted = Q(pk__in=[])
        for model, actions in rights.items():
            app, name = model.split(".")
            wanted |= Q(content_type__app_label=app, codename__in=codenames(name, actions))
        group.permissions.set(permissions.filter(wanted))
