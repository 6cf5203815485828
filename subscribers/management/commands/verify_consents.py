from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subscribers import register


class Command(BaseCommand):
    help = "Verifica il registro dei consensi, riga per riga."

    def handle(self, *args: Any, **options: Any) -> None:
        good, problem = register.verify_chain()
        if problem:
            raise CommandError(f"Dopo {good} righe integre: {problem}.")
        self.stdout.write(f"Registro integro: {good} righe.")
