"""«Forse vuole cancellarsi»: asked back, ordinary notices wait a day at most, alerts never."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from broadcasts import sending
from subscribers import consent, inbound
from subscribers.models import Subscriber
from tests.factories.broadcasts import BroadcastFactory, UserFactory
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp import claims
from whatsapp.models import Contact, Message, Template
from whatsapp.types import Kind, Lane, State

pytestmark = pytest.mark.django_db
DOUBTFUL = "se scrivo iscrizione off cosa succede?"


@pytest.fixture
def contact() -> Contact:
    """Subscribed, and has just written something that may be a wish to leave."""
    Template.objects.update(status=Template.Status.APPROVED)
    person = ContactFactory(reachable=True)
    consent.subscribe(person)
    inbound.handle(InboundMessageFactory(contact=person, text=DOUBTFUL))
    return person


def turn() -> None:
    """Whatever is due is handed over, answers first."""
    for lane in (Lane.REPLY, Lane.ALERT, Lane.BULK):
        claims.claim(lane, 8)


def send(slug: str) -> Message:
    """A notice of this category, and what the next hand-over makes of it."""
    notice = sending.send(BroadcastFactory(slug=slug), UserFactory())
    assert notice.content
    turn()
    return notice.content.messages.get()


def answer(contact: Contact, payload: str) -> None:
    inbound.handle(InboundMessageFactory(contact=contact, kind=Kind.BUTTON_REPLY, payload=payload))


def state(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.reason


def test_the_question_has_two_buttons_and_says_what_waits(contact: Contact) -> None:
    asked = Message.objects.filter(inbound=False).latest("pk")
    assert [button for button, _ in asked.content.buttons] == [inbound.YES_OFF, inbound.NO]
    assert "24 ore" in asked.text
    assert consent.is_subscribed(contact)


def test_an_alert_goes_an_ordinary_notice_waits(contact: Contact) -> None:
    assert send("allerta-meteo").state == State.IN_FLIGHT
    waiting = send("viabilita")
    assert waiting.state == State.QUEUED
    assert timedelta(hours=23) < waiting.due_at - timezone.now() <= timedelta(hours=24)


def test_who_stays_gets_what_waited(contact: Contact) -> None:
    waiting = send("viabilita")
    answer(contact, inbound.NO)
    turn()
    assert state(waiting)[0] == State.IN_FLIGHT


def test_who_confirms_gets_nothing(contact: Contact) -> None:
    waiting = send("viabilita")
    answer(contact, inbound.YES_OFF)
    Message.objects.update(due_at=timezone.now())
    turn()
    assert state(waiting)[0] == State.SKIPPED
    assert "si è cancellato" in state(waiting)[1]


def test_unanswered_the_subscription_stands_after_a_day(contact: Contact) -> None:
    Subscriber.objects.update(doubt_at=timezone.now() - timedelta(hours=24, seconds=1))
    assert send("viabilita").state == State.IN_FLIGHT
    assert consent.is_subscribed(contact)


def test_a_new_on_is_an_answer_too(contact: Contact) -> None:
    waiting = send("viabilita")
    inbound.handle(InboundMessageFactory(contact=contact, text="ISCRIZIONE ON"))
    turn()
    assert state(waiting)[0] == State.IN_FLIGHT


def test_a_question_to_somebody_not_subscribed_suspends_nothing() -> None:
    stranger = ContactFactory(reachable=True)
    inbound.handle(InboundMessageFactory(contact=stranger, text=DOUBTFUL))
    assert not Subscriber.objects.exists()


def test_the_staff_see_who_did_not_answer_and_can_settle_it(contact: Contact, client: Client) -> None:
    user: Any = UserFactory(is_superuser=True)
    client.force_login(user)
    assert "1 iscritto forse vuole cancellarsi" in client.get("/admin/").content.decode()
    url = "/admin/subscribers/subscriber/?doubt_at__isempty=0"
    assert "forse vuole cancellarsi" in client.get(url).content.decode()
    pk = Subscriber.objects.get().pk
    client.post(url, {"action": "resolve_doubt", "_selected_action": [pk]}, follow=True)
    assert Subscriber.objects.get().doubt_at is None
