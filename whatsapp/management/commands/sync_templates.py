from typing import Any

from django.core.management.base import BaseCommand, CommandError

from whatsapp import account
from whatsapp.errors import ChannelError


class Command(BaseCommand):
    help = "Sottopone a WhatsApp i modelli che mancano e aggiorna lo stato degli altri."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = account.sync_templates()
        except ChannelError as error:
            raise CommandError(error.text) from error
        self.stdout.write(
            f"Modelli sottoposti: {counts['submitted']}, aggiornati: {counts['updated']}, "
            f"rifiutati: {counts['refused']}."
        )
