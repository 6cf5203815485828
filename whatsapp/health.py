"""How the line is, as one set of queries for `/salute/` and the admin."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min
from django.utils import timezone

from whatsapp import channels, claims, paging, tiers
from whatsapp.models import Attempt, Media, Message, WebhookEvent
from whatsapp.types import Lane, State

# Longer than this and somebody should look.
SLOW = timedelta(minutes=2)
SWEEP_MISSING = timedelta(minutes=1)


@dataclass(frozen=True)
class Snapshot:
    """The line at one moment. Ages are in seconds; no personal data."""

    at: datetime
    queued: dict[str, int]  # by lane, due now
    oldest_queued: dict[str, float]  # by lane
    uncertain: int
    unanswered_calls: int  # of the staff
    unhandled_events: int
    oldest_event: float
    pending_files: int
    unscanned_files: int  # the antivirus has not answered
    paused_at: datetime | None
    pause_reason: str
    last_inbound_at: datetime | None
    last_outbound_at: datetime | None
    swept_at: datetime | None
    quality: str  # of the number, in WhatsApp's word
    first_words_left: int | None  # people an ordinary notice may still reach today; None: no limit known
    pace_used: float  # part of the pace the last minute's hand-overs took
    errors: dict[str, int]  # of the last hour, by the provider's code

    @property
    def problems(self) -> list[str]:
        """What is wrong, in Italian; empty when all is well."""
        slow = SLOW.total_seconds()
        found = []
        if self.paused_at:
            found.append(f"Il canale è in pausa: {self.pause_reason}")
        if self.swept_at is None or self.at - self.swept_at > SWEEP_MISSING:
            found.append("Gli invii automatici sono fermi: avvisa l'amministratore (processi beat e worker).")
        for lane, age in self.oldest_queued.items():
            # An ordinary notice to the whole town takes minutes by design.
            if age > slow and lane != Lane.BULK:
                found.append(f"Messaggi della corsia «{Lane(lane).label}» fermi da {age / 60:.0f} minuti.")
        if self.first_words_left == 0:
            found.append(
                "Raggiunto il limite di WhatsApp nelle 24 ore: gli avvisi ordinari ripartono da soli."
            )
        if self.unanswered_calls:
            found.append(
                f"Chiamate di turno a cui nessuno ha risposto: {self.unanswered_calls}. Guarda prima le "
                "segnalazioni più gravi."
            )
        if self.unscanned_files:
            found.append(
                f"L'antivirus non risponde. File che aspettano il controllo e non si aprono: "
                f"{self.unscanned_files}. Avvisa l'amministratore (clamd)."
            )
        if self.oldest_event > slow:
            found.append(f"Notifiche di WhatsApp non trattate da {self.oldest_event / 60:.0f} minuti.")
        return found

    @property
    def healthy(self) -> bool:
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """For a monitor."""
        return {
            "stato": "bene" if self.healthy else "attenzione",
            "problemi": self.problems,
            "in_coda": self.queued,
            "piu_vecchio_in_coda_secondi": self.oldest_queued,
            "esito_incerto": self.uncertain,
            "chiamate_senza_risposta": self.unanswered_calls,
            "notifiche_da_trattare": self.unhandled_events,
            "file_da_scaricare": self.pending_files,
            "file_senza_antivirus": self.unscanned_files,
            "in_pausa_dal": self.paused_at,
            "ultimo_messaggio_ricevuto": self.last_inbound_at,
            "ultimo_messaggio_consegnato": self.last_outbound_at,
            "ultimo_controllo": self.swept_at,
            "ritmo_usato": self.pace_used,
            "errori_ultima_ora": self.errors,
        }


def snapshot() -> Snapshot:
    """Ask the database how the line is."""
    now = timezone.now()
    channel = channels.current()
    due = Message.objects.filter(state=State.QUEUED, due_at__lte=now).values_list("lane")
    lanes = {lane: (count, oldest) for lane, count, oldest in due.annotate(Count("pk"), Min("due_at"))}
    events = WebhookEvent.objects.filter(handled_at__isnull=True).aggregate(
        n=Count("pk"), oldest=Min("received_at")
    )
    minute = Attempt.objects.filter(started_at__gte=now - timedelta(minutes=1))
    failed = Attempt.objects.filter(started_at__gte=now - timedelta(hours=1)).exclude(error_code="")
    return Snapshot(
        at=now,
        queued={lane.value: lanes.get(lane.value, (0, now))[0] for lane in Lane},
        oldest_queued={lane.value: _age(lanes.get(lane.value, (0, now))[1], now) for lane in Lane},
        uncertain=Message.objects.filter(state=State.UNCERTAIN).count(),
        unanswered_calls=paging.unanswered().count(),
        unhandled_events=events["n"],
        oldest_event=_age(events["oldest"], now),
        pending_files=Media.objects.filter(status=Media.Status.PENDING).count(),
        unscanned_files=Media.objects.filter(status=Media.Status.SCANNING).exclude(reason="").count(),
        paused_at=channel.paused_at,
        pause_reason=channel.pause_reason,
        last_inbound_at=channel.last_inbound_at,
        last_outbound_at=channel.last_outbound_at,
        swept_at=channel.swept_at,
        quality=channel.quality,
        first_words_left=tiers.room(channel, Lane.BULK),
        pace_used=round(minute.count() / (60 * claims.pace(channel)), 3),
        errors=dict(failed.values_list("error_code").annotate(Count("pk")).order_by("error_code")),
    )


def _age(since: datetime | None, now: datetime) -> float:
    return round((now - since).total_seconds(), 1) if since else 0.0
