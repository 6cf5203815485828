"""Notices without a worker: what is queued stays queued, and the templates are approved."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from broadcasts.models import Broadcast
from tests.factories.broadcasts import BroadcastFactory, SubscribedContactFactory, UserFactory
from tests.whatsapp.conftest import received, simulator, simulator_url  # noqa: F401
from whatsapp.models import Contact, Template

ALL = [
    "view_broadcast",
    "add_broadcast",
    "change_broadcast",
    "delete_broadcast",
    "send_broadcast",
    "stop_broadcast",
]


@pytest.fixture(autouse=True)
def _files_elsewhere(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def approved(db: None) -> None:
    Template.objects.update(status=Template.Status.APPROVED)


@pytest.fixture
def people(db: None) -> list[Contact]:
    """Three subscribers."""
    return SubscribedContactFactory.create_batch(3)


@pytest.fixture
def staff(db: None) -> Any:
    return UserFactory(can=[*ALL, "view_media"])


@pytest.fixture
def office(client: Client, staff: Any) -> Client:
    """The Segreteria's browser."""
    client.force_login(staff)
    return client


@pytest.fixture
def notice(approved: None, people: list[Contact]) -> Broadcast:
    """A draft ready to go to three people."""
    return BroadcastFactory()


@pytest.fixture
def page_of() -> Callable[[Broadcast, str], str]:
    def address(notice: Broadcast, page: str) -> str:
        return f"/admin/broadcasts/broadcast/{notice.pk}/{page}/"

    return address
