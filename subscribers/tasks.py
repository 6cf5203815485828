"""Nudges turned into calls of the domain."""

from celery import shared_task

from subscribers import importing, journal, retention, welcomes
from whatsapp.nudges import nudge


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
    for _ in retention.run():
        pass
