from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from subscribers import retention


class Command(BaseCommand):
    help = "Cancella ciò che è conservato da più tempo di quanto serve (lo fa da solo ogni notte)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="dice che cosa andrebbe, e non tocca nulla"
        )

    def handle(self, *args: Any, **options: Any) -> None:
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
