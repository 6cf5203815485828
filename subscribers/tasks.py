"""Nudges turned into calls of the domain."""

import logging

from celery import shared_task

from subscribers import heads, importing, journal, retention, welcomes
from whatsapp.nudges import nudge

logger = logging.getLogger(__name__)


@shared_task(name="subscribers.sweep")
def sweep() -> None:
    """Welcomes that have arrived, imports whose worker is gone, and the journal's gaps."""
    welcomes.record_arrived()
    importing.wake()
    journal.write()


@shared_task(name="subscribers.run_import")
def run_import(pk: int) -> None:
    if importing.run(pk):
        nudge(importing.TASK, pk)


@shared_task(name="subscribers.expire")
def expire() -> None:
    """What has been kept long enough goes, every night."""
    try:
        for _ in retention.run():
            pass
    except retention.TimeInDoubt as doubt:
        logger.error("retention did not run: %s", doubt)


@shared_task(name="subscribers.send_head")
def send_head() -> None:
    """Every hour until the day's e-mail with the register's head has left."""
    heads.send_daily()
