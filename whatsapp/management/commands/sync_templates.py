from typing import Any

from django.core.management.base import BaseCommand, CommandError

from whatsapp import account
from whatsapp.errors import ChannelError


class Command(BaseCommand):
    help = "Aggiorna i modelli secondo WhatsApp, e sottopone le bozze e ciò che WhatsApp non ha."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = account.sync_templates(installing=True)
            counts = account.submit_drafts()
        except ChannelError as error:
            raise CommandError(error.text) from error
        self.stdout.write(
            f"Modelli aggiornati: {found}, sottoposti: {counts['submitted']}, "
            f"rifiutati: {counts['refused']}{'' if not counts['refused'] else ' (il motivo è nel modello)'}."
        )
