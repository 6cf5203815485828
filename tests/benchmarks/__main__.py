"""`make bench`: a PostgreSQL and a Redis of its own, then every figure of the design in turn.

    python -m tests.benchmarks [--quick] [--only throughput pace …]

Exits 1 only when a ratio is not kept: absolute figures depend on the machine.
"""

import argparse
import importlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import django
from django.core.management import call_command

from regalbuto_urp.local import TRIAL_ENVIRONMENT, Servers

FIGURES = {
    "throughput": "throughput.measure",
    "pace": "pace.measure",
    "alerts": "pace.alerts",
    "webhooks": "webhooks.measure",
    "cost": "cost.measure",
    "fan-out": "cost.fan_out",
    "register": "register.measure",
    "desk": "desk.measure",
    "reports": "reports.measure",
    "office": "office.measure",
}


def main() -> int:
    """Measure what was asked for; 1 if a ratio is not kept."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true", help="fewer messages and runs")
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=list(FIGURES))
    options = parser.parse_args()
    data = Path(tempfile.mkdtemp(prefix="whatsurp-bench-"))
    servers = Servers(data)  # not `fast`: a commit is on the disk, as in production
    try:
        servers.start()
        servers.create_database("whatsurp")
        os.environ.update(TRIAL_ENVIRONMENT, **servers.environment("whatsurp"))
        os.environ.update(DEBUG="true", MEDIA_ROOT=str(data / "media"))  # plain static files
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regalbuto_urp.settings")
        django.setup()
        call_command("migrate", verbosity=0)
        return measure(options.only, quick=options.quick)
    finally:
        servers.stop()
        shutil.rmtree(data, ignore_errors=True)


def measure(names: list[str], *, quick: bool) -> int:
    """Print each figure's lines as soon as they are known."""
    # By name, because the figures import models, which are there only after `django.setup`.
    print(importlib.import_module("tests.benchmarks.machine").describe(), flush=True)
    kept = True
    for name in names:
        module, function = FIGURES[name].split(".")
        began = time.monotonic()
        lines = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)(quick=quick)
        print(f"\n{name} ({time.monotonic() - began:.0f} s)")
        for line in lines:
            verdict = {None: "", True: "  ok", False: "  NOT REACHED"}[line.ratio_kept]
            print(f"  {line.figure:<66} {line.target:>16}   {line.measured}{verdict}", flush=True)
        kept &= all(line.ratio_kept is not False for line in lines)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
