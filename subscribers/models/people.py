"""People's subscriptions, what they may leave, what remains of the erased; the service's own texts."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from whatsapp.models import Contact, Message

# How long an unanswered «do you want to leave?» holds ordinary notices back.
DOUBT = timedelta(hours=24)


class Topic(models.Model):
    """Something one can leave or keep on its own."""

    slug = models.SlugField("sigla", max_length=40, unique=True)
    name = models.CharField("nome", max_length=60, unique=True)
    words = models.JSONField(
        "parole", default=list, help_text="Le parole con cui i cittadini lo chiamano, in minuscolo."
    )
    order = models.PositiveSmallIntegerField("ordine", default=10)

    class Meta:
        verbose_name = "argomento"
        verbose_name_plural = "argomenti"
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.name


class Subscriber(models.Model):
    """A contact's subscription. Whoever has left stays, so that nothing can subscribe them again unasked."""

    class State(models.TextChoices):
        ACTIVE = "active", "iscritto"
        LEFT = "left", "cancellato"

    contact = models.OneToOneField(
        Contact, verbose_name="contatto", on_delete=models.PROTECT, related_name="subscriber"
    )
    state = models.CharField("stato", max_length=6, choices=State.choices)
    since = models.DateTimeField("iscritto dal")
    left_at = models.DateTimeField("cancellato il", null=True, blank=True)
    # Asked «do you want to leave?» then, and not answered yet.
    doubt_at = models.DateTimeField("forse vuole cancellarsi dal", null=True, blank=True)
    # Whose arrival is still to be written in the register.
    welcome = models.OneToOneField(
        Message, verbose_name="benvenuto", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "iscritto"
        verbose_name_plural = "iscritti"
        constraints = [
            models.CheckConstraint(
                name="subscriber_left_has_time",
                condition=Q(state="active", left_at__isnull=True) | Q(state="left", left_at__isnull=False),
            )
        ]
        indexes = [models.Index(fields=["state"], name="subscriber_state")]
        permissions = [
            ("export_subscriber", "Può esportare gli iscritti"),
            ("import_subscriber", "Può importare un elenco di iscritti"),
            ("rights_subscriber", "Può rispondere alle richieste sui dati personali"),
            ("view_full_numbers", "Può vedere i numeri per intero"),
        ]

    def __str__(self) -> str:
        return self.contact.display_name

    @property
    def suspended_until(self) -> datetime | None:
        """Until when ordinary notices wait for the answer to «do you want to leave?»."""
        return self.doubt_at + DOUBT if self.doubt_at else None


class TopicPreference(models.Model):
    """A topic a subscriber has left; no row means kept."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="left_topics")
    topic = models.ForeignKey(
        Topic, verbose_name="argomento", on_delete=models.PROTECT, related_name="preferences"
    )
    left_at = models.DateTimeField("lasciato il", default=timezone.now)

    class Meta:
        verbose_name = "argomento lasciato"
        verbose_name_plural = "argomenti lasciati"
        constraints = [models.UniqueConstraint(fields=["subscriber", "topic"], name="topic_left_once")]

    def __str__(self) -> str:
        return str(self.topic)


class ErasedIdentity(models.Model):
    """All that is kept of an erased person: a keyed hash of a number or BSUID they had, and when they left.

    Enough to match a later OFF or a complaint, and to refuse an old list; not enough to write to anybody
    (art. 17(3)(e) GDPR).
    """

    digest = models.CharField("impronta", max_length=64, db_index=True)
    subject_id = models.UUIDField("codice interessato", db_index=True)
    left_at = models.DateTimeField("cancellato il", null=True, blank=True)
    erased_at = models.DateTimeField("dati cancellati il", default=timezone.now)

    class Meta:
        verbose_name = "prova minima"
        verbose_name_plural = "prove minime"

    def __str__(self) -> str:
        return str(self.subject_id)


class ServiceText(models.Model):
    """A text sent to citizens, which the staff may change."""

    slug = models.SlugField("sigla", max_length=40, unique=True)
    name = models.CharField("quando si invia", max_length=120)
    text = models.TextField("testo")

    class Meta:
        verbose_name = "testo del servizio"
        verbose_name_plural = "testi del servizio"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
