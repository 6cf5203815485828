from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from subscribers import verifying
from subscribers.models import ConsentEvent


class Command(BaseCommand):
    help = "Verifica il registro dei consensi, riga per riga: catena, prove e diario."

    def handle(self, *args: Any, **options: Any) -> None:
        def track(events: Iterable[ConsentEvent]) -> Iterable[ConsentEvent]:
            total = ConsentEvent.objects.count()
            return tqdm(events, desc="Registro", total=total, unit=" righe", disable=None, leave=False)

        good, problem = verifying.verify(track)
        if problem:
            raise CommandError(f"Dopo {good} righe integre: {problem}.")
        self.stdout.write(f"Registro integro: {good} righe.")
