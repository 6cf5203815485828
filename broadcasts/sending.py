"""A notice leaves - at once, after a hold, at its time - or is stopped.

Every step locks the notice's row: two clicks, or two workers, have one effect.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from broadcasts import approval, audience, composing, lifecycle, schedule, versions
from broadcasts.approval import Emergency
from broadcasts.errors import NotAllowed
from broadcasts.lifecycle import Step
from broadcasts.models import Broadcast
from broadcasts.types import LEAVING, Event, State
from whatsapp import outbox
from whatsapp.errors import ContentError
from whatsapp.models import Content, Message, StaffPhone, Template
from whatsapp.nudges import nudge
from whatsapp.paging import page
from whatsapp.types import Lane

# A trial on one's own phone is of no use later.
TEST_LIFE = timedelta(hours=1)
# The second of two clicks comes within this.
TEST_AGAIN = timedelta(seconds=10)


def send(
    broadcast: Broadcast,
    user: AbstractBaseUser,
    *,
    digest: str | None = None,
    emergency: Emergency | None = None,
) -> Broadcast:
    """Start the notice at once, without a hold: what is said is fixed now, to whom right after.

    Whoever sends what was submitted approves it (see `approval.answer_for`).

    Args:
        digest: `composing.digest` of what the person saw; a notice changed since is refused.
        emergency: why nobody else is asked.

    Raises:
        NotAllowed: its state or the lack of a second person does not allow it, it has changed, or nobody
            would get it.
        ContentError: what it says cannot be sent (see `composing.check`).
    """
    with transaction.atomic():
        broadcast = _confirmed(broadcast, Step.SEND, user, digest, emergency)
        _start(broadcast)
    fan_out(broadcast)  # its own transaction: after a crash in between the sweep goes on from here
    return broadcast


@transaction.atomic
def hold(
    broadcast: Broadcast,
    user: AbstractBaseUser,
    *,
    digest: str | None = None,
    emergency: Emergency | None = None,
) -> Broadcast:
    """Let the notice leave in a moment (`schedule.hold_for`); until then it can be undone.

    Raises:
        NotAllowed, ContentError: as `send`.
    """
    broadcast = _confirmed(broadcast, Step.HOLD, user, digest, emergency)
    wait = schedule.hold_for(broadcast.category)
    broadcast.leaves_at = timezone.now() + wait
    broadcast.save()
    nudge("broadcasts.leave", broadcast.pk, delay=wait.total_seconds())
    return broadcast


@transaction.atomic
def schedule_for(
    broadcast: Broadcast, user: AbstractBaseUser, at: datetime, *, digest: str | None = None
) -> Broadcast:
    """Let the notice leave at this moment (`schedule.moment`), without a second hold.

    Raises:
        NotAllowed, ContentError: as `send`.
    """
    broadcast = _confirmed(broadcast, Step.SCHEDULE, user, digest)
    broadcast.leaves_at = at
    broadcast.save()
    return broadcast


@transaction.atomic
def undo(broadcast: Broadcast, user: AbstractBaseUser | None = None) -> Broadcast:
    """Nothing has left, and the approval is void: a draft again; within the hold it waits for approval again.

    Raises:
        NotAllowed: it has left, or was undone already.
    """
    broadcast = lifecycle.locked(broadcast)
    approved = broadcast.state == State.HOLDING and broadcast.approved_by_id
    _take_back(broadcast, Step.RECALL if approved else Step.UNDO, user)
    return broadcast


def _take_back(broadcast: Broadcast, step: Step, user: AbstractBaseUser | None, why: str = "") -> None:
    lifecycle.move(broadcast, step)
    approval.void(broadcast)
    broadcast.obstacle = why[:500]
    broadcast.save()
    versions.record(broadcast, Event.UNDO, user, note=why)


def leave(broadcast: Broadcast) -> bool:
    """End of the hold, or the time has come: start it and queue its messages, once.

    A notice that can no longer leave as it was confirmed is a draft again, says why, and the staff are told.
    """
    with transaction.atomic():
        broadcast = lifecycle.locked(broadcast)
        if not lifecycle.can(broadcast, Step.LEAVE) or not _is_time(broadcast):
            return False
        try:
            approval.check(broadcast, broadcast.confirmed)
            approval.recheck(broadcast)
        except (NotAllowed, ContentError) as error:
            _take_back(broadcast, Step.UNDO, None, str(error))
            page("avviso non partito", f"«{broadcast}» non è partito ed è di nuovo una bozza. {error}")
            return False
        lifecycle.move(broadcast, Step.LEAVE)
        _start(broadcast)
    fan_out(broadcast)
    return True


def leave_due() -> int:
    """Whoever's time has come, and no nudge has come for it. Returns how many left."""
    due = Broadcast.objects.filter(state__in=LEAVING, leaves_at__lte=timezone.now()).order_by("leaves_at")
    return sum(leave(broadcast) for broadcast in due)


