"""The policy and the consent register."""

from datetime import UTC
from typing import Any

from django.db import models
from django.db.models import Q

# Every column of an event but its own hash.
CHAINED = (
    "sequence", "subject_id", "kind", "source", "at", "recorded_at", "topic", "policy_version",
    "policy_sha256", "commitment", "previous_hash",
)  # fmt: skip


class Policy(models.Model):
    """A version of the policy and privacy notice. Once published it never changes."""

    version = models.PositiveIntegerField("versione", unique=True)
    title = models.CharField("titolo", max_length=120)
    text = models.TextField("testo")
    announce = models.BooleanField(
        "da annunciare",
        default=False,
        help_text="Gli iscritti vanno avvisati: dopo la pubblicazione prepari l'avviso da questa pagina.",
    )
    sha256 = models.CharField("SHA-256", max_length=64, blank=True, editable=False)
    in_force_from = models.DateTimeField("in vigore dal", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "informativa"
        verbose_name_plural = "informative"
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"{self.title}, versione {self.version}"


class ConsentEvent(models.Model):
    """One line of the register: append-only, chained, without personal data (DESIGN 4)."""

    class Kind(models.TextChoices):
        SUBSCRIBED = "on", "iscrizione"
        LEFT = "off", "cancellazione"
        TOPIC_LEFT = "topic_off", "argomento lasciato"
        TOPIC_KEPT = "topic_on", "argomento ripreso"
        # Apart from the consent, which is the message itself: the notice counts as accepted once it arrived.
        TERMS = "terms", "informativa ricevuta e accettata"
        PROMOTIONS_STOPPED = "promo_off", "promozioni rifiutate su WhatsApp"
        PROMOTIONS_WANTED = "promo_on", "promozioni riammesse su WhatsApp"
        IDENTITY = "identity", "identità cambiata"
        MERGED = "merged", "unito a un altro contatto"
        TAKEN_OVER = "taken", "iscrizione ripresa da un altro contatto"
        RECTIFIED = "rectified", "dati rettificati"
        OBJECTION = "objection", "opposizione al trattamento"
        ERASED = "erased", "dati cancellati"
        # Of nobody: the rows before it came back from the journal, without their evidence.
        RESTORED = "restored", "righe riprese dal diario"

    class Source(models.TextChoices):
        WHATSAPP = "whatsapp", "WhatsApp"
        DESK = "desk", "sportello"
        IMPORT = "import", "importazione"
        OFFICE = "office", "ufficio"
        SYSTEM = "system", "sistema"

    sequence = models.PositiveBigIntegerField("progressivo", unique=True)
    subject_id = models.UUIDField("codice interessato", db_index=True)
    kind = models.CharField("evento", max_length=10, choices=Kind.choices)
    source = models.CharField("provenienza", max_length=10, choices=Source.choices)
    at = models.DateTimeField("data e ora")  # the provider's, if a message did it
    recorded_at = models.DateTimeField("registrato il")
    topic = models.CharField("argomento", max_length=40, blank=True)
    policy_version = models.PositiveIntegerField("versione dell'informativa")
    policy_sha256 = models.CharField("SHA-256 dell'informativa", max_length=64)
    commitment = models.CharField("impegno", max_length=64)
    previous_hash = models.CharField("impronta precedente", max_length=64)
    hash = models.CharField("impronta", max_length=64, unique=True)

    class Meta:
        verbose_name = "evento del registro consensi"
        verbose_name_plural = "registro consensi"
        ordering = ["-sequence"]
        permissions = [("export_consentevent", "Può esportare il registro consensi")]

    def __str__(self) -> str:
        return f"{self.sequence} · {self.get_kind_display()}"

    @property
    def proof(self) -> "ConsentEvidence":
        """The evidence; an empty one where it has been erased."""
        return getattr(self, "evidence", None) or ConsentEvidence()

    def chained(self) -> dict[str, Any]:
        """What the hash covers, and the journal copies: JSON values, times in UTC to the microsecond."""
        told: dict[str, Any] = {name: getattr(self, name) for name in CHAINED}
        told |= {name: str(told[name]) for name in ("subject_id", "kind", "source")}
        for name in ("at", "recorded_at"):
            told[name] = told[name].astimezone(UTC).isoformat(timespec="microseconds")
        return told


class ConsentEvidence(models.Model):
    """The erasable part of an event: what was written, by whom. Erasing it leaves the chain verifiable."""

    event = models.OneToOneField(
        ConsentEvent, verbose_name="evento", on_delete=models.PROTECT, related_name="evidence"
    )
    text = models.TextField("testo ricevuto o riferimento", blank=True)
    message_id = models.CharField("messaggio WhatsApp", max_length=200, blank=True)
    identity = models.CharField("numero o identificativo", max_length=140, blank=True)
    shown = models.TextField("che cosa è stato mostrato", blank=True)
    actor = models.CharField("chi", max_length=150)
    salt = models.CharField(max_length=64)

    class Meta:
        verbose_name = "prova del consenso"
        verbose_name_plural = "prove del consenso"

    def __str__(self) -> str:
        return str(self.event)


class RegisterHead(models.Model):
    """The last line of the register: locked by whoever appends, so that the chain never forks."""

    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)
    # When it last left this machine by e-mail.
    emailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "testa del registro"
        verbose_name_plural = "testa del registro"
        constraints = [models.CheckConstraint(name="register_one_head", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.sequence)
