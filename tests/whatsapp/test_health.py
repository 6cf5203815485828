from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories.whatsapp import OutboundMessageFactory
from whatsapp import channels, sweep
from whatsapp.types import Lane

pytestmark = pytest.mark.django_db


def test_all_is_well_after_a_sweep(client: Client) -> None:
    sweep.sweep()
    answer = client.get("/salute/")
    assert answer.status_code == 200
    assert answer.json()["stato"] == "bene"


def test_a_dead_beat_is_not_silent(client: Client) -> None:
    answer = client.get("/salute/")
    assert answer.status_code == 503
    assert "beat" in answer.json()["problemi"][0]


def test_a_pause_and_a_stuck_lane_are_told(client: Client) -> None:
    sweep.sweep()
    channels.pause(channels.current(), "prova")
    OutboundMessageFactory(lane=Lane.ALERT, due_at=timezone.now() - timedelta(minutes=5))
    problems = client.get("/salute/").json()["problemi"]
    assert len(problems) == 2
    assert "prova" in problems[0]
    assert "allerta" in problems[1]
