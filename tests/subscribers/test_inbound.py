"""A citizen writes a keyword: what changes, and what they are answered."""

from typing import Any

import pytest

from subscribers import consent, inbound
from subscribers.models import ConsentEvent, ServiceText
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp import inbox
from whatsapp.models import Contact, Message
from whatsapp.types import Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact() -> Contact:
    return ContactFactory(reachable=True)


def write(contact: Contact, text: str, **changes: Any) -> tuple[bool, str, list[list[str]]]:
    """Handled?, the answer's text, its buttons."""
    handled = inbound.handle(InboundMessageFactory(contact=contact, text=text, **changes))
    answer = Message.objects.filter(contact=contact, inbound=False).order_by("pk").last()
    return handled, answer.text if answer else "", answer.content.buttons if answer else []


def test_on_welcomes_with_the_policy(contact: Contact) -> None:
    handled, answer, _ = write(contact, "Iscrizione on")
    assert handled
    assert consent.is_subscribed(contact)
    assert "/informativa/" in answer
    assert "ISCRIZIONE OFF" in answer


def test_a_second_on_is_answered_and_changes_nothing(contact: Contact) -> None:
    write(contact, "Iscrizione on")
    _, answer, _ = write(contact, "ISCRIZIONE ON")
    assert "già iscritto" in answer
    assert ConsentEvent.objects.count() == 1


def test_off_says_goodbye_and_again_says_so(contact: Contact) -> None:
    write(contact, "Iscrizione on")
    _, answer, _ = write(contact, "iscrizione off")
    assert "non riceverai più" in answer
    assert not consent.is_subscribed(contact)
    _, answer, _ = write(contact, "iscrizione off")
    assert "Non sei iscritto" in answer
    assert ConsentEvent.objects.count() == 2


def test_the_button_of_a_notice_leaves(contact: Contact) -> None:
    consent.subscribe(contact)
    write(contact, "ISCRIZIONE OFF", kind=Kind.BUTTON_REPLY, payload="ISCRIZIONE OFF")
    assert not consent.is_subscribed(contact)


def test_doubt_is_asked_back_and_the_buttons_work(contact: Contact) -> None:
    _, _, buttons = write(contact, "vorrei iscrivermi")
    assert not consent.is_subscribed(contact)
    [yes, no] = [id_ for id_, _ in buttons]
    write(contact, "No", kind=Kind.BUTTON_REPLY, payload=no)
    assert not consent.is_subscribed(contact)
    write(contact, "Sì, mi iscrivo", kind=Kind.BUTTON_REPLY, payload=yes)
    assert consent.is_subscribed(contact)


def test_state_and_help(contact: Contact) -> None:
    assert "Non sei iscritto" in write(contact, "STATO")[1]
    write(contact, "iscrizione on")
    write(contact, "EVENTI OFF")
    _, answer, _ = write(contact, "stato")
    assert "Viabilità" in answer
    assert "Eventi" not in answer
    assert "112" in write(contact, "AIUTO")[1]


def test_a_topic_without_a_subscription(contact: Contact) -> None:
    assert "Non sei iscritto" in write(contact, "ALLERTA ON")[1]


@pytest.mark.parametrize("text", ["la luce è off", "buongiorno", "", "c'è una buca in via Roma", "x" * 5000])
def test_anything_else_passes_on(contact: Contact, text: str) -> None:
    assert write(contact, text)[0] is False


def test_a_picture_is_no_keyword_but_may_leave(contact: Contact) -> None:
    consent.subscribe(contact)
    assert write(contact, "iscrizione on", kind=Kind.IMAGE)[0] is False
    assert write(contact, "iscrizione off", kind=Kind.IMAGE)[0] is True
    assert not consent.is_subscribed(contact)


def test_the_same_message_handled_twice_has_one_effect(contact: Contact) -> None:
    message = InboundMessageFactory(contact=contact, text="Iscrizione on")
    for _ in range(2):
        inbox.handle(message.pk)
    assert ConsentEvent.objects.count() == 1
    assert Message.objects.filter(contact=contact, inbound=False).count() == 1


def test_a_blocked_person_is_not_subscribed(contact: Contact) -> None:
    Contact.objects.filter(pk=contact.pk).update(blocked=True)
    inbox.handle(InboundMessageFactory(contact=contact, text="Iscrizione on").pk)
    assert not consent.is_subscribed(contact)


@pytest.mark.parametrize("payload", ["report:close", "consent:altro", "iscrizione on per finta", ""])
def test_somebody_elses_button_is_no_keyword(contact: Contact, payload: str) -> None:
    write(contact, "Va bene", kind=Kind.BUTTON_REPLY, payload=payload)
    assert not consent.is_subscribed(contact)


def test_a_text_of_all_placeholders_is_filled(contact: Contact) -> None:
    ServiceText.objects.filter(slug="welcome").update(text="{policy} {site} {since} {topics} {topic}")
    _, answer, _ = write(contact, "iscrizione on")
    assert "{" not in answer
    assert "Allerta meteo, Viabilità" in answer


def test_help_offers_the_next_step_at_a_tap(contact: Contact) -> None:
    _, _, buttons = write(contact, "AIUTO")
    [[join, title]] = buttons
    write(contact, title, kind=Kind.BUTTON_REPLY, payload=join)
    assert consent.is_subscribed(contact)
    _, _, buttons = write(contact, "AIUTO")
    for payload, title in buttons:
        assert write(contact, title, kind=Kind.BUTTON_REPLY, payload=payload)[0]
    assert not consent.is_subscribed(contact)


def test_an_off_is_heard_from_who_is_blocked_too() -> None:
    contact = ContactFactory(reachable=True)
    consent.subscribe(contact)
    Contact.objects.filter(pk=contact.pk).update(blocked=True)
    message = InboundMessageFactory(contact=contact, text="iscrizione off")
    inbox.handle(message.pk)
    assert not consent.is_subscribed(contact)
