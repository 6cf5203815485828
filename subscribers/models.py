"""People's subscriptions, what they may leave, and the register that proves it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from whatsapp.models import Contact


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
            ("view_full_numbers", "Può vedere i numeri per intero"),
        ]

    def __str__(self) -> str:
        return self.contact.display_name


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


class Policy(models.Model):
    """A version of the policy and privacy notice. Once published it never changes."""

    version = models.PositiveIntegerField("versione", unique=True)
    title = models.CharField("titolo", max_length=120)
    text = models.TextField("testo")
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
        IDENTITY = "identity", "identità cambiata"

    sequence = models.PositiveBigIntegerField("progressivo", unique=True)
    subject_id = models.UUIDField("codice interessato", db_index=True)
    kind = models.CharField("evento", max_length=10, choices=Kind.choices)
    at = models.DateTimeField("data e ora")
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


class ConsentEvidence(models.Model):
    """The erasable part of an event: what was written, by whom. Erasing it leaves the chain verifiable."""

    event = models.OneToOneField(
        ConsentEvent, verbose_name="evento", on_delete=models.PROTECT, related_name="evidence"
    )
    text = models.TextField("testo ricevuto", blank=True)
    message_id = models.CharField("messaggio WhatsApp", max_length=200, blank=True)
    identity = models.CharField("numero o identificativo", max_length=140, blank=True)
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

    class Meta:
        verbose_name = "testa del registro"
        verbose_name_plural = "testa del registro"
        constraints = [models.CheckConstraint(name="register_one_head", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.sequence)


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
