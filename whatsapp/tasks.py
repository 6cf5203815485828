"""Nudges turned into calls of the domain. Each is harmless when run twice, or never: the sweep comes by."""

from collections.abc import Callable
from functools import partial

from celery import shared_task

from whatsapp import account, delivery, fetching, inbox, mail, paging
from whatsapp import sweep as sweeping
from whatsapp.errors import ChannelError
from whatsapp.models import Message, WebhookEvent
from whatsapp.nudges import nudge
from whatsapp.providers import registry
from whatsapp.types import Lane

FULL = 200


def _process(box: WebhookEvent.Inbox) -> bool:
    return inbox.process(box, limit=FULL) >= FULL


def _register(name: str, work: Callable[[], bool]) -> None:
    """A task that asks for another when it says that there is more."""

    @shared_task(name=name)
    def task() -> None:
        if work():
            nudge(name)


for _lane in Lane:
    _register(f"whatsapp.deliver_{_lane.value}", partial(delivery.run, _lane))
for _box in WebhookEvent.Inbox:
    _register(f"whatsapp.process_{_box.value}", partial(_process, _box))


@shared_task(name="whatsapp.fetch_media")
def fetch_media() -> None:
    fetching.fetch_due()


@shared_task(name="whatsapp.mark_read")
def mark_read(message_pk: int) -> None:
    provider_id = Message.objects.filter(pk=message_pk).values_list("provider_id", flat=True).first()
    if not provider_id:
        return  # the message has expired meanwhile
    try:
        registry.current().mark_read(provider_id)
    except ChannelError:
        return  # two blue ticks are a courtesy


@shared_task(name="whatsapp.sync_templates")
def sync_templates() -> None:
    account.sync_templates()


@shared_task(name="whatsapp.call_again")
def call_again() -> None:
    paging.call_again()


@shared_task(name=mail.TASK)
def send_mail() -> None:
    mail.send_due()


@shared_task(name="whatsapp.sweep")
def sweep() -> None:
    sweeping.sweep()
