from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from tests.factories.whatsapp import OutboundMessageFactory
from whatsapp import channels, sweep
from whatsapp.types import Lane

pytestmark = pytest.mark.django_db
TOKEN = "un-gettone-lungo-del-monitor"


@pytest.fixture
def monitor(settings: Any) -> Client:
    """Who has the token."""
    settings.HEALTH_TOKEN = TOKEN
    return Client(headers={"Authorization": f"Bearer {TOKEN}"})


def test_all_is_well_after_a_sweep(client: Client) -> None:
    sweep.sweep()
    answer = client.get("/salute/")
    assert answer.status_code == 200
    assert answer.json()["stato"] == "bene"


def test_a_dead_beat_is_not_silent(monitor: Client) -> None:
    answer = monitor.get("/salute/")
    assert answer.status_code == 503
    assert "beat" in answer.json()["problemi"][0]


def test_a_pause_and_a_stuck_lane_are_told(monitor: Client) -> None:
    sweep.sweep()
    channels.pause(channels.current(), "prova")
    OutboundMessageFactory(lane=Lane.ALERT, due_at=timezone.now() - timedelta(minutes=5))
    problems = monitor.get("/salute/").json()["problemi"]
    assert len(problems) == 2
    assert "prova" in problems[0]
    assert "allerta" in problems[1]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer sbagliato"}, {"Authorization": "Bearer "}, {"Authorization": "è"}],
)
@pytest.mark.parametrize("token", [TOKEN, ""])
def test_a_stranger_reads_good_or_bad_and_nothing_else(
    client: Client, settings: Any, token: str, headers: dict[str, str]
) -> None:
    settings.HEALTH_TOKEN = token
    assert client.get("/salute/", headers=headers).json() == {"stato": "attenzione"}
    sweep.sweep()
    assert client.get("/salute/", headers=headers).json() == {"stato": "bene"}
    assert client.get(f"/salute/?token={TOKEN}").json() == {"stato": "bene"}, "never in the address"


def test_the_monitor_reads_the_figures_and_the_version(monitor: Client) -> None:
    sweep.sweep()
    answer = monitor.get("/salute/").json()
    assert answer["versione"] == configured.VERSION
    assert answer["in_coda"] == {"alert": 0, "reply": 0, "bulk": 0}


def test_head_answers_as_get(client: Client) -> None:
    assert client.head("/salute/").status_code == 503
    sweep.sweep()
    answer = client.head("/salute/")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_database_that_does_not_answer_is_told(monitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("whatsapp.health.snapshot", refuse)
    answer = monitor.get("/salute/")
    assert answer.status_code == 503
    assert "database" in answer.json()["problemi"][0]
