"""Every figure of `make bench` can be measured: a run of a few seconds each, whose times mean nothing."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from regalbuto_urp.local import BASE_DIR
from tests.benchmarks.__main__ import FIGURES
from tests.chromium import CHROMIUM

pytestmark = [
    pytest.mark.system,
    pytest.mark.xdist_group("journeys"),  # one town at a time
    pytest.mark.timeout(1800),  # a minute on a free machine
]
# Figure -> on how many messages, people, pages or rows it has to be measured.
COUNTS = {
    "throughput": {200},
    "pace": {240},
    "alerts": {160},
    "webhooks": {60},
    "cost": {200},
    "fan-out": {100},
    "register": {200, 500},
    "desk": {1},
    "reports": {300},
    "office": {200},
}
# Figure -> how many of its lines can fail the bench.
RATIOS = {"throughput": 1, "pace": 2, "cost": 1, "register": 3, "reports": 2, "office": 1}
# Those that hang on nothing but the code; the others on the machine, and `make bench` alone judges them.
SURE = ("slots reserved beyond the pace", "most memory of its process", "pages that ask more questions")


@pytest.fixture(scope="session")
def bench() -> tuple[dict[str, Any], str]:
    """All figures, measured one after the other by the command itself, and what it said meanwhile."""
    command = [sys.executable, "-m", "tests.benchmarks", "--tiny", "--json", "/dev/stdout"]
    quiet = {**os.environ, "TQDM_MININTERVAL": "3600"}
    done = subprocess.run(command, cwd=BASE_DIR, env=quiet, capture_output=True, text=True)
    output = done.stderr + done.stdout
    assert done.stdout.endswith("}\n"), output
    return json.loads(done.stdout.splitlines()[-1]), output


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_can_be_measured(name: str, bench: tuple[dict[str, Any], str]) -> None:
    if name == "desk" and CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("Chromium non c'è: «apt-get install chromium» per le prove nel browser")
    figures, output = bench
    lines = figures[name]
    assert lines, output
    assert {line["count"] for line in lines} >= COUNTS[name]
    judged = [line for line in lines if line["ratio_kept"] is not None]
    assert len(judged) == RATIOS.get(name, 0)
    sure = [line for line in judged if line["figure"].strip().startswith(SURE)]
    assert [line for line in sure if not line["ratio_kept"]] == []
