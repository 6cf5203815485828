"""Nudges turned into calls of the domain. Each is harmless when run twice, or never: the sweep comes by."""

from celery import shared_task

from whatsapp import account, delivery, fetching, inbox, paging
from whatsapp import sweep as sweeping
from whatsapp.errors import ChannelError
from whatsapp.models import WebhookEvent
from whatsapp.nudges import nudge
from whatsapp.providers import registry
from whatsapp.types import Lane

FULL = 200


@shared_task(name="whatsapp.deliver_alert")
def deliver_alert() -> None:
    _deliver(Lane.ALERT)


@shared_task(name="whatsapp.deliver_reply")
def deliver_reply() -> None:
    _deliver(Lane.REPLY)


@shared_task(name="whatsapp.deliver_bulk")
def deliver_bulk() -> None:
    _deliver(Lane.BULK)


def _deliver(lane: Lane) -> None:
    if delivery.run(lane):
        nudge(f"whatsapp.deliver_{lane.value}")


@shared_task(name="whatsapp.process_messages")
def process_messages() -> None:
    _process(WebhookEvent.Inbox.MESSAGES)


@shared_task(name="whatsapp.process_statuses")
def process_statuses() -> None:
    _process(WebhookEvent.Inbox.STATUSES)


def _process(box: WebhookEvent.Inbox) -> None:
    if inbox.process(box, limit=FULL) >= FULL:
        nudge(f"whatsapp.process_{box.value}")


@shared_task(name="whatsapp.fetch_media")
def fetch_media() -> None:
    fetching.fetch_due()


@shared_task(name="whatsapp.mark_read")
def mark_read(provider_id: str) -> None:
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


@shared_task(name="whatsapp.sweep")
def sweep() -> None:
    sweeping.sweep()
