"""The sending number, its inbox, and whom to wake."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from whatsapp.models.taken import Taken
from whatsapp.types import Line


class Channel(models.Model):
    """The town's number at the provider: its pace, its pause, its health."""

    phone_number_id = models.CharField("identificativo del numero", max_length=64, unique=True)
    display_number = models.CharField("numero", max_length=20, blank=True)
    pace = models.FloatField(
        "messaggi al secondo", null=True, blank=True, help_text="Vuoto: il massimo della configurazione."
    )
    next_slot_at = models.DateTimeField("prossimo posto libero", default=timezone.now, editable=False)
    paused_at = models.DateTimeField("in pausa dal", null=True, blank=True)
    pause_reason = models.CharField("motivo della pausa", max_length=300, blank=True)
    # WhatsApp limits what we write first, not what we answer (fact sheet 6.2, ACCT-soft).
    answers_go_on = models.BooleanField("le risposte proseguono", default=False, editable=False)
    quality = models.CharField("qualità", max_length=20, blank=True)
    tier = models.CharField("limite nelle 24 ore", max_length=20, blank=True)
    reached_today = models.PositiveIntegerField("persone raggiunte nelle 24 ore", default=0, editable=False)
    last_inbound_at = models.DateTimeField("ultimo messaggio ricevuto", null=True, blank=True)
    last_outbound_at = models.DateTimeField("ultimo messaggio consegnato", null=True, blank=True)

    last_status_at = models.DateTimeField("ultimo esito ricevuto", null=True, blank=True)
    # After «too fast» the pace is this part of itself, and recovers little by little.
    throttle = models.FloatField("parte del ritmo in uso", default=1.0)
    swept_at = models.DateTimeField("ultimo controllo periodico", null=True, blank=True)
    # The line to the provider: written by `whatsapp.line` alone.
    line = models.CharField(
        "collegamento", max_length=8, choices=Line.choices, default=Line.WELL, editable=False
    )
    line_since = models.DateTimeField("collegamento cambiato il", null=True, blank=True, editable=False)
    line_reason = models.CharField("guasto del collegamento", max_length=200, blank=True, editable=False)
    line_faults = models.PositiveSmallIntegerField(default=0, editable=False)  # in a row
    line_proofs = models.PositiveSmallIntegerField(default=0, editable=False)  # answered probes in a row
    line_proofs_wanted = models.PositiveSmallIntegerField(default=1, editable=False)
    line_trials = models.PositiveSmallIntegerField(default=0, editable=False)  # failed since it was well
    line_next_at = models.DateTimeField(default=timezone.now, editable=False)  # the next probe or trial
    # Until then the service is on trial: only the staff's phones receive anything.
    opened_at = models.DateTimeField("servizio aperto il", null=True, blank=True, editable=False)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="aperto da", on_delete=models.PROTECT, null=True, blank=True,
        editable=False, related_name="+",
    )  # fmt: skip

    class Meta:
        verbose_name = "canale"
        verbose_name_plural = "canali"
        permissions = [
            ("pause_channel", "Può fermare e riattivare tutti gli invii"),
            ("open_channel", "Può dichiarare aperto il servizio"),
        ]

    def __str__(self) -> str:
        return self.display_number or self.phone_number_id


class Worker(models.Model):
    """A process that hands messages over, as long as it says so: its heartbeat decides who is dead."""

    id = models.UUIDField(primary_key=True)
    beat_at = models.DateTimeField("ultimo segno di vita")

    class Meta:
        verbose_name = "processo di consegna"
        verbose_name_plural = "processi di consegna"

    def __str__(self) -> str:
        return str(self.id)[:8]


class WebhookEvent(Taken):
    """The raw inbox: stored before anything else, so that nothing that reached us is lost."""

    class Inbox(models.TextChoices):
        """Citizens' messages never wait behind thousands of receipts."""

        MESSAGES = "messages", "messaggi"
        STATUSES = "statuses", "esiti"

    provider = models.CharField("fornitore", max_length=20)
    inbox = models.CharField("posta", max_length=10, choices=Inbox.choices)
    # Tells one person's messages from another's, and is no personal data: a checksum.
    sender = models.PositiveBigIntegerField(default=0, editable=False)
    body = models.BinaryField()
    query = models.CharField(max_length=500, blank=True)  # of the address it was posted to
    received_at = models.DateTimeField("ricevuto", default=timezone.now)
    handled_at = models.DateTimeField("trattato", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("tentativi", default=0)
    due_at = models.DateTimeField("prossimo tentativo", default=timezone.now)
    error = models.CharField("errore", max_length=300, blank=True)

    class Meta:
        verbose_name = "evento ricevuto"
        verbose_name_plural = "eventi ricevuti"
        indexes = [
            models.Index(
                fields=["inbox", "due_at", "id"], name="event_due", condition=Q(handled_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"evento {self.pk}"


class AccountEvent(models.Model):
    """What the provider told about the account or the number, once."""

    key = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField("data", default=timezone.now)
    event = models.CharField("evento", max_length=60)
    text = models.TextField("che cosa è successo")
    serious = models.BooleanField("ferma gli invii", default=False)

    class Meta:
        verbose_name = "comunicazione di WhatsApp"
        verbose_name_plural = "comunicazioni di WhatsApp"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.event
