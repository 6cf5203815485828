"""Messages that arrive late, twice or at the same moment: the person's last word counts, and in doubt OFF."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from subscribers import consent, inbound, recipients, verifying
from subscribers.models import ConsentEvent, Topic
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp.models import Contact, Message
from whatsapp.types import Kind

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture
def contact() -> Contact:
    return ContactFactory(reachable=True)


def written(contact: Contact, text: str, seconds: int, **changes: object) -> Message:
    """Written that many seconds after NOW, not handled yet."""
    return InboundMessageFactory(
        contact=contact, text=text, sent_at=NOW + timedelta(seconds=seconds), **changes
    )


@pytest.mark.parametrize("seconds", [0, 1, 60], ids=["same second", "a second", "a minute"])
@pytest.mark.parametrize(
    "off", [{"text": "iscrizione off"}, {"text": "Sì", "kind": Kind.BUTTON_REPLY, "payload": inbound.YES_OFF}]
)
def test_an_on_that_arrives_after_a_later_off_joins_nobody(
    contact: Contact, seconds: int, off: dict[str, str]
) -> None:
    on = written(contact, "iscrizione on", 0)
    assert inbound.handle(written(contact, seconds=seconds, **off))  # type: ignore[misc]
    assert inbound.handle(on)
    assert not consent.is_subscribed(contact)
    assert not ConsentEvent.objects.exists()


def test_an_old_off_does_not_stop_a_new_on(contact: Contact) -> None:
    inbound.handle(written(contact, "iscrizione off", 0))
    inbound.handle(written(contact, "iscrizione on", 5))
    assert consent.is_subscribed(contact)


def test_an_off_and_an_on_of_the_same_second_end_off(contact: Contact) -> None:
    consent.subscribe(contact, at=NOW - timedelta(days=1))
    inbound.handle(written(contact, "iscrizione off", 0))
    inbound.handle(written(contact, "iscrizione on", 0))
    assert not consent.is_subscribed(contact)


def test_an_off_written_in_the_second_of_a_subscription_at_the_desk_wins(contact: Contact) -> None:
    consent.subscribe(contact, actor="segreteria", at=NOW + timedelta(milliseconds=700))
    inbound.handle(written(contact, "iscrizione off", 0))
    assert not consent.is_subscribed(contact)


def test_an_off_older_than_the_on_is_a_late_copy(contact: Contact) -> None:
    inbound.handle(written(contact, "iscrizione on", 10))
    inbound.handle(written(contact, "iscrizione off", 0))
    assert consent.is_subscribed(contact)


def test_a_topic_left_later_is_not_taken_again(contact: Contact) -> None:
    eventi = Topic.objects.get(slug="eventi")
    consent.subscribe(contact, at=NOW - timedelta(days=1))
    inbound.handle(written(contact, "eventi off", 10))
    inbound.handle(written(contact, "eventi on", 0))
    assert not recipients.audience(eventi).exists()


def test_leaving_and_joining_again_gives_all_topics_back(contact: Contact) -> None:
    eventi = Topic.objects.get(slug="eventi")
    for text, seconds in (
        ("iscrizione on", 0),
        ("eventi off", 1),
        ("iscrizione off", 2),
        ("iscrizione on", 3),
    ):
        inbound.handle(written(contact, text, seconds))
    assert recipients.audience(eventi).get() == contact
    assert verifying.verify() == (4, "")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_people_who_join_at_once_get_one_chain_without_gaps() -> None:
    contacts = [ContactFactory() for _ in range(4)]

    def join(contact: Contact) -> None:
        consent.subscribe(contact)
        consent.leave(contact)
        connection.close()

    threads = [threading.Thread(target=join, args=[contact]) for contact in contacts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(ConsentEvent.objects.order_by("sequence").values_list("sequence", flat=True)) == [
        *range(1, 9)
    ]
    assert verifying.verify() == (8, "")
