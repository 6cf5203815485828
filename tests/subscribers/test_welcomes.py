"""The policy counts as accepted once the welcome has arrived; the consent is the message itself."""

import pytest
from django.utils import timezone

from subscribers import consent, inbound, tasks, verifying
from subscribers.models import ConsentEvent, Subscriber
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp import channels, contacts, ladder, ledger
from whatsapp.errors import PromotionsRefused
from whatsapp.ledger import Outcome
from whatsapp.models import Attempt, Contact, Message
from whatsapp.types import MarketingChoice, Sender, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def welcome() -> Message:
    """The answer to an ON, on its way."""
    contact = ContactFactory(reachable=True)
    inbound.handle(InboundMessageFactory(contact=contact, text="ISCRIZIONE ON #bacheca3"))
    message = Message.objects.get(contact=contact, inbound=False)
    Message.objects.filter(pk=message.pk).update(state=State.IN_FLIGHT)
    return message


def becomes(message: Message, state: State) -> None:
    attempt, _ = Attempt.objects.get_or_create(message=message, channel=channels.current())
    outcome = Outcome(attempt_id=attempt.pk, message_id=message.pk, state=state, at=timezone.now(),
                      provider_id="wamid.WELCOME")  # fmt: skip
    ledger.write([outcome])


def kinds() -> list[str]:
    return list(ConsentEvent.objects.order_by("sequence").values_list("kind", flat=True))


def test_what_was_shown_is_kept_with_the_consent(welcome: Message) -> None:
    evidence = ConsentEvent.objects.get().evidence
    assert evidence.text == "ISCRIZIONE ON #bacheca3"
    assert evidence.shown == welcome.text
    assert "/informativa/" in evidence.shown


@pytest.mark.parametrize("state", [State.DELIVERED, State.READ])
def test_its_arrival_is_written_once(welcome: Message, state: State) -> None:
    becomes(welcome, State.SENT)
    tasks.sweep()
    assert kinds() == ["on"]
    becomes(welcome, state)
    tasks.sweep()
    tasks.sweep()
    assert kinds() == ["on", "terms"]
    event = ConsentEvent.objects.get(kind="terms")
    assert (event.evidence.shown, event.evidence.message_id) == (welcome.text, "wamid.WELCOME")
    assert verifying.verify() == (2, "")


def test_a_welcome_that_never_arrives_proves_nothing_and_is_seen(welcome: Message) -> None:
    becomes(welcome, State.FAILED)
    tasks.sweep()
    assert kinds() == ["on"]
    assert Subscriber.objects.get(welcome__state=State.FAILED).contact == welcome.contact


class TestLeavingElsewhere:
    """What is told to WhatsApp is kept for what it is: no end of the subscription."""

    @pytest.fixture
    def contact(self) -> Contact:
        person: Contact = ContactFactory()
        consent.subscribe(person)
        return person

    def test_a_stop_of_promotions_is_a_line_of_the_register(self, contact: Contact) -> None:
        sender = Sender(phone=contact.phone)
        for wanted in (False, True):
            contacts.note_marketing_choice(MarketingChoice(sender=sender, wanted=wanted, at=timezone.now()))
        assert kinds() == ["on", "promo_off", "promo_on"]
        assert consent.is_subscribed(contact)

    def test_a_refusal_at_the_hand_over_is_one_too_once(self, contact: Contact) -> None:
        for _ in range(2):
            ladder.react(channels.current().pk, PromotionsRefused("", code="131050"), contact)
        assert kinds() == ["on", "promo_off"]
        contact.refresh_from_db()
        assert contact.marketing_stopped_at
        assert consent.is_subscribed(contact)
