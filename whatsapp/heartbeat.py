"""Which turns of delivery are alive: each says so once a second; silence is death."""

import time
import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from whatsapp.models import Worker

EVERY = 1.0  # seconds
# A turn silent for this long is dead: its calls under way have an unknown outcome. Long enough for a slow
# disk or a paused machine; one that wakes up later still records its answers: they only move forward.
LEASE = timedelta(seconds=15)


class Pulse:
    """The life of one turn. Not of a process or thread, which may survive a turn that ended badly."""

    def __init__(self) -> None:
        self.id = uuid.uuid4()
        self._last = 0.0

    def beat(self) -> None:
        """Say that the turn goes on; cheap to call at every round of a loop."""
        now = time.monotonic()
        if now - self._last >= EVERY:
            Worker.objects.update_or_create(pk=self.id, defaults={"beat_at": timezone.now()})
            self._last = now

    def end(self) -> None:
        """All answers are written: nothing is left that a silence could mean."""
        Worker.objects.filter(pk=self.id).delete()


def alive_since() -> datetime:
    """Whoever has beaten after this moment is alive."""
    return timezone.now() - LEASE


def forget_dead() -> None:
    """Drop the rows of turns that ended badly; their attempts are dead with or without a row."""
    Worker.objects.filter(beat_at__lt=alive_since() - LEASE).delete()
