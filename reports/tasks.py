"""Nudges turned into calls of the domain."""

from celery import shared_task

from reports import answering


@shared_task(name="reports.sweep")
def sweep() -> None:
    """Questions still to be asked of those who write no more. One query on a quiet day."""
    answering.ask_pending()
