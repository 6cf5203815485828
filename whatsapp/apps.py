from django.apps import AppConfig
from django.core.checks import register

from whatsapp import checks


class WhatsappConfig(AppConfig):
    name = "whatsapp"
    verbose_name = "Canale WhatsApp"

    def ready(self) -> None:
        register(checks.configuration)
        register(checks.antivirus, deploy=True)
