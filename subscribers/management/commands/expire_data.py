from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from subscribers import retention


class Command(BaseCommand):
    help = "Cancella ciò che è conservato da più tempo di quanto serve (lo fa da solo ogni notte)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="dice che cosa andrebbe, e non tocca nulla"
        )
        parser.add_argument(
            "--time-is-right",
            action="store_true",
            help="conferma la data del server, se la cancellazione è ferma perché è in dubbio",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["time_is_right"]:
            retention.confirm_time()
        doubt = retention.time_in_doubt()
        if doubt and not options["dry_run"]:
            raise CommandError(f"{doubt} Da qui: --time-is-right.")
        due = retention.due()
        gone = {clock.name: count for clock, _, count in due}
        if not options["dry_run"]:
            gone = dict.fromkeys(gone, 0)
            with tqdm(total=sum(count for *_, count in due), unit=" righe", disable=None, leave=False) as bar:
                for clock, count in retention.run():
                    gone[clock.name] += count
                    bar.update(count)
        verb = "da cancellare" if options["dry_run"] else "cancellati"
        for name, count in gone.items():
            self.stdout.write(f"{name}: {verb} {count}")
