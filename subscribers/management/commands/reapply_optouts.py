from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subscribers import restoring


class Command(BaseCommand):
    help = (
        "Dopo il ripristino di una copia più vecchia: riapplica dal diario chi si è cancellato nel frattempo."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = restoring.reapply()
        except restoring.Forged as forged:
            raise CommandError(str(forged)) from forged
        if not done.events:
            self.stdout.write("Il registro ha già tutto ciò che c'è nel diario: non serve fare nulla.")
            return
        self.stdout.write(
            f"Eventi ripresi dal diario: {done.events}. Cancellati di nuovo: {done.left}. "
            f"Iscritti di nuovo: {done.joined}. Dati personali cancellati di nuovo: {done.erased}."
        )
        if done.unknown:
            self.stdout.write(
                f"Persone che la copia non conosce: {done.unknown}. Non ricevono avvisi finché non "
                "riscrivono ISCRIZIONE ON."
            )
        if done.set_aside:
            self.stdout.write(
                "Il servizio aveva già scritto nel registro: è cominciato un nuovo diario, quello di prima è "
                f"in {done.set_aside}. Conservalo."
            )
