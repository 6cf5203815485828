"""Nudges turned into calls of the domain."""

from celery import shared_task

from broadcasts import lifecycle, pausing, progress, sending
from broadcasts.models import Broadcast


@shared_task(name="broadcasts.leave")
def leave(pk: int) -> None:
    """The end of a notice's hold."""
    for broadcast in Broadcast.objects.filter(pk=pk):  # a draft may have been deleted meanwhile
        sending.leave(broadcast)


@shared_task(name="broadcasts.sweep")
def sweep() -> None:
    """Notices whose time has come, half-made lists, notices over or failing. One query on a quiet day."""
    if not lifecycle.anything_to_do():
        return
    sending.leave_due()
    sending.complete_fan_outs()
    progress.finish_due()
    pausing.pause_failing()


@shared_task(name="broadcasts.keep_totals")
def keep_totals() -> None:
    """Totals that statuses still move."""
    progress.keep_totals()
