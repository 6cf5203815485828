"""What the project itself keeps: the changes that one administrator asks for and another decides."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

VALID_FOR = timedelta(hours=24)


def end_of_validity() -> datetime:
    return timezone.now() + VALID_FOR


class ChangeRequest(models.Model):
    """A change of rights or of the service that waits for a second administrator."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "da decidere"
        CONFIRMED = "confirmed", "confermata"
        REFUSED = "refused", "rifiutata"
        WITHDRAWN = "withdrawn", "ritirata"

    kind = models.CharField("tipo", max_length=40)
    target = models.CharField("oggetto", max_length=40, blank=True)  # the key of what changes
    payload = models.JSONField("dati", default=dict)  # never a secret
    summary = models.TextField("che cosa cambia")
    reason = models.CharField("motivo", max_length=300, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="chiesta da", on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField("chiesta il", default=timezone.now)
    expires_at = models.DateTimeField("vale fino al", default=end_of_validity)
    outcome = models.CharField("esito", max_length=10, choices=Outcome.choices, default=Outcome.WAITING)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="decisa da", on_delete=models.PROTECT, null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    decided_at = models.DateTimeField("decisa il", null=True, blank=True)

    class Meta:
        verbose_name = "richiesta"
        verbose_name_plural = "richieste tra amministratori"
        ordering = ["-pk"]
        permissions = [("decide_changerequest", "Può confermare le richieste di un altro amministratore")]

    def __str__(self) -> str:
        return f"Richiesta n. {self.pk}"

    @property
    def is_open(self) -> bool:
        """Can it still be decided?"""
        return self.outcome == self.Outcome.WAITING and self.expires_at > timezone.now()
