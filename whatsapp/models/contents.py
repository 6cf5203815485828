"""What is said: contents, files, message templates."""

import uuid

from django.db import models
from django.utils import timezone

from whatsapp.types import Header, Kind, Place


def media_path(media: "Media", filename: str) -> str:
    """A path nobody can guess, without the name the sender gave."""
    return f"whatsapp/{timezone.now():%Y/%m}/{uuid.uuid4().hex}.{filename.rsplit('.', 1)[-1][:8]}"


class Media(models.Model):
    """A file that came from a citizen or goes to them."""

    class Status(models.TextChoices):
        PENDING = "pending", "da scaricare"
        SCANNING = "scanning", "in attesa dell'antivirus"
        FETCHED = "fetched", "disponibile"
        REJECTED = "rejected", "rifiutato"

    kind = models.CharField("tipo", max_length=16, choices=Kind.choices)
    status = models.CharField("stato", max_length=10, choices=Status.choices, default=Status.PENDING)
    # Why it is not available; of one that is, what is missing of it.
    reason = models.CharField("motivo", max_length=200, blank=True)
    # Why one should think before opening it, in words that follow «Questo file».
    warning = models.CharField("avvertenza", max_length=200, blank=True)
    file = models.FileField("file", upload_to=media_path, blank=True)
    thumbnail = models.FileField("anteprima", upload_to=media_path, blank=True)  # pictures only
    filename = models.CharField("nome", max_length=120, blank=True)
    mime_type = models.CharField("tipo MIME", max_length=80, blank=True)
    size = models.PositiveIntegerField("byte", default=0)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    inbound = models.BooleanField("ricevuto", default=False)
    # Sent to everybody, not to one citizen: who may write broadcasts may open it.
    for_subscribers = models.BooleanField("per gli iscritti", default=False)
    provider_media_id = models.CharField(max_length=200, blank=True)
    uploaded_at = models.DateTimeField(null=True, blank=True)  # the provider keeps an upload for 30 days
    # Where a citizen's picture says it was taken: read before it is drawn anew, offered to the report.
    latitude = models.FloatField("latitudine", null=True, blank=True)
    longitude = models.FloatField("longitudine", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("tentativi", default=0)
    due_at = models.DateTimeField("prossimo tentativo", default=timezone.now)
    created_at = models.DateTimeField("data", default=timezone.now)

    class Meta:
        verbose_name = "file"
        verbose_name_plural = "file"
        permissions = [("view_sent_media", "Può vedere i file inviati agli iscritti")]
        indexes = [
            # the sweep's question: what is still to be fetched or scanned
            models.Index(
                fields=["due_at"],
                name="media_unfinished",
                condition=models.Q(status__in=["pending", "scanning"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def download_name(self) -> str:
        """Under which the staff save it: the sender's, where there is one."""
        suffix = (self.file.name or "").rpartition(".")[2]
        return self.filename or f"whatsurp-{self.pk}.{suffix}"


class Template(models.Model):
    """A message template the provider has to approve (fact sheet 5.2). Body variables are {{1}}, {{2}}."""

    class Status(models.TextChoices):
        DRAFT = "draft", "da sottoporre"
        PENDING = "pending", "in esame"
        APPROVED = "approved", "approvato"
        REJECTED = "rejected", "respinto"
        PAUSED = "paused", "sospeso"
        DISABLED = "disabled", "disattivato"

    name = models.CharField("nome", max_length=512)
    language = models.CharField("lingua", max_length=10, default="it")
    category = models.CharField(
        "categoria Meta",
        max_length=12,
        default="utility",
        choices=[("utility", "servizio"), ("marketing", "marketing")],
    )
    # What the staff reckoned with. WhatsApp may decide otherwise, which costs more and reaches fewer: then
    # nothing goes until somebody accepts it.
    accepted_category = models.CharField(
        "categoria accettata", max_length=12, default="utility", editable=False
    )
    header = models.CharField("intestazione", max_length=10, choices=Header.choices, default=Header.NONE)
    header_text = models.CharField("titolo fisso", max_length=60, blank=True)  # of a text header
    body = models.TextField("testo", max_length=1024)
    footer = models.CharField("piè di pagina", max_length=60, blank=True)
    buttons = models.JSONField("pulsanti", default=list, blank=True)  # [{"type","text","url"?,"payload"?}]
    examples = models.JSONField("esempi", default=list, blank=True)
    ttl_seconds = models.PositiveIntegerField("validità (secondi)", null=True, blank=True)
    status = models.CharField("stato", max_length=10, choices=Status.choices, default=Status.DRAFT)
    quality = models.CharField("qualità", max_length=10, blank=True)
    reason = models.CharField("motivo", max_length=200, blank=True)
    provider_id = models.CharField(max_length=64, blank=True)
    synced_at = models.DateTimeField("aggiornato il", null=True, blank=True)

    class Meta:
        verbose_name = "modello di messaggio"
        verbose_name_plural = "modelli di messaggio"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["name", "language"], name="template_name_language")]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_status_display()})"

    @property
    def recategorised(self) -> bool:
        """Did WhatsApp change its category, and nobody has accepted it yet?"""
        return self.category != self.accepted_category

    @property
    def usable(self) -> bool:
        """May it be sent right now?"""
        return self.status == self.Status.APPROVED and not self.recategorised


class Content(models.Model):
    """What is said. Never changes once queued; a notice's recipients share one."""

    kind = models.CharField("tipo", max_length=16, choices=Kind.choices)
    text = models.TextField("testo", blank=True)
    # Inbound: the id of what was tapped, or why it cannot be read. Outbound: the word that opens a list.
    payload = models.CharField(max_length=256, blank=True)
    media = models.ForeignKey(
        Media, verbose_name="file", on_delete=models.PROTECT, null=True, blank=True, related_name="contents"
    )
    latitude = models.FloatField("latitudine", null=True, blank=True)
    longitude = models.FloatField("longitudine", null=True, blank=True)
    place_name = models.CharField("luogo", max_length=200, blank=True)
    place_address = models.CharField("indirizzo", max_length=200, blank=True)
    # [[id, title], …] of a reply, [[id, title, description], …] of a list
    buttons = models.JSONField("pulsanti", default=list, blank=True)
    template = models.ForeignKey(
        Template, verbose_name="modello", on_delete=models.PROTECT, null=True, blank=True,
        related_name="contents",
    )  # fmt: skip
    parameters = models.JSONField("parametri", default=list, blank=True)  # of the template's body
    button_parameters = models.JSONField(default=list, blank=True)  # [[sub_type, value], …] by position
    expires_at = models.DateTimeField("scade il", null=True, blank=True)
    created_at = models.DateTimeField("data", default=timezone.now)

    class Meta:
        verbose_name = "contenuto"
        verbose_name_plural = "contenuti"

    def __str__(self) -> str:
        return self.text[:60] or self.get_kind_display()

    @property
    def place(self) -> Place | None:
        """The point it carries, if any."""
        if self.latitude is None or self.longitude is None:
            return None
        return Place(
            latitude=self.latitude, longitude=self.longitude, name=self.place_name, address=self.place_address
        )
