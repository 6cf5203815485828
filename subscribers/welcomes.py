"""The welcome invites to read the policy, which counts as accepted once it has arrived (FEATURES 4)."""

from django.db import transaction

from subscribers import consent
from subscribers.models import Subscriber
from subscribers.register import Kind
from whatsapp.models import Contact, Message
from whatsapp.types import State

ARRIVED = (State.DELIVERED, State.READ)
BATCH = 100


def expect(contact: Contact, message: Message) -> None:
    """Remember the welcome, until it is known to have arrived."""
    Subscriber.objects.filter(contact=contact.person).update(welcome=message)


def record_arrived() -> int:
    """Write in the register whose welcome has arrived since the last look; returns how many."""
    due = Subscriber.objects.filter(welcome__state__in=ARRIVED).values_list("pk", flat=True)
    return sum(_record(pk) for pk in due[:BATCH])


@transaction.atomic
def _record(pk: int) -> bool:
    waiting = Subscriber.objects.select_for_update(of=("self",)).select_related("contact", "welcome__content")
    subscriber = waiting.filter(pk=pk, welcome__state__in=ARRIVED).first()
    if subscriber is None or subscriber.welcome is None:
        return False
    message = subscriber.welcome
    attempt = message.attempts.filter(state__in=ARRIVED).first()
    Subscriber.objects.filter(pk=pk).update(welcome=None)
    consent.note(
        subscriber.contact,
        Kind.TERMS,
        at=message.delivered_at or message.read_at,
        shown=message.text,
        message_id=attempt.provider_id or "" if attempt else "",
    )
    return True
