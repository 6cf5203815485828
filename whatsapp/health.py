"""How the line is, as one set of queries for `/salute/` and the admin."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.module_loading import import_string

from whatsapp import channels, claims, paging, retries, tiers
from whatsapp.models import Attempt, Mail, Media, Message, WebhookEvent
from whatsapp.types import Lane, Line, State

# Longer than this and somebody should look.
SLOW = timedelta(minutes=2)
MAIL_SLOW = timedelta(minutes=10)
SWEEP_MISSING = timedelta(minutes=1)
# How long a monitor hears of what was set aside; the admin shows it until a person has it tried again.
SET_ASIDE_NEWS = timedelta(hours=24)
GOOD, BAD = "bene", "attenzione"


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
    set_aside_events: int
    set_aside_messages: int
    newly_set_aside: int  # of both, in the last day
    pending_files: int
    oldest_mail: float  # of those that wait for a mail server
    unscanned_files: int  # the antivirus has not answered
    paused_at: datetime | None
    pause_reason: str
    line: str  # to the provider, a `Line`
    line_since: datetime | None
    line_reason: str
    last_inbound_at: datetime | None
    last_outbound_at: datetime | None
    swept_at: datetime | None
    quality: str  # of the number, in WhatsApp's word
    first_words_left: int | None  # people an ordinary notice may still reach today; None: no limit known
    pace_used: float  # part of the pace the last minute's hand-overs took
    errors: dict[str, int]  # of the last hour, by the provider's code
    others: list[str]  # problems that the apps above see, in Italian

    @property
    def problems(self) -> list[str]:
        """What is wrong, in Italian; empty when all is well."""
        slow = SLOW.total_seconds()
        found = []
        if self.paused_at:
            found.append(f"Il canale è in pausa: {self.pause_reason}")
        if self.line != Line.WELL and self.line_since:
            since = timezone.localtime(self.line_since)
            found.append(
                f"Il collegamento con WhatsApp è interrotto dalle {since:%H:%M}: {self.line_reason} "
                "I messaggi aspettano e partono da soli appena torna."
            )
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
        if self.newly_set_aside:
            found.append(
                f"Messaggi o notifiche messi da parte dopo troppi tentativi: {self.newly_set_aside}. Avvisa "
                "l'amministratore; corretta la causa, si fanno riprovare dagli elenchi."
            )
        if self.oldest_mail > MAIL_SLOW.total_seconds():
            found.append(
                f"Le e-mail non partono da {self.oldest_mail / 60:.0f} minuti: avvisa l'amministratore "
                "(server di posta, EMAIL_URL)."
            )
        return [*found, *self.others]

    @property
    def healthy(self) -> bool:
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """For a monitor."""
        return {
            "stato": GOOD if self.healthy else BAD,
            "problemi": self.problems,
            "collegamento": self.line,
            "in_coda": self.queued,
            "piu_vecchio_in_coda_secondi": self.oldest_queued,
            "esito_incerto": self.uncertain,
            "chiamate_senza_risposta": self.unanswered_calls,
            "notifiche_da_trattare": self.unhandled_events,
            "notifiche_messe_da_parte": self.set_aside_events,
            "messaggi_messi_da_parte": self.set_aside_messages,
            "file_da_scaricare": self.pending_files,
            "e_mail_piu_vecchia_secondi": self.oldest_mail,
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
    events = WebhookEvent.objects.filter(retries.WAITING).aggregate(n=Count("pk"), oldest=Min("received_at"))
    newly = Q(set_aside_at__gt=now - SET_ASIDE_NEWS)
    set_aside = [rows.aggregate(n=Count("pk"), new=Count("pk", filter=newly)) for rows in retries.set_aside()]
    waiting_mails = Mail.objects.exclude(due_at=None).aggregate(oldest=Min("created_at"))
    files = Media.objects.filter(status__in=[Media.Status.PENDING, Media.Status.SCANNING]).aggregate(
        pending=Count("pk", filter=Q(status=Media.Status.PENDING)),
        unscanned=Count("pk", filter=Q(status=Media.Status.SCANNING) & ~Q(reason="")),
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
        set_aside_events=set_aside[0]["n"],
        set_aside_messages=set_aside[1]["n"],
        newly_set_aside=set_aside[0]["new"] + set_aside[1]["new"],
        pending_files=files["pending"],
        oldest_mail=_age(waiting_mails["oldest"], now),
        unscanned_files=files["unscanned"],
        paused_at=channel.paused_at,
        pause_reason=channel.pause_reason,
        line=channel.line,
        line_since=channel.line_since,
        line_reason=channel.line_reason,
        last_inbound_at=channel.last_inbound_at,
        last_outbound_at=channel.last_outbound_at,
        swept_at=channel.swept_at,
        quality=channel.quality,
        first_words_left=tiers.room(channel, Lane.BULK),
        pace_used=round(minute.count() / (60 * claims.pace(channel)), 3),
        errors=dict(failed.values_list("error_code").annotate(Count("pk")).order_by("error_code")),
        others=[problem for name in settings.HEALTH_PROBLEMS for problem in import_string(name)()],
    )


def _age(since: datetime | None, now: datetime) -> float:
    return round((now - since).total_seconds(), 1) if since else 0.0
