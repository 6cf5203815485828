"""A Celery worker whose turns of delivery are profiled, in processor time of their own threads:

    PROFILE=<file> python -m tests.benchmarks.profiled <celery's arguments>

Read `<file>.turn.<pid>` with `pstats`. The calls to the provider are in other threads, and not in it.
"""

import cProfile
import os
import pstats
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from celery.bin.celery import main
from celery.signals import worker_ready

import regalbuto_urp.celery  # noqa: F401 - the settings, before anything of Django

_local = threading.local()
_lock = threading.Lock()


def profiled(function: Callable[..., Any], name: str, every: int) -> Callable[..., Any]:
    """The function, each thread's share under a profiler of its own; written at every so many calls."""
    profilers: list[cProfile.Profile] = []
    calls = 0

    def run(*arguments: Any) -> Any:
        nonlocal calls
        profiler = getattr(_local, name, None)
        if profiler is None:
            profiler = cProfile.Profile(time.thread_time)
            setattr(_local, name, profiler)
            profilers.append(profiler)
        try:
            return profiler.runcall(function, *arguments)
        finally:
            with _lock:
                calls += 1
                if calls % every == 0:
                    dump(profilers, name)

    return run


def dump(profilers: list[cProfile.Profile], name: str) -> None:
    """All threads' figures in one file."""
    stats = None
    for profiler in list(profilers):
        profiler.create_stats()
        stats = stats.add(profiler) if stats else pstats.Stats(profiler)
    assert stats is not None
    stats.dump_stats(f"{os.environ['PROFILE']}.{name}.{os.getpid()}")


@worker_ready.connect
def wrap(**_: Any) -> None:
    """When the project is loaded: its delivery looks these names up at each call."""
    delivery = sys.modules["whatsapp.delivery"]
    vars(delivery)["_turn"] = profiled(vars(delivery)["_turn"], "turn", 1)


if __name__ == "__main__":
    sys.argv[0] = "celery"
    sys.exit(main())
