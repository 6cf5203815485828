"""What an error means for what comes next: when a message may go again, what happens to the number."""

import logging
import random
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from whatsapp import channels, contacts, errors
from whatsapp.models import Channel, Contact
from whatsapp.nudges import wake_delivery
from whatsapp.paging import page, settle
from whatsapp.types import Line

logger = logging.getLogger(__name__)

# Waits after a failure that proves nothing arrived; after the last one the message has failed.
LADDER = [timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900)]
UNREACHABLE_PAUSE = timedelta(seconds=2)
THROTTLE_PAUSE = timedelta(seconds=5)
LINE_KEY = "line"
LINE_DOWN = (
    "{} Avvisi e risposte aspettano, e partono da soli appena WhatsApp risponde. Se dura, avvisa le persone "
    "in un altro modo."
)
# The number's pace after «too fast»: halved at each answer of that kind, given back little by little.
SLOWER, FASTER, SLOWEST = 0.5, 1.1, 0.05


def wait(error: errors.ChannelError, attempts_made: int) -> timedelta | None:
    """How long until the next attempt; None: there is none by itself."""
    match error:
        case errors.Later():
            done = max(attempts_made, 1) - 1
            return error.wait * error.growth**done if done < error.tries else None
        case errors.NotBegun():
            return timedelta(0)
        case errors.NoticesStopped():
            # An answer that is refused too: it may go for as long as its window is open, ever less often.
            return LADDER[min(max(attempts_made, 1), len(LADDER)) - 1]
        case errors.Unreachable():
            return UNREACHABLE_PAUSE  # for as long as it takes: the line itself is watched
        case errors.AccountError() | errors.Throttled():
            return THROTTLE_PAUSE  # nobody has failed: the channel is stopped or slowed
        case errors.Transient():
            step = max(attempts_made, 1) - 1
            tries = len(LADDER) if error.tries is None else error.tries
            return LADDER[step] * random.uniform(0.8, 1.2) if step < tries else None
        case _:
            return None


def react(channel_id: int, error: errors.ChannelError, contact: Contact | None = None) -> None:
    """What an error does beyond its message: stop the number and call somebody, slow it down, or no more
    promotions to this person."""
    match error:
        case errors.AccountError():
            answers = isinstance(error, errors.NoticesStopped)
            if channels.pause(Channel.objects.get(pk=channel_id), error.text, answers_go_on=answers):
                page("invii fermati", f"{error.text}\nRisolvi il problema, poi riattiva il canale.")
        case errors.Throttled():
            until = timezone.now() + (error.retry_after or THROTTLE_PAUSE)
            Channel.objects.filter(pk=channel_id, next_slot_at__lt=until).update(
                next_slot_at=until, throttle=Greatest(F("throttle") * SLOWER, SLOWEST)
            )
        case errors.PromotionsRefused() if contact:
            contacts.stop_promotions(contact.person, timezone.now())


def announce(channel_id: int, change: Line | None) -> None:
    """Log that the line to the provider went down or works again, and tell the staff on duty."""
    if change is Line.DOWN:
        reason = Channel.objects.values_list("line_reason", flat=True).get(pk=channel_id)
        logger.error("the line to the provider is down: nothing is handed over", extra={"line": "down"})
        page("collegamento con WhatsApp interrotto", LINE_DOWN.format(reason), key=LINE_KEY)
    elif change is Line.WELL:
        logger.warning("the line to the provider works again", extra={"line": "well"})
        settle(LINE_KEY)
        wake_delivery()


def recover() -> None:
    """Give a little of the pace back; called by every sweep."""
    Channel.objects.filter(throttle__lt=1, next_slot_at__lt=timezone.now()).update(
        throttle=F("throttle") * FASTER
    )
    Channel.objects.filter(throttle__gt=1).update(throttle=1)
