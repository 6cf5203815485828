"""Who may do what: the roles as a table, kept as Django groups."""

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.db.models import Q

Rights = dict[str, str]

_ALL = "view add change delete"

_SEGRETERIA: Rights = {
    "broadcasts.broadcast": f"{_ALL} send stop",
    "broadcasts.category": "view",
    "broadcasts.budget": "view",
    "broadcasts.price": "view",
    "broadcasts.noticetext": _ALL,
    "reports.report": "view change treat export",
    "reports.reportcategory": "view",
    "reports.office": "view",
    "reports.replytext": "view change",
    "reports.cannedreply": _ALL,
    "subscribers.subscriber": "view add change",
    "subscribers.consentevent": "view",
    "subscribers.topic": "view",
    "subscribers.policy": "view",
    "subscribers.servicetext": "view",
    "whatsapp.contact": "view",
    "whatsapp.identityconflict": "view",
    "whatsapp.message": "view",
    "whatsapp.attempt": "view",
    "whatsapp.media": "view",
    "whatsapp.template": "view",
    "whatsapp.channel": "view",
    "whatsapp.accountevent": "view",
}
_RESPONSABILE: Rights = {
    **_SEGRETERIA,
    "broadcasts.category": "view change",
    "broadcasts.budget": _ALL,
    "broadcasts.price": _ALL,
    "reports.reportcategory": "view change",
    "reports.office": _ALL,
    "subscribers.subscriber": "view add change import rights view_full_numbers",
    "subscribers.consentevidence": "view",
    "subscribers.servicetext": "view change",
    "whatsapp.contact": "view change",
    "whatsapp.identityconflict": "view change",
    "whatsapp.channel": "view change",
    "whatsapp.template": _ALL,
    "whatsapp.staffphone": _ALL,
}
# Nothing to change, and nothing of what citizens write in confidence.
_REVISORI: Rights = {
    "auditlog.logentry": "view",
    "broadcasts.broadcast": "view",
    "broadcasts.category": "view",
    "subscribers.subscriber": "view export view_full_numbers",
    "subscribers.consentevent": "view export",
    "subscribers.consentevidence": "view",
    "subscribers.policy": "view",
    "subscribers.retentionrule": "view",
    "subscribers.retentionrun": "view",
    "subscribers.topic": "view",
}
_AMMINISTRATORI: Rights = {
    **_RESPONSABILE,
    "auditlog.logentry": "view",
    "auth.user": _ALL,
    "auth.group": "view",
    "broadcasts.category": _ALL,
    "reports.reportcategory": _ALL,
    "subscribers.subscriber": "view add change import rights export view_full_numbers",
    "subscribers.consentevent": "view export",
    "subscribers.policy": "view add change delete",
    "subscribers.retentionrule": "view change",
    "subscribers.retentionrun": "view",
    "subscribers.topic": "view change",
    "whatsapp.call": "view",
    "whatsapp.webhookevent": "view",
}

# role -> {app.model: actions}. An action such as `send` is the permission `send_broadcast`; one with an
# underscore is a permission's whole name.
ROLES: dict[str, Rights] = {
    "Segreteria": _SEGRETERIA,
    "Responsabile": _RESPONSABILE,
    "Revisori": _REVISORI,
    "Amministratori": _AMMINISTRATORI,
}


def codenames(model: str, actions: str) -> list[str]:
    """The permissions' names: `codenames("broadcast", "view send")`."""
    return [action if "_" in action else f"{action}_{model}" for action in actions.split()]


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
