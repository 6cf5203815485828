"""What one message costs the database, however many are queued (figures 6 and 7)."""

import time
from collections.abc import Sequence
from statistics import median

from django.test import override_settings
from django.utils import timezone
from tqdm import tqdm

from broadcasts import sending
from tests.benchmarks import stage
from tests.benchmarks.results import Line, shown
from whatsapp import claims, ledger
from whatsapp.models import Attempt
from whatsapp.types import Lane, State

FEW, MANY, QUICK_MANY = 1_000, 100_000, 20_000
TOWN = 6800
STEP = 64  # as many as a worker has slots
GROWTH = 1.2


def measure(*, quick: bool) -> list[Line]:
    """Queue, claim and record every message, in this process: no broker, no provider."""
    few = _costs(FEW, runs=5)
    many = _costs(QUICK_MANY if quick else MANY, runs=1)
    lines = []
    for name, before, after in zip(("fan-out", "claim", "record"), few, many, strict=True):
        lines.append(_line(name, before, after))
    total = sum(many) / sum(few)
    lines.append(_line("all three", sum(few), sum(many), total <= GROWTH))
    return lines


def _line(name: str, before: float, after: float, kept: bool | None = None) -> Line:
    figures = f"{before * 1e6:.0f} → {after * 1e6:.0f} µs: {after / before:.2f} times"
    return Line(f"cost of a message from few to many recipients: {name}", f"≤ {GROWTH} times", figures, kept)


def _costs(people: int, runs: int) -> Sequence[float]:
    """Seconds per message: queued, claimed, recorded; the median of the runs."""
    stage.settle(people)
    return [median(times) for times in zip(*(_once(people) for _ in range(runs)), strict=True)]


@override_settings(WHATSAPP_PACE=20_000)
def _once(people: int) -> tuple[float, float, float]:
    stage.clear()
    queued, claimed, recorded = _fan_out(), 0.0, 0.0
    with tqdm(total=people, desc=f"{people} recipients", leave=False) as bar:
        while bar.n < people:
            began = time.perf_counter()
            taken = claims.claim(Lane.BULK, STEP)
            claimed += time.perf_counter() - began
            outcomes = [_accepted(attempt) for attempt, _ in taken]
            began = time.perf_counter()
            ledger.write(outcomes)
            recorded += time.perf_counter() - began
            bar.update(len(taken))
    return queued / people, claimed / people, recorded / people


def _fan_out() -> float:
    notice = stage.notice()
    began = time.perf_counter()
    sending.fan_out(notice)
    return time.perf_counter() - began


def _accepted(attempt: Attempt) -> ledger.Outcome:
    return ledger.Outcome(
        attempt_id=attempt.pk,
        message_id=attempt.message_id,
        state=State.ACCEPTED,
        at=timezone.now(),
        provider_id=f"wamid.BENCH{attempt.pk}",
    )


def fan_out(*, quick: bool) -> list[Line]:
    """From «Invia» to a row for each of the town's people."""
    stage.settle(TOWN)
    runs = []
    for _ in range(3 if quick else 5):
        stage.clear()
        runs.append(_fan_out())
    return [Line(f"fan-out of a notice to {TOWN} people", "-", shown(runs, "s", 2))]
