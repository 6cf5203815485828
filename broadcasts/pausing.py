"""Pause and resume, by a person or by itself when too much fails (features 32 and 54)."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from broadcasts import lifecycle, progress
from broadcasts.errors import NotAllowed
from broadcasts.lifecycle import Step
from broadcasts.models import Broadcast
from broadcasts.progress import Counts
from broadcasts.types import State
from whatsapp import outbox, templates
from whatsapp.models import Message
from whatsapp.paging import page
from whatsapp.types import State as MessageState

# Fewer outcomes say nothing: among five numbers two may well be dead.
ENOUGH = 20
# Every subscriber has written to us on WhatsApp, so that a few in a hundred fail; at a third something is
# wrong with the notice, and going on would cost money and the number's quality.
SHARE = 0.30
# An alert must reach whoever it can: it goes on while every other message arrives.
ALERT_SHARE = 0.50
# A trouble that begins half-way shows late in the share: so many failures in a row, and not one success.
IN_A_ROW = 20

_OUTCOMES = (
    MessageState.ACCEPTED,
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.READ,
    MessageState.FAILED,
)


@dataclass(frozen=True)
class Outcomes:
    """What became of messages since a person last decided: `failed` of `total`."""

    total: int
    failed: int

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return self.failed / self.total if self.total else 0.0


@transaction.atomic
def pause(broadcast: Broadcast, user: AbstractBaseUser | None, reason: str = "") -> Broadcast:
    """What is queued stays queued; what is being handed over right now still goes.

    Args:
        user: who decided it; nobody when it pauses by itself, with a reason.

    Raises:
        NotAllowed: it is not being sent.
    """
    broadcast = lifecycle.locked(broadcast)
    lifecycle.move(broadcast, Step.PAUSE)
    broadcast.paused_at = timezone.now()
    broadcast.paused_by_id = user.pk if user else None
    broadcast.pause_reason = reason[:500]
    broadcast.save()
    return broadcast


@transaction.atomic
def resume(broadcast: Broadcast) -> Broadcast:
    """Go on where it was; what has failed so far does not pause it again.

    Raises:
        NotAllowed: it is not in pause, it has expired, or its template cannot be used.
    """
    broadcast = lifecycle.locked(broadcast)
    lifecycle.move(broadcast, Step.RESUME)
    lifecycle.refuse_expired(broadcast)
    if reason := _template_reason(broadcast):
        raise NotAllowed(reason)
    broadcast.paused_at = broadcast.paused_by = None
    broadcast.pause_reason = ""
    know_outcomes(broadcast)
    broadcast.save()
    if broadcast.content:
        outbox.release(broadcast.content)
    return broadcast


def know_outcomes(broadcast: Broadcast) -> None:
    """A person goes on knowing what has failed so far: unsaved, the caller saves."""
    now = _outcomes(progress.counts(broadcast))
    broadcast.known_outcomes, broadcast.known_failures = now.total, now.failed


def pause_failing() -> int:
    """Pause the notices of which too much fails or whose template WhatsApp has stopped, say why, and tell
    the staff. Returns how many.

    One query counts for all of them; the last outcomes are read only where enough have failed.
    """
    sending = Broadcast.objects.filter(state=State.SENDING)
    notices = list(sending.select_related("category", "content__template"))
    found = progress.counts_of(notices)
    return sum(_pause_if(notice, _trouble(notice, found[notice.pk])) for notice in notices)


def _pause_if(notice: Broadcast, reason: str) -> bool:
    if not reason:
        return False
    with transaction.atomic():
        if lifecycle.locked(notice).state != State.SENDING:
            return False
        pause(notice, None, reason)
        page("avviso in pausa", f"«{notice}» si è messo in pausa da solo. {reason}")
    return True


def _trouble(notice: Broadcast, counts: Counts) -> str:
    """Why it should not go on, in Italian; empty when it may."""
    if not counts.queued:
        return ""
    if reason := _template_reason(notice):
        return f"{reason} Poi riprendi l'invio."
    now = _outcomes(counts)
    new = Outcomes(now.total - notice.known_outcomes, now.failed - notice.known_failures)
    return _reason(notice, new) if new.failed and _too_many(notice, new) else ""


def _template_reason(notice: Broadcast) -> str:
    template = notice.content.template if notice.content else None
    if template is None or templates.may_go(template, notice.category.lane):
        return ""
    return templates.obstacle(template)


def _too_many(notice: Broadcast, new: Outcomes) -> bool:
    if notice.category.is_alert:
        return new.total >= ENOUGH and new.share >= ALERT_SHARE
    if new.total >= ENOUGH and new.share >= SHARE:
        return True
    return new.failed >= IN_A_ROW and _all_of_the_last_failed(notice)


def _all_of_the_last_failed(notice: Broadcast) -> bool:
    """Of the messages handed over last; they go in this order (see `whatsapp.claims`)."""
    done = Message.objects.filter(content=notice.content_id, inbound=False, state__in=_OUTCOMES)
    last = done.order_by("-due_at", "-pk").values_list("state", flat=True)[:IN_A_ROW]
    return set(last) == {MessageState.FAILED}


def _reason(notice: Broadcast, new: Outcomes) -> str:
    reasons = progress.reasons(notice, [MessageState.FAILED])
    why = f" Il motivo più frequente: «{reasons[0][0].rstrip('.')}»." if reasons and reasons[0][0] else ""
    return (
        f"Troppi messaggi non riusciti: {new.failed} su {new.total}.{why} "
        "Guarda le persone con un problema, poi riprendi l'invio o fermalo."
    )


def _outcomes(counts: Counts) -> Outcomes:
    return Outcomes(counts.of(*_OUTCOMES), counts.of(MessageState.FAILED))
