from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.module_loading import autodiscover_modules

from subscribers import checks


class SubscribersConfig(AppConfig):
    name = "subscribers"
    verbose_name = "Iscritti"

    def ready(self) -> None:
        register(checks.consent_register)
        register(checks.head_email, Tags.security, deploy=True)
        autodiscover_modules("identities")  # its receivers
