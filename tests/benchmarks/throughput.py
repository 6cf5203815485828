"""The engine at full speed, against a bare loop of `requests` (figures 1 and 2)."""

import resource
import subprocess
import sys
from statistics import median

from broadcasts import sending
from regalbuto_urp.local import BASE_DIR
from tests.benchmarks import stage
from tests.benchmarks.results import Line, Size, shown, sustained
from whatsapp.delivery import SLOTS

PROCESSES = 2
PEOPLE = {Size.FULL: 6800, Size.QUICK: 2000, Size.TINY: 200}
RUNS = {Size.FULL: 2, Size.QUICK: 2, Size.TINY: 1}
DELAYS = {Size.FULL: (0.1, 0.3), Size.QUICK: (0.1, 0.3), Size.TINY: (0.1,)}  # of the provider, seconds
TARGETS = {0.1: "1,000 messages/s", 0.3: "-"}
UNLIMITED = 20_000.0
RATIO = 0.8


def measure(size: Size) -> list[Line]:
    """Both against the same stand-in, by turns, so that a busy machine disturbs both alike."""
    people, lines = PEOPLE[size], []
    for delay in DELAYS[size]:
        bare, engine, bare_costs, costs = [], [], [], []
        for _ in range(RUNS[size]):
            rate, cost = _bare(people, delay)
            bare.append(rate)
            bare_costs.append(cost)
            rate, cost = _engine(people, delay)
            engine.append(rate)
            costs.append(cost)
        ratio = median(engine) / median(bare)
        where = f"provider answering in {delay * 1000:.0f} ms"
        lines += [
            Line(
                f"bare loop, {PROCESSES} × {SLOTS} threads, {where}",
                "-",
                shown(bare, "messages/s"),
                count=people,
            ),
            Line(
                f"engine, {PROCESSES} workers × {SLOTS} slots, {where}",
                TARGETS[delay],
                shown(engine, "messages/s"),
                count=people,
            ),
            Line(f"ratio, {where}", f"≥ {RATIO}", f"{ratio:.2f}", ratio >= RATIO, count=people),
            Line(
                f"processor per message, {where}",
                "-",
                f"bare {bare_costs[-1]}; {costs[-1]}",
                count=people,
            ),
        ]
    return lines


def _bare(people: int, delay: float) -> tuple[float, str]:
    with stage.crew(delay=delay) as crew:
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.bare",
            f"http://127.0.0.1:{crew.port}/v25.0/1/messages",
        ]
        arguments = [str(SLOTS), str(people // PROCESSES)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        loops = [subprocess.Popen([*command, *arguments], cwd=BASE_DIR) for _ in range(PROCESSES)]
        for loop in loops:
            loop.wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times = [at for at, *_ in crew.arrivals()]
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return sustained(times), f"{used / len(times) * 1000:.2f} ms"


def _engine(people: int, delay: float) -> tuple[float, str]:
    stage.settle(people)
    with stage.crew(*["bulk"] * PROCESSES, "beat", delay=delay, pace=UNLIMITED) as crew:
        before = crew.cpu()
        count = sending.fan_out(stage.notice())
        crew.wait(count, f"engine, {delay * 1000:.0f} ms", seconds=120)
        spent = {name: used - before[name] for name, used in crew.cpu().items()}
        times = [at for at, *_ in crew.arrivals()]
    costs = ", ".join(f"{name} {used / count * 1000:.2f} ms" for name, used in spent.items())
    return sustained(times), costs
