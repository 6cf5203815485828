"""What we compose is what the provider takes: over real HTTP, against the simulator."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from broadcasts import progress, sending
from broadcasts.models import Broadcast
from tests.factories.broadcasts import BroadcastFactory
from tests.files import clip, pdf
from whatsapp import delivery, media
from whatsapp.models import Contact, Template
from whatsapp.types import Lane, State

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def files(picture: bytes) -> dict[str, bytes]:
    return {"foto.jpg": picture, "clip.mp4": clip(), "atto.pdf": pdf()}


def test_every_template_is_taken_and_every_form_arrives(
    simulator: str, received: Callable[[str], int], people: list[Contact], staff: Any, files: dict[str, bytes]
) -> None:
    call_command("sync_templates", stdout=StringIO())
    assert not Template.objects.exclude(status=Template.Status.APPROVED, reason="").exists()
    kept = [media.save_outgoing(SimpleUploadedFile(name, content)) for name, content in files.items()]
    notices = [BroadcastFactory(media=file) for file in kept]
    notices += [
        BroadcastFactory(title="🚧 Via <b>Roma</b>", text="Riga\n\nriga"),
        BroadcastFactory(latitude=37.6525, longitude=14.6398, place_name="Piazza", slug="eventi"),
        BroadcastFactory(slug="allerta-meteo"),
    ]
    for notice in notices:
        sending.send(notice, staff)
    for lane in (Lane.ALERT, Lane.BULK):
        delivery.run(lane)
    for notice in Broadcast.objects.all():
        found = progress.counts(notice)
        assert found.of(State.ACCEPTED) == found.total == 3, (notice.header, found)
    assert received(str(people[0].phone)) == len(notices)
    assert progress.finish_due() == len(notices)


def test_a_stop_spares_those_who_wait(
    simulator: str, received: Callable[[str], int], notice: Broadcast, people: list[Contact], staff: Any
) -> None:
    call_command("sync_templates", stdout=StringIO())
    sent = sending.send(notice, staff)
    sending.stop(sent, staff)
    delivery.run(Lane.BULK)
    found = progress.counts(sent)
    assert found.of(State.SKIPPED) == 3
    assert received(str(people[0].phone)) == 0
    assert "avviso fermato alle" in progress.problems(sent)[0].reason
