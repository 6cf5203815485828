"""The periodic look at the database: whatever a crash or an emptied broker left behind goes on."""

from datetime import timedelta

from django.db.models import Count, F, Q
from django.utils import timezone

from whatsapp import (
    channels,
    claims,
    crashpoints,
    fetching,
    heartbeat,
    inbox,
    ladder,
    ledger,
    line,
    mail,
    retries,
    tiers,
)
from whatsapp.errors import OutcomeUnknown
from whatsapp.ledger import Outcome
from whatsapp.models import Attempt, Channel, Mail, Media, Message, WebhookEvent, Worker
from whatsapp.nudges import nudge
from whatsapp.types import Lane, State

BATCH = 1000
ALERT_SECOND_CHANCE = timedelta(minutes=2)


def sweep() -> None:
    """Mark what was lost as uncertain, give alerts their one second chance, wake whoever has work."""
    heartbeat.forget_dead()
    mark_lost()
    crashpoints.reach("lost_marked")
    retry_uncertain_alerts()
    crashpoints.reach("alerts_retried")
    ladder.recover()
    line.probe()
    tiers.recount()
    now = timezone.now()
    for lane in Lane:
        if Message.objects.filter(claims.due(lane)).exists():
            nudge(f"whatsapp.deliver_{lane.value}")
    for box in WebhookEvent.Inbox:
        events = WebhookEvent.objects.filter(retries.WAITING, inbox=box, due_at__lte=now)
        if events.exists() or (box == WebhookEvent.Inbox.MESSAGES and inbox.unhandled().exists()):
            nudge(f"whatsapp.process_{box.value}")
    if Media.objects.filter(status__in=fetching.UNFINISHED, due_at__lte=now).exists():
        nudge("whatsapp.fetch_media")
    if Mail.objects.filter(due_at__lte=now).exists():
        nudge(mail.TASK)
    Channel.objects.filter(pk=channels.current().pk).update(swept_at=now)


def mark_lost() -> int:
    """Attempts whose worker died during the call: their outcome is unknown, never a reason to resend."""
    alive = Worker.objects.filter(beat_at__gte=heartbeat.alive_since()).values("pk")
    lost = Attempt.objects.filter(state=State.IN_FLIGHT, started_at__lt=heartbeat.alive_since())
    rows = list(lost.exclude(worker__in=alive).values_list("pk", "message_id")[:BATCH])
    error = OutcomeUnknown("Il programma si è fermato durante la consegna: non si sa se è arrivato.")
    now = timezone.now()
    ledger.write(
        [
            Outcome(attempt_id=pk, message_id=message, state=State.UNCERTAIN, at=now, error=error)
            for pk, message in rows
        ]
    )
    return len(rows)


def retry_uncertain_alerts() -> int:
    """An alert without news is attempted once more by itself (DESIGN 5.1), the only message that is:
    after two minutes, once, and only if other statuses came in since, which shows that our webhooks work."""
    now = timezone.now()
    last_status = channels.current().last_status_at
    if last_status is None:
        return 0
    alone = Message.objects.filter(lane=Lane.ALERT, state=State.UNCERTAIN, inbound=False).annotate(
        unknown=Count("attempts", filter=Q(attempts__state=State.UNCERTAIN)),
        latest=Count("attempts", filter=Q(attempts__started_at__gt=now - ALERT_SECOND_CHANCE)),
        heard=Count(
            "attempts", filter=Q(attempts__state=State.UNCERTAIN, attempts__started_at__lt=last_status)
        ),
    )
    pks = list(alone.filter(unknown=1, latest=0, heard=F("unknown")).values_list("pk", flat=True))
    return Message.objects.filter(pk__in=pks, state=State.UNCERTAIN).update(state=State.QUEUED, due_at=now)
