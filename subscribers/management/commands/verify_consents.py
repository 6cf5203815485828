from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from subscribers import comparing, verifying
from subscribers.models import ConsentEvent
from subscribers.verifying import Track

SHOWN = 200  # differences written out


class Command(BaseCommand):
    help = (
        "Verifica il registro dei consensi (catena, prove, diario) e lo confronta con le iscrizioni: chi "
        "riceve gli avvisi dev'essere chi risulta iscritto dal registro."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="RIGA:IMPRONTA",
            help="una testa del registro ricevuta per e-mail: deve esserci ancora, uguale (ripetibile)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        good, problem = verifying.verify(_track("Registro"), _heads(options["head"]))
        if problem:
            raise CommandError(f"Dopo {good} righe integre: {problem}.")
        self.stdout.write(f"Registro integro: {good} righe.")
        count = self._write(comparing.changed_policies())
        differences = comparing.differences(_track("Iscritti"))
        count += self._write(map(str, islice(differences, SHOWN)))
        if next(differences, None):
            self.stderr.write(f"… e altre: sono mostrate solo le prime {SHOWN}.")
        if count:
            raise CommandError(
                "Il registro è integro, ma non tutto corrisponde: qualcuno può aver cambiato la base dati. "
                "Le differenze sono qui sopra; vale ciò che dice il registro."
            )
        self.stdout.write("Iscrizioni, argomenti, numeri, prove e informative corrispondono al registro.")

    def _write(self, lines: Iterable[str]) -> int:
        count = 0
        for line in lines:
            self.stderr.write(line)
            count += 1
        return count


def _heads(texts: list[str]) -> dict[int, str]:
    heads = {}
    for text in texts:
        sequence, _, digest = text.partition(":")
        if not sequence.isdecimal() or len(digest) != 64:
            raise CommandError(f"«{text}» non è una testa: copiala dall'e-mail, come 120:3f8a…")
        heads[int(sequence)] = digest
    return heads


def _track(name: str) -> Track:
    def track(events: Iterable[ConsentEvent]) -> Iterable[ConsentEvent]:
        total = ConsentEvent.objects.count()
        return tqdm(events, desc=name, total=total, unit=" righe", disable=None, leave=False)

    return track
