"""An existing list of people who consented elsewhere, and what becomes of each of its rows."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class SubscriberImport(models.Model):
    """A list put in at once: read and checked, shown, then worked through in the background."""

    class State(models.TextChoices):
        PREVIEW = "preview", "da confermare"
        RUNNING = "running", "in corso"
        DONE = "done", "finita"
        CANCELLED = "cancelled", "annullata"

    filename = models.CharField("file", max_length=120)
    reference = models.CharField(
        "riferimento della prova",
        max_length=200,
        help_text="Dove sono i consensi: per esempio «moduli cartacei 2025, faldone 3, prot. 1234».",
    )
    state = models.CharField("stato", max_length=10, choices=State.choices, default=State.PREVIEW)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="caricata da", on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField("caricata il", default=timezone.now)
    confirmed_at = models.DateTimeField("confermata il", null=True, blank=True)
    finished_at = models.DateTimeField("finita il", null=True, blank=True)

    class Meta:
        verbose_name = "importazione"
        verbose_name_plural = "importazioni"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.filename} del {timezone.localtime(self.created_at):%d/%m/%Y %H:%M}"


class ImportRow(models.Model):
    """One row of the list. The number is forgotten as soon as the row is done."""

    class Outcome(models.TextChoices):
        READY = "ready", "da iscrivere"
        SUBSCRIBED = "done", "iscritto"
        ALREADY = "already", "già iscritto"
        REFUSED = "refused", "rifiutato"

    source = models.ForeignKey(SubscriberImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField("riga")
    phone = models.CharField("numero", max_length=16, blank=True)
    name = models.CharField("nome", max_length=100, blank=True)
    consented_at = models.DateTimeField("consenso del", null=True, blank=True)
    outcome = models.CharField("esito", max_length=10, choices=Outcome.choices)
    reason = models.CharField("motivo", max_length=200, blank=True)

    class Meta:
        verbose_name = "riga importata"
        verbose_name_plural = "righe importate"
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["source", "line"], name="import_line_once")]
        indexes = [models.Index(fields=["source", "outcome", "line"], name="import_progress")]

    def __str__(self) -> str:
        return f"riga {self.line}"
