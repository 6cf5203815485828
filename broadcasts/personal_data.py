"""How long the names on a notice's list are kept: its totals stay, the messages are the channel's."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from broadcasts import progress
from broadcasts.models import Broadcast
from whatsapp.expiry import REPEATED, discard_messages
from whatsapp.models import Message
from whatsapp.personal_data import Clock, unreferenced


def _old_lists(before: datetime) -> QuerySet[Message]:
    over = Broadcast.objects.filter(finished_at__lt=before)
    return Message.objects.filter(unreferenced(Message), content__broadcast__in=over)


def _discard(pks: Sequence[int]) -> int:
    progress.settle(Broadcast.objects.filter(content__messages__in=pks).distinct())
    return discard_messages(pks)


CLOCKS = (
    Clock(
        slug="recipients",
        name="Destinatari degli avvisi",
        explanation="Chi ha ricevuto quale avviso, dalla fine dell'invio; i totali restano.",
        days=90,
        minimum=REPEATED,
        due=_old_lists,
        discard=_discard,
    ),
)
