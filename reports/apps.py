from django.apps import AppConfig
from django.utils.module_loading import import_string

from whatsapp import signals


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = "Segnalazioni"

    def ready(self) -> None:
        # By name: the models are not there yet when this module is loaded.
        signals.page_taken.connect(import_string("reports.casework.take_from_phone"))
        signals.media_rejected.connect(import_string("reports.answering.tell_of_rejected"))
