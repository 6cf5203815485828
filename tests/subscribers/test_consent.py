"""Joining and leaving: repeats change nothing, leaving wins whatever the order of arrival."""

from datetime import timedelta

import pytest
from django.utils import timezone

from subscribers import consent, recipients, verifying
from subscribers.models import ConsentEvent, Policy, Topic
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact() -> Contact:
    return ContactFactory(reachable=True)


def kinds() -> list[str]:
    return list(ConsentEvent.objects.order_by("sequence").values_list("kind", flat=True))


def test_on_off_on_is_three_lines_of_the_register(contact: Contact) -> None:
    assert consent.subscribe(contact)
    assert consent.leave(contact)
    assert consent.subscribe(contact)
    assert kinds() == ["on", "off", "on"]
    assert verifying.verify() == (3, "")


def test_repeats_write_no_history(contact: Contact) -> None:
    assert not consent.leave(contact)
    consent.subscribe(contact)
    assert not consent.subscribe(contact)
    consent.leave(contact)
    assert not consent.leave(contact)
    assert kinds() == ["on", "off"]


def test_an_event_holds_the_policy_and_its_evidence(contact: Contact) -> None:
    message = InboundMessageFactory(contact=contact, text="Iscrizione ON #bacheca3")
    consent.subscribe(contact, message=message)
    event = ConsentEvent.objects.get()
    policy = Policy.objects.get()
    assert (event.policy_version, event.policy_sha256) == (policy.version, policy.sha256)
    assert event.at == message.sent_at
    assert event.evidence.text == "Iscrizione ON #bacheca3"
    assert event.evidence.message_id == message.provider_id
    assert event.evidence.identity == contact.phone


def test_a_late_copy_of_an_on_resurrects_nobody(contact: Contact) -> None:
    now = timezone.now()
    on = InboundMessageFactory(contact=contact, text="iscrizione on", sent_at=now - timedelta(minutes=2))
    off = InboundMessageFactory(contact=contact, text="iscrizione off", sent_at=now)
    late = InboundMessageFactory(contact=contact, text="iscrizione on", sent_at=now - timedelta(minutes=1))
    consent.subscribe(contact, message=on)
    consent.leave(contact, message=off)
    assert not consent.subscribe(contact, message=late)
    assert not consent.is_subscribed(contact)


def test_topics_can_be_left_and_taken_again(contact: Contact) -> None:
    eventi, allerta = Topic.objects.get(slug="eventi"), Topic.objects.get(slug="allerta")
    consent.subscribe(contact)
    assert consent.leave_topic(contact, eventi)
    assert not consent.leave_topic(contact, eventi)
    assert not recipients.audience(eventi).exists()
    assert recipients.audience(allerta).get() == contact
    assert "ha lasciato l'argomento Eventi" in recipients.refusals([contact], eventi)[contact.pk]
    assert consent.keep_topic(contact, eventi)
    assert recipients.audience(eventi).get() == contact


def test_who_is_not_for_a_notice_and_why(contact: Contact) -> None:
    stranger, left, blocked = ContactFactory(), ContactFactory(), ContactFactory(blocked=True)
    for person in (contact, left, blocked):
        consent.subscribe(person)
    consent.leave(left)
    assert set(recipients.audience(None)) == {contact}
    reasons = recipients.refusals([contact, stranger, left], None)
    assert reasons[stranger.pk] == "non è iscritto"
    assert "si è cancellato il" in reasons[left.pk]
    assert contact.pk not in reasons


def test_leaving_follows_the_person_through_a_merge(contact: Contact) -> None:
    consent.subscribe(contact)
    other = ContactFactory(merged_into=contact)
    consent.leave(other)
    assert not consent.is_subscribed(contact)
    assert other.pk in recipients.refusals([other], None)
