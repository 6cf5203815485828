"""E-mails on their way: the database knows what is to be sent."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Mail(models.Model):
    """One e-mail to one address. The text goes as soon as a server has taken it."""

    address = models.EmailField("indirizzo", max_length=254)
    subject = models.CharField("oggetto", max_length=300)
    text = models.TextField("testo", blank=True)
    created_at = models.DateTimeField("data", default=timezone.now)
    attempts = models.PositiveSmallIntegerField("tentativi", default=0)
    due_at = models.DateTimeField("prossimo tentativo", null=True, blank=True, default=timezone.now)
    sent_at = models.DateTimeField("spedita", null=True, blank=True)
    error = models.CharField("errore", max_length=200, blank=True)

    class Meta:
        verbose_name = "e-mail"
        verbose_name_plural = "e-mail"
        indexes = [
            models.Index(fields=["due_at"], name="mail_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"e-mail {self.pk}"
