"""Notices and their categories."""

import uuid
from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from broadcasts.tables import TITLE_LIMIT, Budget, NoticeText, Price
from broadcasts.types import LEAVING, OVER, TONES, UNSENT, WRITABLE, AlertLevel, Event, Sequel, State, Tone
from subscribers.models import Topic
from whatsapp.models import Content, Media, Template
from whatsapp.types import Header, Kind, Lane, Place
from whatsapp.types import State as MessageState

__all__ = ["TITLE_LIMIT", "Broadcast", "Budget", "Category", "NoticeText", "Price"]

HEADERS: dict[str, Header] = {
    Kind.IMAGE: Header.IMAGE,
    Kind.VIDEO: Header.VIDEO,
    Kind.DOCUMENT: Header.DOCUMENT,
}


def _person(label: str) -> "models.ForeignKey[Any, Any]":
    """Who of the staff did it, or nobody yet."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=label,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
    )


class Category(models.Model):
    """What kind of notice: for whom (its topic), how urgent (its lane), in which words (its templates)."""

    name = models.CharField("nome", max_length=60, unique=True)
    slug = models.SlugField("sigla", max_length=40, unique=True, help_text="Lettere minuscole e trattini.")
    topic = models.ForeignKey(
        Topic,
        verbose_name="argomento",
        on_delete=models.PROTECT,
        related_name="categories",
        help_text="Chi ha lasciato questo argomento non riceve gli avvisi della categoria.",
    )
    lane = models.CharField(
        "corsia",
        max_length=6,
        choices=[(Lane.BULK.value, "ordinaria"), (Lane.ALERT.value, "allerta: passa davanti a tutto")],
        default=Lane.BULK,
    )
    templates = models.ManyToManyField(
        Template,
        verbose_name="modelli di messaggio",
        blank=True,
        related_name="categories",
        help_text="Uno per ogni forma: solo testo, immagine, video, documento, luogo.",
    )
    tone = models.CharField("colore", max_length=5, choices=Tone.choices, default=Tone.BLUE)
    expiry_hours = models.PositiveSmallIntegerField(
        "validità (ore)",
        default=48,
        validators=[MinValueValidator(1)],
        help_text="Dopo queste ore chi non ha ancora ricevuto l'avviso non lo riceve più.",
    )
    approval = models.BooleanField(
        "serve una seconda persona",
        default=True,
        help_text="Se sì, un avviso parte solo dopo che un'altra persona lo ha approvato.",
    )
    order = models.PositiveSmallIntegerField("ordine", default=10)
    active = models.BooleanField(
        "in uso", default=True, help_text="Se no, non si propone per i nuovi avvisi."
    )

    class Meta:
        verbose_name = "categoria"
        verbose_name_plural = "categorie"
        ordering = ["order", "name"]
        constraints = [
            models.CheckConstraint(name="category_lane", condition=Q(lane__in=[Lane.BULK, Lane.ALERT])),
            models.CheckConstraint(name="category_expiry_hours", condition=Q(expiry_hours__gte=1)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_alert(self) -> bool:
        """Does it overtake whatever is running?"""
        return self.lane == Lane.ALERT


class Broadcast(models.Model):
    """A notice: one WhatsApp message per person, and a public page. Nothing of it changes once it is sent."""

    category = models.ForeignKey(
        Category, verbose_name="categoria", on_delete=models.PROTECT, related_name="broadcasts"
    )
    title = models.CharField("titolo", max_length=TITLE_LIMIT)
    text = models.TextField("testo")
    media = models.ForeignKey(
        Media, verbose_name="file", on_delete=models.PROTECT, null=True, blank=True, related_name="broadcasts"
    )
    latitude = models.FloatField("latitudine", null=True, blank=True)
    longitude = models.FloatField("longitudine", null=True, blank=True)
    place_name = models.CharField("nome del luogo", max_length=100, blank=True)
    place_address = models.CharField("indirizzo", max_length=200, blank=True)
    follows = models.ForeignKey(
        "self",
        verbose_name="segue",
        on_delete=models.PROTECT,
        null=True,
        related_name="sequels",
        editable=False,
    )
    sequel = models.CharField(
        "che cos'è per l'avviso che segue", max_length=10, choices=Sequel.choices, blank=True, editable=False
    )

    state = models.CharField(
        "stato", max_length=10, choices=State.choices, default=State.DRAFT, editable=False
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="scritto da",
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    sent_by = _person("inviato da")
    stopped_by = _person("fermato da")
    paused_by = _person("messo in pausa da")  # nobody: by itself
    approved_by = _person("approvato da")
    countersigned_by = _person("controfirmato da")
    created_at = models.DateTimeField("scritto", default=timezone.now, editable=False)
    leaves_at = models.DateTimeField("parte", null=True, editable=False)
    submitted_at = models.DateTimeField("da approvare dal", null=True, editable=False)
    # When the author would like it to leave; nothing: as soon as it is approved.
    wanted_at = models.DateTimeField("orario chiesto", null=True, editable=False)
    return_reason = models.CharField("perché è da correggere", max_length=500, blank=True, editable=False)
    approved_at = models.DateTimeField("approvato", null=True, editable=False)
    # One person alone sent it: how serious it was, and why it could not wait.
    alert_level = models.CharField(
        "livello dell'allerta", max_length=6, choices=AlertLevel.choices, blank=True, editable=False
    )
    emergency_reason = models.CharField(
        "perché da una sola persona", max_length=500, blank=True, editable=False
    )
    countersigned_at = models.DateTimeField("controfirmato", null=True, editable=False)
    # What was confirmed, until it leaves; then why it did not, if it could not.
    confirmed = models.CharField("impronta confermata", max_length=64, blank=True, editable=False)
    obstacle = models.CharField("perché non è partito", max_length=500, blank=True, editable=False)
    started_at = models.DateTimeField("inviato", null=True, editable=False)
    queued_at = models.DateTimeField("elenco fissato", null=True, editable=False)
    finished_at = models.DateTimeField("finito", null=True, editable=False)  # or stopped
    paused_at = models.DateTimeField("in pausa da", null=True, editable=False)
    pause_reason = models.CharField("perché è in pausa", max_length=500, blank=True, editable=False)
    # Outcomes and failures a person knew of when resuming or resending: only newer ones pause it again.
    known_outcomes = models.PositiveIntegerField(default=0, editable=False)
    known_failures = models.PositiveIntegerField(default=0, editable=False)
    expires_at = models.DateTimeField("valido fino a", null=True, editable=False)
    content = models.OneToOneField(
        Content,
        verbose_name="contenuto",
        on_delete=models.PROTECT,
        null=True,
        related_name="broadcast",
        editable=False,
    )
    # Who writes it (`drafts`): `key` is made with the page, so that a first save repeated makes no second
    # draft; `revision` counts the saves, so that nobody saves over what they have not seen.
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    revision = models.PositiveIntegerField("salvataggi", default=0, editable=False)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="modificato da",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
    )
    edited_at = models.DateTimeField("modificato", null=True, editable=False)
    # Message state -> people. Refreshed for a week, then kept when the messages' rows are purged.
    totals = models.JSONField("totali", default=dict, editable=False)

    class Meta:
        verbose_name = "avviso"
        verbose_name_plural = "avvisi"
        ordering = ["-created_at", "-pk"]
        permissions = [
            ("send_broadcast", "Può inviare gli avvisi"),
            ("stop_broadcast", "Può fermare un invio"),
            ("approve_broadcast", "Può approvare gli avvisi"),
            ("emergency_broadcast", "Può inviare da solo un'allerta, in emergenza"),
        ]
        constraints = [
            models.CheckConstraint(
                name="broadcast_file_or_place", condition=Q(media__isnull=True) | Q(latitude__isnull=True)
            ),
            models.CheckConstraint(
                name="broadcast_whole_point",
                # Said in full: a comparison with NULL is neither true nor false, and would pass.
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                ),
            ),
            models.CheckConstraint(
                name="broadcast_sent_has_content",
                condition=Q(state__in=UNSENT, content__isnull=True, started_at__isnull=True)
                | ~Q(state__in=UNSENT)
                & Q(content__isnull=False, started_at__isnull=False, expires_at__isnull=False),
            ),
            models.CheckConstraint(
                name="broadcast_finished_has_time",
                condition=Q(state__in=OVER, finished_at__isnull=False)
                | ~Q(state__in=OVER) & Q(finished_at__isnull=True),
            ),
            models.CheckConstraint(
                name="broadcast_leaving_has_time",
                condition=Q(state__in=LEAVING, leaves_at__isnull=False)
                | ~Q(state__in=LEAVING) & Q(leaves_at__isnull=True),
            ),
            models.CheckConstraint(
                name="broadcast_paused_has_time",
                condition=Q(state=State.PAUSED, paused_at__isnull=False)
                | ~Q(state=State.PAUSED) & Q(paused_at__isnull=True),
            ),
            models.CheckConstraint(
                name="broadcast_submitted_has_time",
                condition=Q(state=State.SUBMITTED, submitted_at__isnull=False)
                | ~Q(state=State.SUBMITTED) & Q(wanted_at__isnull=True),
            ),
            models.CheckConstraint(
                name="broadcast_returned_has_reason",
                condition=Q(state=State.RETURNED) & ~Q(return_reason="")
                | ~Q(state=State.RETURNED) & Q(return_reason=""),
            ),
            models.CheckConstraint(
                name="broadcast_approved_by_another",
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False, emergency_reason="")
                & ~Q(approved_by=F("author")),
            ),
            models.CheckConstraint(
                name="broadcast_waiting_is_unapproved",
                condition=~Q(state__in=[*WRITABLE, State.SUBMITTED])
                | Q(approved_by__isnull=True, alert_level="", confirmed=""),
            ),
            models.CheckConstraint(
                name="broadcast_emergency_has_reason",
                condition=Q(alert_level="", emergency_reason="")
                | Q(alert_level__in=AlertLevel.values) & ~Q(emergency_reason=""),
            ),
            models.CheckConstraint(
                name="broadcast_countersigned_by_another",
                condition=Q(countersigned_by__isnull=True, countersigned_at__isnull=True)
                | Q(countersigned_by__isnull=False, countersigned_at__isnull=False)
                & ~Q(alert_level="")
                & ~Q(countersigned_by=F("sent_by"))
                & ~Q(countersigned_by=F("author")),
            ),
            models.CheckConstraint(
                name="broadcast_sequel_follows",
                condition=Q(follows__isnull=True, sequel="")
                | Q(follows__isnull=False, sequel__in=Sequel.values) & ~Q(follows=F("id")),
            ),
            # A chain is a line; what was stopped half-way may be said again.
            models.UniqueConstraint(
                name="broadcast_one_sequel", fields=["follows"], condition=~Q(state=State.STOPPED)
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-started_at"], name="broadcast_published"),
        ]

    def __str__(self) -> str:
        return self.title or "(senza titolo)"

    def get_absolute_url(self) -> str:
        return reverse("broadcasts:notice", args=[self.pk])

    @property
    def header(self) -> Header:
        """What stands over the text on the phone."""
        if self.media:
            return HEADERS[self.media.kind]
        return Header.NONE if self.latitude is None else Header.LOCATION

    @property
    def place(self) -> Place | None:
        """The point it carries, if any."""
        if self.latitude is None or self.longitude is None:
            return None
        return Place(
            latitude=self.latitude, longitude=self.longitude, name=self.place_name, address=self.place_address
        )

    @property
    def expired(self) -> bool:
        """Is it too late to receive it?"""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def tone(self) -> str:
        """The colour of the state's badge: never green while the outcome is uncertain for some people."""
        return "amber" if self.uncertain else TONES[self.state]

    @property
    def state_label(self) -> str:
        """The state in words, with the people whose outcome stayed uncertain once it is over."""
        label = self.get_state_display()
        return f"{label}, incerto per {self.uncertain}" if self.uncertain else label

    @property
    def uncertain(self) -> int:
        """People of whom it is not known whether they got it, once it is over."""
        return int(self.totals.get(MessageState.UNCERTAIN, 0)) if self.state in OVER else 0

    @property
    def needs_countersignature(self) -> bool:
        """Did one person alone send it, and nobody else has answered for it since?"""
        return bool(self.alert_level and self.started_at and not self.countersigned_at)


class Version(models.Model):
    """A line of a notice's history: what was done to it, by whom, and what it said then. Never changed; only
    one person's saves in a row, which nobody has been shown, are one line."""

    broadcast = models.ForeignKey(
        Broadcast, verbose_name="avviso", on_delete=models.CASCADE, related_name="versions"
    )
    number = models.PositiveSmallIntegerField("numero")
    event = models.CharField("che cosa", max_length=11, choices=Event.choices)
    by = _person("chi")
    at = models.DateTimeField("quando", default=timezone.now)
    note = models.CharField("motivo", max_length=500, blank=True)
    digest = models.CharField("impronta", max_length=64, blank=True)
    said = models.JSONField("che cosa diceva")  # label -> text (`versions.told`)

    class Meta:
        verbose_name = "versione"
        verbose_name_plural = "versioni"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(name="version_number", fields=["broadcast", "number"]),
        ]

    def __str__(self) -> str:
        return f"{self.broadcast}, {self.number}"
