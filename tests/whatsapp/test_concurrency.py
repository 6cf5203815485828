"""Many workers at once on a real PostgreSQL: each message is claimed by one of them, slots never overlap."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction

from tests.factories.whatsapp import ContactFactory, ContentFactory
from tests.whatsapp import envelopes, handlers
from whatsapp import channels, claims, contacts, inbox, outbox
from whatsapp.models import Attempt, Contact, Message, WebhookEvent
from whatsapp.providers import registry
from whatsapp.types import Lane, Sender, State, WebhookCall

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
Result = TypeVar("Result")


def at_once(work: Callable[[], Result], times: int) -> list[Result]:
    """Run the same thing in several threads, each with a connection of its own."""

    def run(_: int) -> Result:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_each_message_is_claimed_once(settings: Any) -> None:
    settings.WHATSAPP_PACE = 1000
    channels.current()
    outbox.enqueue(ContentFactory(), [ContactFactory(reachable=True).pk for _ in range(60)], Lane.BULK)

    def work() -> list[Any]:
        return list(itertools.chain.from_iterable(iter(lambda: claims.claim(Lane.BULK, 4), [])))

    claimed = [pair for pairs in at_once(work, 8) for pair in pairs]
    assert Attempt.objects.count() == len(claimed) == 60
    assert len({attempt.message_id for attempt, _ in claimed}) == 60
    assert not Message.objects.exclude(state=State.IN_FLIGHT).exists()
    slots = sorted(slot for _, slot in claimed)
    step = timedelta(milliseconds=1)
    assert all(later - earlier >= step for earlier, later in itertools.pairwise(slots))


def test_the_same_fan_out_from_four_places_gives_one_row_each() -> None:
    content = ContentFactory()
    people = [ContactFactory().pk for _ in range(50)]
    at_once(lambda: outbox.enqueue(content, people, Lane.BULK), 4)
    assert Message.objects.count() == 50


def test_two_halves_of_a_person_are_united_once() -> None:
    ContactFactory(phone="+393401110001")
    ContactFactory(phone=None, bsuid="IT.AAA111")

    def work() -> int:
        with transaction.atomic():
            return contacts.resolve(Sender(phone="+393401110001", bsuid="IT.AAA111")).pk

    def work_hidden() -> int:
        with transaction.atomic():
            return contacts.resolve(Sender(bsuid="IT.AAA111")).pk

    turns = itertools.cycle([work, work_hidden])
    found = {Contact.objects.get(pk=pk).person.pk for pk in at_once(lambda: next(turns)(), 8)}
    assert len(found) == 1
    assert Contact.objects.filter(merged_into=None).count() == 1


def test_the_same_webhook_read_by_four_workers_has_one_effect(settings: Any) -> None:
    settings.INBOUND_HANDLERS = ["tests.whatsapp.handlers.remember"]
    handlers.seen.clear()
    call = WebhookCall(headers={}, body=envelopes.encode(envelopes.text("ISCRIZIONE ON")))
    for _ in range(10):
        inbox.store(registry.current(), call)
    at_once(lambda: inbox.process(WebhookEvent.Inbox.MESSAGES), 4)
    assert handlers.seen == ["ISCRIZIONE ON"]
    assert (Contact.objects.count(), Message.objects.count()) == (1, 1)
    assert not WebhookEvent.objects.filter(handled_at=None).exists()
