"""`make bench`: a PostgreSQL and a Redis of its own, then every figure of the design in turn.

    python -m tests.benchmarks [--quick | --tiny] [--only throughput pace …] [--json file]

Exits 1 only when a ratio is not kept, because absolute figures depend on the machine, or when a figure cannot
be measured.
"""

import argparse
import importlib
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import asdict
from pathlib import Path

import django
from django.core.management import call_command

from regalbuto_urp.local import TRIAL_ENVIRONMENT, Servers
from tests.benchmarks.results import Line, Size

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
    """Measure what was asked for; 1 if a ratio is not kept or a figure breaks."""
    parser = argparse.ArgumentParser(prog="make bench")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_const", dest="size", const=Size.QUICK,
                       help="fewer messages and runs")  # fmt: skip
    sizes.add_argument("--tiny", action="store_const", dest="size", const=Size.TINY,
                       help="seconds long: only to see that every figure can be measured")  # fmt: skip
    parser.set_defaults(size=Size.FULL)
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
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
        # By name, because the figures import models, which are there only after `django.setup`.
        print(importlib.import_module("tests.benchmarks.machine").describe(), flush=True)
        figures = {name: measure(name, options.size) for name in options.only}
    finally:
        servers.stop()
        shutil.rmtree(data, ignore_errors=True)
    if options.json:
        options.json.write_text(json.dumps(figures, default=asdict) + "\n")
    kept = [line.ratio_kept is not False for lines in figures.values() for line in lines]
    return 0 if all(kept) and all(figures.values()) else 1


def measure(name: str, size: Size) -> list[Line]:
    """Print a figure's lines as soon as they are known; no line if it breaks, so that the others go on."""
    module, function = FIGURES[name].split(".")
    began = time.monotonic()
    try:
        lines: list[Line] = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)(size)
    except Exception:
        traceback.print_exc()
        lines = []
    print(f"\n{name} ({time.monotonic() - began:.0f} s){'' if lines else ': BROKEN'}", flush=True)
    verdicts = {None: "", True: "  ok", False: "  NOT REACHED"}
    for line in lines:
        verdict = verdicts[line.ratio_kept]
        print(f"  {line.figure:<66} {line.target:>16}   {line.measured}{verdict}", flush=True)
    return lines


if __name__ == "__main__":
    sys.exit(main())
