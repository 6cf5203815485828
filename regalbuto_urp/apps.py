from auditlog.apps import AuditlogConfig
from axes.apps import AppConfig as AxesConfig
from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string

from regalbuto_urp.roles import install_roles


class SiteConfig(AppConfig):
    name = "regalbuto_urp"
    verbose_name = "WhatsURP"

    def ready(self) -> None:
        post_migrate.connect(install_roles, dispatch_uid="regalbuto_urp.install_roles")
        # By name: the models are not there yet when this module is loaded.
        register(import_string("regalbuto_urp.checks.deployment"), Tags.security, deploy=True)
        journal = "regalbuto_urp.access.journal"
        user_logged_in.connect(import_string(f"{journal}.entered"))
        user_logged_out.connect(import_string(f"{journal}.left"))
        import_string("axes.signals.user_locked_out").connect(import_string(f"{journal}.locked"))


class ItalianAdminConfig(AdminConfig):
    default_site = "regalbuto_urp.admin_site.TownAdminSite"


class LocksConfig(AxesConfig):  # type: ignore[misc]
    verbose_name = "Accessi"


class ActionLogConfig(AuditlogConfig):  # type: ignore[misc]
    verbose_name = "Registro delle azioni"
