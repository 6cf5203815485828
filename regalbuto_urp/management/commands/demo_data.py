"""Fill an empty database with practice data."""

from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from regalbuto_urp.demo import filling, staff
from regalbuto_urp.run import DEMO_PASSWORD


class Command(BaseCommand):
    help = "Carica in un database vuoto i dati di prova: iscritti, avvisi, segnalazioni, utenti."

    def handle(self, *args: Any, **options: Any) -> None:
        if filling.already_there():
            self.stdout.write("I dati di prova ci sono già: non è cambiato nulla.")
            return
        try:
            subscribers, moments = filling.fill(partial(tqdm, desc="Dati di prova", unit="fatti"))
        except filling.Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Caricati {subscribers} iscritti e {moments} fatti di otto mesi.")
        users = ", ".join(staff.USERS)
        self.stdout.write(f"Utenti di prova: {users}. Password di tutti: {DEMO_PASSWORD}")
