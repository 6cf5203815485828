"""What one message costs the database, however many are queued (figures 6 and 7)."""

import time
from collections.abc import Sequence
from statistics import median

from django.test import override_settings
from django.utils import timezone
from tqdm import tqdm

from broadcasts import sending
from tests.benchmarks import stage
from tests.benchmarks.results import Line, Size, shown
from whatsapp import claims, ledger
from whatsapp.models import Attempt
from whatsapp.types import Lane, State

FEW = {Size.FULL: 1_000, Size.QUICK: 1_000, Size.TINY: 50}
MANY = {Size.FULL: 100_000, Size.QUICK: 20_000, Size.TINY: 200}
TOWN = {Size.FULL: 6800, Size.QUICK: 6800, Size.TINY: 100}
RUNS = {Size.FULL: 5, Size.QUICK: 3, Size.TINY: 1}
STEP = 64  # as many as a worker has slots
GROWTH = 1.2


def measure(size: Size) -> list[Line]:
    """Queue, claim and record every message, in this process: no broker, no provider."""
    few = _costs(FEW[size], runs=5)
    many = _costs(MANY[size], runs=1)
    rows = [*zip(("fan-out", "claim", "record"), few, many, strict=True), ("all three", sum(few), sum(many))]
    return [
        Line(
            f"cost of a message from few to many recipients: {name}",
            f"≤ {GROWTH} times",
            f"{before * 1e6:.0f} → {after * 1e6:.0f} µs: {after / before:.2f} times",
            after / before <= GROWTH if name == "all three" else None,
            count=MANY[size],
        )
        for name, before, after in rows
    ]


def _costs(people: int, runs: int) -> Sequence[float]:
    """Seconds per message: queued, claimed, recorded; the median of the runs."""
    return [median(times) for times in zip(*(_once(people) for _ in range(runs)), strict=True)]


@override_settings(WHATSAPP_PACE=20_000)
def _once(people: int) -> tuple[float, float, float]:
    stage.settle(people)
    queued, claimed, recorded = _fan_out(people), 0.0, 0.0
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


def _fan_out(people: int) -> float:
    """Seconds it took. Raises RuntimeError: not everybody has a row."""
    notice = stage.notice()
    began = time.perf_counter()
    queued = sending.fan_out(notice)
    lasted = time.perf_counter() - began
    if queued != people:
        raise RuntimeError(f"{queued} messages for {people} people")
    return lasted


def _accepted(attempt: Attempt) -> ledger.Outcome:
    return ledger.Outcome(
        attempt_id=attempt.pk,
        message_id=attempt.message_id,
        state=State.ACCEPTED,
        at=timezone.now(),
        provider_id=f"wamid.BENCH{attempt.pk}",
    )


def fan_out(size: Size) -> list[Line]:
    """From «Invia» to a row for each of the town's people."""
    people, runs = TOWN[size], []
    for _ in range(RUNS[size]):
        stage.settle(people)
        runs.append(_fan_out(people))
    return [Line(f"fan-out of a notice to {people} people", "-", shown(runs, "s", 2), count=people)]
