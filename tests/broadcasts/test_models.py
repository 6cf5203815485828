from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from broadcasts import lifecycle
from broadcasts.errors import NotAllowed
from broadcasts.lifecycle import TRANSITIONS, Step
from broadcasts.models import Broadcast, Category
from broadcasts.types import State
from tests.factories.broadcasts import BroadcastFactory
from whatsapp.models import Media

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": State.SENDING},  # without content
        {"state": State.COMPLETED},
        {"latitude": 37.6},  # half a point
        {"latitude": 137.6, "longitude": 14.6},
        {"started_at": timezone.now()},  # a draft that began
        {"finished_at": timezone.now()},
        {"state": State.HOLDING},  # without a time
        {"leaves_at": timezone.now()},
        {"paused_at": timezone.now()},
    ],
)
def test_the_database_refuses_what_cannot_be(wrong: dict[str, Any]) -> None:
    notice = BroadcastFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Broadcast.objects.filter(pk=notice.pk).update(**wrong)


def test_a_file_or_a_place_never_both() -> None:
    media = Media.objects.create(kind="image")
    with pytest.raises(IntegrityError), transaction.atomic():
        BroadcastFactory(media=media, latitude=37.6, longitude=14.6)


def test_a_category_is_ordinary_or_alert() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Category.objects.update(lane="reply")


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", Step)
def test_only_the_tables_steps_are_possible(state: State, step: Step) -> None:
    notice = Broadcast(state=state)
    if (state, step) in TRANSITIONS:
        lifecycle.move(notice, step)
        assert notice.state == TRANSITIONS[state, step]
    else:
        with pytest.raises(NotAllowed, match=r"\w+"):
            lifecycle.move(notice, step)
        assert notice.state == state
