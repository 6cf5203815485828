"""What staff send about a case is what the provider takes: over real HTTP, against the simulator."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from reports import casework, template_answers
from reports.states import State
from tests.factories.broadcasts import UserFactory
from tests.factories.reports import close_window, report_of
from tests.whatsapp.conftest import received, simulator, simulator_url  # noqa: F401
from whatsapp import account, delivery
from whatsapp.models import Message, Template
from whatsapp.types import Lane
from whatsapp.types import State as MessageState

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_answers_files_and_the_template_are_taken(
    simulator: str,  # noqa: F811
    received: Callable[[str], int],  # noqa: F811
    picture: bytes,
) -> None:
    account.submit_drafts()
    assert Template.objects.get(name=template_answers.NAME).status == Template.Status.APPROVED
    user, report = UserFactory(), report_of("Buca")
    casework.answer(report, user, "Ecco", upload=SimpleUploadedFile("foto.jpg", picture))
    casework.close(report, user, State.RESOLVED, "Fatto.")
    delivery.run(Lane.REPLY)
    close_window(report)
    casework.answer(report, user, "Domani mattina\nripariamo.", by_template=True)
    delivery.run(Lane.REPLY)
    said = Message.objects.filter(contact=report.contact, inbound=False)
    assert {message.state for message in said} == {MessageState.ACCEPTED}, [m.reason for m in said]
    assert received(str(report.contact.phone)) == said.count() == 4
