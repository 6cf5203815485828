"""Until somebody declares the service open only the staff's phones receive."""

import pytest
from django.contrib.auth.models import User

from tests.factories.whatsapp import (
    ContactFactory,
    ContentFactory,
    OutboundMessageFactory,
    StaffPhoneFactory,
)
from whatsapp import channels, claims
from whatsapp.models import Channel, Contact, Message
from whatsapp.types import Lane, State

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def trial(db: None) -> Channel:
    channel = channels.current()
    channels.return_to_trial(channel)
    return channel


def claim() -> list[int]:
    return [attempt.message_id for attempt, _ in claims.claim(Lane.REPLY, 10)]


@pytest.fixture
def staff() -> Contact:
    contact: Contact = ContactFactory(reachable=True)
    StaffPhoneFactory(user=User.objects.create_user("serena"), contact=contact)
    return contact


def test_a_citizen_receives_nothing_and_the_reason_is_told(staff: Contact) -> None:
    content = ContentFactory()
    ours = OutboundMessageFactory(contact=staff, content=content, lane=Lane.REPLY)
    theirs = OutboundMessageFactory(content=content, lane=Lane.REPLY)
    assert claim() == [ours.pk]
    theirs.refresh_from_db()
    assert (theirs.state, theirs.reason) == (State.SKIPPED, claims.ON_TRIAL)


def test_a_staff_phone_stays_one_when_its_contact_changes(staff: Contact) -> None:
    now = ContactFactory(reachable=True)
    staff.merged_into = now
    staff.save()
    message = OutboundMessageFactory(contact=now, lane=Lane.REPLY)
    assert claim() == [message.pk]


def test_open_for_everybody_and_back(trial: Channel) -> None:
    user = User.objects.create_user("andrea")
    channels.open_service(trial, user)
    first = OutboundMessageFactory(lane=Lane.REPLY)
    assert claim() == [first.pk]
    trial.refresh_from_db()
    assert trial.opened_by == user
    channels.return_to_trial(trial)
    second = OutboundMessageFactory(lane=Lane.REPLY)
    assert claim() == []
    assert Message.objects.get(pk=second.pk).reason == claims.ON_TRIAL


def test_what_was_skipped_on_trial_does_not_leave_later(trial: Channel) -> None:
    message = OutboundMessageFactory(lane=Lane.REPLY)
    claim()
    channels.open_service(trial, User.objects.create_user("andrea"))
    assert claim() == []
    message.refresh_from_db()
    assert message.state == State.SKIPPED
