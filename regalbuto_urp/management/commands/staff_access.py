"""The way back in when no administrator can help: by the server's own administrator."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from regalbuto_urp.access import factor, mail, passwords, sessions


class Command(BaseCommand):
    help = "Rimette in grado di entrare una persona del personale, o le toglie l'accesso."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        act = parser.add_mutually_exclusive_group(required=True)
        act.add_argument("--reset-factor", action="store_true", help="telefono e codici di riserva persi")
        act.add_argument(
            "--link", action="store_true", help="scrive il collegamento per scegliere la password"
        )
        act.add_argument("--switch-off", action="store_true", help="la persona non entra più")

    @transaction.atomic
    def handle(self, *, username: str, reset_factor: bool, link: bool, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"L'utente «{username}» non c'è.")
        if link:
            mail.tell(user, "creato sul server il collegamento per una nuova password", actor=None)
            self.stdout.write(passwords.link(user))
            return
        if reset_factor:
            factor.remove(user, by=None)
        else:
            user.is_active = False
            user.save()
            mail.tell(user, "accesso tolto sul server", actor=None)
        sessions.close(user)
        self.stdout.write("Fatto. Le sue sessioni sono chiuse.")