def _is_time(broadcast: Broadcast) -> bool:
    return broadcast.leaves_at is not None and broadcast.leaves_at <= timezone.now()


def _confirmed(
    broadcast: Broadcast,
    step: Step,
    user: AbstractBaseUser,
    digest: str | None,
    emergency: Emergency | None = None,
) -> Broadcast:
    """The notice, locked and unsaved, with somebody who answers for its leaving as it is now."""
    broadcast = lifecycle.locked(broadcast)
    submitted = broadcast.state == State.SUBMITTED
    lifecycle.move(broadcast, step)
    event = approval.answer_for(broadcast, user, emergency, submitted=submitted)
    approval.check(broadcast, digest)
    broadcast.confirmed = composing.digest(broadcast)
    broadcast.obstacle = broadcast.return_reason = ""
    broadcast.wanted_at = None
    broadcast.sent_by_id = user.pk
    versions.record(broadcast, event, user, note=broadcast.emergency_reason, digest=broadcast.confirmed)
    if submitted:
        approval.settle(broadcast, user)
    return broadcast


def _start(broadcast: Broadcast) -> None:
    """What is said is fixed now; it is valid from now on."""
    broadcast.leaves_at = None
    broadcast.started_at = timezone.now()
    broadcast.expires_at = broadcast.started_at + timedelta(hours=broadcast.category.expiry_hours)
    broadcast.content = composing.make_content(broadcast, expires_at=broadcast.expires_at)
    broadcast.save()
    if broadcast.alert_level:
        approval.tell_everybody(broadcast)


@transaction.atomic
def fan_out(broadcast: Broadcast) -> int:
    """Freeze the list and queue one message per person, all or nothing; repeated, it does nothing.

    Should rule or template no longer be what was confirmed, it is stopped and the staff are told.

    Returns:
        How many people the list has; 0 if it was made before or the notice is not being sent.
    """
    broadcast = lifecycle.locked(broadcast)
    if broadcast.state != State.SENDING or broadcast.queued_at or broadcast.content is None:
        return 0
    if composing.fingerprint(broadcast, _template(broadcast.content)) != broadcast.confirmed:
        _halt(broadcast)
        return 0
    people = audience.of(audience.rule(broadcast)).order_by("pk").values_list("pk", flat=True)
    count = outbox.enqueue(broadcast.content, list(people), Lane(broadcast.category.lane))
    broadcast.queued_at = timezone.now()
    broadcast.save(update_fields=["queued_at"])
    return count


def _template(content: Content) -> Template:
    if content.template is None:
        raise TypeError("a notice always goes with a template")
    return content.template


def _halt(broadcast: Broadcast) -> None:
    lifecycle.move(broadcast, Step.STOP)
    broadcast.finished_at = timezone.now()
    broadcast.obstacle = (
        "La categoria o il modello di WhatsApp sono cambiati dopo la conferma: l'avviso si è fermato prima "
        "di partire. Scrivi un nuovo avviso."
    )
    broadcast.save()
    page("avviso fermato", f"«{broadcast}» non è partito per nessuno. {broadcast.obstacle}")


def complete_fan_outs() -> int:
    """Lists that a crash left unmade: make them now. Returns how many."""
    unmade = Broadcast.objects.filter(state=State.SENDING, queued_at__isnull=True)
    return sum(bool(fan_out(broadcast)) for broadcast in unmade)


@transaction.atomic
def stop(broadcast: Broadcast, user: AbstractBaseUser) -> Broadcast:
    """Nothing more of this notice is handed over; what the channel has already cannot be called back.

    The rows still queued are marked as skipped by the claim, which alone does that (see `handover`).

    Raises:
        NotAllowed: it is neither being sent nor in pause.
    """
    broadcast = lifecycle.locked(broadcast)
    lifecycle.move(broadcast, Step.STOP)
    broadcast.finished_at = timezone.now()
    broadcast.paused_at = None
    broadcast.stopped_by_id = user.pk
    broadcast.save()
    return broadcast


@transaction.atomic
def send_test(broadcast: Broadcast, user: AbstractBaseUser) -> Message:
    """The notice on one's own phone only, with a content of its own.

    Raises:
        NotAllowed: the person has no phone among the staff's, or has just sent the same trial.
        ContentError: see `composing.check`.
    """
    phones = StaffPhone.objects.select_for_update(of=("self",)).select_related("contact")
    phone = phones.filter(user_id=user.pk).first()
    if phone is None:
        raise NotAllowed(
            "Il tuo numero non è tra i telefoni del personale: chiedi all'amministratore di aggiungerlo in "
            "«Telefoni del personale»."
        )
    content = composing.make_content(broadcast, expires_at=timezone.now() + TEST_LIFE)
    same = Message.objects.filter(contact=phone.contact, inbound=False, content__text=content.text)
    if same.filter(created_at__gte=timezone.now() - TEST_AGAIN).exists():
        raise NotAllowed("La stessa prova è già in viaggio verso il tuo telefono.")
    return outbox.send(phone.contact, content, Lane.REPLY)
