"""Waking a worker. A nudge may be lost without harm: the sweep finds in the database what it was about."""

import logging
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from whatsapp.types import Lane

logger = logging.getLogger(__name__)


def nudge(task: str, *args: object, delay: float = 0) -> None:
    """Ask for `task` (its registered name) as soon as the running transaction is committed.

    Args:
        delay: seconds to wait first; a minute at most, far below the broker's visibility timeout.
    """
    transaction.on_commit(partial(_send, task, args, delay))


def wake_delivery() -> None:
    """Nudge the worker of each lane, as `nudge` does."""
    for lane in Lane:
        nudge(f"whatsapp.deliver_{lane.value}")


def _send(task: str, args: tuple[object, ...], delay: float) -> None:
    try:
        current_app.send_task(task, args=args, countdown=delay or None)
    except (OperationalError, ConnectionError) as error:
        logger.warning("broker unreachable, %s waits for the sweep: %s", task, type(error).__name__)
