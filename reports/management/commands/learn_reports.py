from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from reports import learning, severity


class Command(BaseCommand):
    help = "Impara di nuovo dagli esempi (reports/data/examples.txt) e dice quanto spesso indovina."
    requires_system_checks = []  # it needs neither WhatsApp nor a database

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            examples = learning.read_examples()
        except ValueError as error:
            raise CommandError(
                f"Una riga degli esempi non è «testo | categoria | livello»: {error}"
            ) from error
        seen = [severity.vector(example.text) for example in examples]
        answers = len({example.category for example in examples}) + len(learning.LEVELS)
        rounds = 1 + len({e.source for e in examples if e.source.startswith(learning.FAIR)})
        with tqdm(total=rounds * answers, desc="Imparo", unit=" risposte", disable=None, leave=False) as bar:
            learning.save(learning.train(seen, examples, bar.update))
            judged = list(learning.hold_out(seen, examples, bar.update))
        right = sum(example.category == learning.category(said) for example, said in judged)
        self.stdout.write(
            f"Imparato da {len(examples)} esempi. Di {len(judged)} testi mai visti: "
            f"categoria giusta {right / len(judged):.1%}."
        )
        dangers = [said[learning.DANGER] for example, said in judged if example.level == severity.DANGER]
        others = [said[learning.DANGER] for example, said in judged if example.level < severity.DANGER]
        for tenths in range(-6, 3):
            limit = tenths / 10
            self.stdout.write(
                f"soglia {limit:+.1f}: pericoli mancati {sum(score < limit for score in dangers)} di "
                f"{len(dangers)}, allarmi inutili {sum(score >= limit for score in others)} di {len(others)}"
                + (" (in uso)" if limit == severity.THRESHOLD else "")
            )
