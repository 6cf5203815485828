import os
from collections.abc import Iterator

import pytest

from tests.faults.stage import FaultTown

LONG = os.environ.get("FAULTS") == "long"


@pytest.fixture(scope="session")
def shared_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultTown]:
    running = FaultTown(tmp_path_factory.mktemp("faults"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def town(shared_town: FaultTown) -> FaultTown:
    """Everybody up, nothing under way, the provider's counters at zero."""
    shared_town.clear()
    return shared_town


@pytest.fixture(scope="session")
def rounds() -> int:
    """How often each crash point is tried: once in `make test`, twenty times in `make faults`."""
    return 20 if LONG else 1


@pytest.fixture(scope="session")
def random_kills() -> int:
    return 200 if LONG else 4


@pytest.fixture(scope="session")
def seed() -> int:
    """SEED=<number> repeats a run's draws; printed with a failure."""
    return int(os.environ.get("SEED", "20261123"))
