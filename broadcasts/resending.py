"""Once more, to those who did not get it and to nobody else (feature 35)."""

from enum import StrEnum

from django.db import transaction

from broadcasts import lifecycle, pausing, published
from broadcasts.errors import NotAllowed
from broadcasts.lifecycle import Step
from broadcasts.models import Broadcast
from whatsapp import outbox
from whatsapp.types import State


class Again(StrEnum):
    """To whom; the value is what the address says."""

    FAILED = "non-riusciti"
    UNCERTAIN = "incerti"


STATES = {Again.FAILED: [State.FAILED], Again.UNCERTAIN: [State.UNCERTAIN]}
TITLES = {Again.FAILED: "Rimanda ai non riusciti", Again.UNCERTAIN: "Rimanda agli incerti"}


def possible(broadcast: Broadcast) -> bool:
    """May it be sent again to some, if there are any?"""
    return lifecycle.can(broadcast, Step.RESEND) and not broadcast.expired and not published.sequel(broadcast)


@transaction.atomic
def resend(broadcast: Broadcast, again: Again) -> int:
    """Queue the notice again for these people; a notice that was over is being sent again.

    Returns:
        How many people.

    Raises:
        NotAllowed: the state does not allow it, it has expired, or nobody is left (a second click).
    """
    broadcast = lifecycle.locked(broadcast)
    lifecycle.move(broadcast, Step.RESEND)
    lifecycle.refuse_expired(broadcast)
    if later := published.sequel(broadcast):
        raise NotAllowed(f"L'avviso è superato da «{later}»: chi non lo ha avuto non ne ha più bisogno.")
    count = outbox.resend(broadcast.content, STATES[again]) if broadcast.content else 0
    if not count:
        raise NotAllowed("Non c'è più nessuno a cui rimandarlo: forse qualcuno lo ha già fatto.")
    broadcast.finished_at = None
    pausing.know_outcomes(broadcast)
    broadcast.save()
    return count
