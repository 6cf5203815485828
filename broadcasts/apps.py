from django.apps import AppConfig
from django.utils.module_loading import import_string

from whatsapp import signals


class BroadcastsConfig(AppConfig):
    name = "broadcasts"
    verbose_name = "Avvisi"

    def ready(self) -> None:
        # By name: the models are not there yet when this module is loaded.
        signals.page_taken.connect(import_string("broadcasts.approval.refuse_from_phone"))
