"""The channel alone: no app above it answers or refuses, and the provider is the simulator over real HTTP."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from regalbuto_urp.local import free_port, start_simulator, stop_process
from tests.whatsapp import envelopes


@pytest.fixture(autouse=True)
def channel_alone(settings: Any, request: pytest.FixtureRequest) -> None:
    settings.INBOUND_HANDLERS = []
    settings.HANDOVER_CHECKS = []
    settings.TEMPLATE_USES = []


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    port = free_port()
    environment = {
        **os.environ,
        "SIMULATOR_PORT": str(port),
        "SIMULATOR_WEBHOOK_URL": f"http://127.0.0.1:{free_port()}/webhooks/cloud_api/",
        "SIMULATOR_DELAY": "0.01",
    }
    process = start_simulator(environment)
    yield f"http://127.0.0.1:{port}"
    stop_process(process)


@pytest.fixture
def simulator(simulator_url: str, settings: Any) -> str:
    """The simulator's address, forgotten of what earlier tests did, set as the provider."""
    requests.post(f"{simulator_url}/control/reset", timeout=5).raise_for_status()
    # Our contacts never wrote to this simulator: its window would be closed for all of them.
    requests.post(f"{simulator_url}/control/settings", json={"enforce_window": False}, timeout=5)
    settings.WHATSAPP_API_URL = f"{simulator_url}/v25.0"
    return simulator_url


@pytest.fixture
def received(simulator: str) -> Callable[[str], int]:
    """How many messages a number got, as the provider counts them."""

    def count(number: str) -> int:
        answer = requests.get(f"{simulator}/control/received", params={"number": number}, timeout=5).json()
        return int(answer["count"])

    return count


@pytest.fixture
def post_webhook(client: Any) -> Callable[..., Any]:
    """Post a body as the provider would, signed."""

    def post(body: Any, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else envelopes.encode(body)
        headers.setdefault("X-Hub-Signature-256", envelopes.sign(raw))
        return client.post("/webhooks/cloud_api/", raw, content_type="application/json", headers=headers)

    return post
