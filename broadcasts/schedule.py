"""When a notice leaves: the hold after the click, and a time chosen in Rome's clock (features 31 and 33)."""

import math
from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from broadcasts.errors import NotAllowed
from broadcasts.models import Category

# Long enough to see the wrong category or a typo, short enough that nobody goes away meanwhile.
HOLD = timedelta(seconds=30)
# An alert cannot wait; five seconds still catch a slip of the hand.
ALERT_HOLD = timedelta(seconds=5)
# Further away it is a year mistyped; by then text and category are of another time.
FURTHEST = timedelta(days=365)


def hold_for(category: Category) -> timedelta:
    """How long a notice of this category may be undone after the click."""
    return ALERT_HOLD if category.is_alert else HOLD


def seconds_left(at: datetime | None) -> int:
    """Whole seconds until then, the one begun included; 0 when it is over or there is no such moment."""
    return max(0, math.ceil((at - timezone.now()).total_seconds())) if at else 0


def proposal(wanted: datetime | None = None) -> dict[str, date | time]:
    """What the form begins with: the time that was asked for, or tomorrow morning."""
    if wanted:
        local = timezone.localtime(wanted)
        return {"day": local.date(), "clock": local.time()}
    return {"day": timezone.localdate() + timedelta(days=1), "clock": time(8)}


def moment(day: date, clock: time) -> datetime:
    """The moment at which clocks in Rome show this; of two such moments in October the first.

    Raises:
        NotAllowed: it is past, too far, or the clocks jump over it in March.
    """
    naive = datetime.combine(day, clock.replace(tzinfo=None, fold=0))
    try:
        # In UTC: in its own zone Python never finds a moment of the doubled hour equal to any other.
        at = timezone.make_aware(naive).astimezone(UTC)
        shown = timezone.make_naive(at)
    except OverflowError as error:
        raise NotAllowed("Questa data non è valida: controlla l'anno.") from error
    if shown != naive:
        raise NotAllowed(
            f"Il {day:%d/%m/%Y} alle {clock:%H:%M} non esiste: quella notte si passa all'ora legale e "
            "l'orologio salta dalle 2:00 alle 3:00. Scegli un altro orario."
        )
    if at <= timezone.now():
        raise NotAllowed("Questo momento è già passato: scegli una data e un'ora future.")
    if at > timezone.now() + FURTHEST:
        raise NotAllowed("Un avviso si programma al massimo per un anno: controlla la data.")
    return at
