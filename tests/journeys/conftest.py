import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.town import Town


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    running = Town("journeys", broker=2, media=folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def shots() -> Path | None:
    """Where to leave screenshots, if somebody wants to look: SCREENSHOTS=folder make test."""
    folder = os.environ.get("SCREENSHOTS")
    return Path(folder) if folder else None
