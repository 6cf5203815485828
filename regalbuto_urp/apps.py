from auditlog.apps import AuditlogConfig
from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate

from regalbuto_urp.roles import install_roles


class SiteConfig(AppConfig):
    name = "regalbuto_urp"
    verbose_name = "WhatsURP"

    def ready(self) -> None:
        post_migrate.connect(install_roles, dispatch_uid="regalbuto_urp.install_roles")


class ItalianAdminConfig(AdminConfig):
    default_site = "regalbuto_urp.admin_site.TownAdminSite"


class ActionLogConfig(AuditlogConfig):  # type: ignore[misc]
    verbose_name = "Registro delle azioni"
