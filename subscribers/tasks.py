"""Nudges turned into calls of the domain."""

from celery import shared_task

from subscribers import journal, retention, welcomes


@shared_task(name="subscribers.sweep")
def sweep() -> None:
    """Welcomes that have arrived, and the journal's gaps."""
    welcomes.record_arrived()
    journal.write()


@shared_task(name="subscribers.expire")
def expire() -> None:
    """What has been kept long enough goes, every night."""
    for _ in retention.run():
        pass
