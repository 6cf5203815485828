"""The case, the messages it is made of, its history."""

import secrets
from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from reports.models.tables import Office, ReportCategory
from reports.states import OPEN, WAITING, State
from whatsapp.models import Contact, Message

GOAL = timedelta(days=30)


def new_token() -> str:
    """The key of a citizen's private page: 192 random bits, not to be guessed."""
    return secrets.token_urlsafe(24)


class Numbering(models.Model):
    """The last number given in a year. A row of its own, so that a number is never given twice."""

    year = models.PositiveSmallIntegerField("anno", primary_key=True)
    last = models.PositiveIntegerField("ultimo numero", default=0)

    class Meta:
        verbose_name = "numerazione"
        verbose_name_plural = "numerazione"

    def __str__(self) -> str:
        return f"{self.year}-{self.last:04}"


class Report(models.Model):
    """One case of one person, however many messages it took to tell it."""

    number = models.CharField("numero", max_length=12, unique=True, editable=False)
    contact = models.ForeignKey(
        Contact, verbose_name="cittadino", on_delete=models.PROTECT, related_name="reports"
    )
    category = models.ForeignKey(
        ReportCategory, verbose_name="categoria", on_delete=models.PROTECT, null=True, blank=True,
        related_name="reports",
    )  # fmt: skip
    category_by_staff = models.BooleanField("categoria scelta da noi", default=False)
    summary = models.TextField("testo", blank=True)
    latitude = models.FloatField("latitudine", null=True, blank=True)
    longitude = models.FloatField("longitudine", null=True, blank=True)
    address = models.CharField("indirizzo", max_length=200, blank=True)
    inside_town = models.BooleanField("nel territorio", null=True, blank=True)
    # 1 routine ... 4 danger to people now (`severity`), from the words or, with a reason, from the staff.
    level = models.PositiveSmallIntegerField("gravità", default=1)
    level_by_staff = models.BooleanField("gravità decisa da noi", default=False)
    score = models.PositiveSmallIntegerField("punteggio", default=10)
    # (reason, points): `scoring`.
    reasons = models.JSONField("perché è qui", default=list, blank=True)
    duplicate_of = models.ForeignKey(
        "self", verbose_name="unita a", on_delete=models.PROTECT, null=True, blank=True,
        related_name="duplicates",
    )  # fmt: skip
    state = models.CharField("stato", max_length=10, choices=State.choices, default=State.RECEIVED)
    office = models.ForeignKey(
        Office, verbose_name="ufficio", on_delete=models.PROTECT, null=True, blank=True,
        related_name="reports",
    )  # fmt: skip
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="se ne occupa", on_delete=models.SET_NULL, null=True,
        blank=True, related_name="reports",
    )  # fmt: skip
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    opened_at = models.DateTimeField("ricevuta", default=timezone.now)
    last_item_at = models.DateTimeField("ultimo messaggio", default=timezone.now)
    closed_at = models.DateTimeField("chiusa", null=True, blank=True)
    due_on = models.DateField("da chiudere entro", null=True, blank=True)
    # When a person, not the program, first wrote to the citizen about it.
    answered_at = models.DateTimeField("prima risposta di una persona", null=True, blank=True)
    # What the citizen was asked automatically («place», «kind»), each once, and when (in their time).
    asked = models.JSONField("già chiesto", default=list, blank=True, editable=False)
    asked_at = models.DateTimeField("ultima risposta automatica", null=True, blank=True, editable=False)
    # When the next question is due, if the person writes no more (our time).
    ask_at = models.DateTimeField("prossima domanda", null=True, blank=True, editable=False)
    # The person said «basta così»: what they write later is another matter.
    ended_at = models.DateTimeField("completata dal cittadino", null=True, blank=True)
    # What the citizen is still to be told, because the 24-hour window was closed: it goes when they write.
    owed = models.TextField("da dire al cittadino", blank=True)
    rating = models.PositiveSmallIntegerField("voto del cittadino", null=True, blank=True)
    to_register = models.BooleanField("da protocollare", default=False)
    protocol_number = models.CharField("numero di protocollo", max_length=20, blank=True)
    protocol_date = models.DateField("data di protocollo", null=True, blank=True)

    class Meta:
        verbose_name = "segnalazione"
        verbose_name_plural = "segnalazioni"
        permissions = [
            ("treat_report", "Può trattare le segnalazioni"),
            ("export_report", "Può esportare le segnalazioni, senza dati personali"),
        ]
        constraints = [
            models.CheckConstraint(name="report_level", condition=Q(level__range=(1, 4))),
            models.CheckConstraint(name="report_state", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="report_place",
                condition=Q(latitude__isnull=True, longitude__isnull=True, inside_town__isnull=True)
                | Q(latitude__range=(-90, 90), longitude__range=(-180, 180), inside_town__isnull=False),
            ),
            models.CheckConstraint(name="report_rating", condition=Q(rating__range=(1, 5))),
            models.CheckConstraint(
                name="report_duplicate",
                condition=Q(duplicate_of__isnull=True) | ~Q(duplicate_of=F("pk")) & ~Q(state__in=OPEN),
            ),
            models.CheckConstraint(
                name="report_protocol",
                condition=Q(protocol_number="", protocol_date__isnull=True)
                | (~Q(protocol_number="") & Q(protocol_date__isnull=False)),
            ),
            models.CheckConstraint(
                name="report_closed_at",
                condition=Q(state__in=OPEN, closed_at__isnull=True)
                | (~Q(state__in=OPEN) & Q(closed_at__isnull=False)),
            ),
        ]
        indexes = [
            # Each incoming message asks which cases of its sender are open.
            models.Index(
                fields=["contact", "-last_item_at"], name="report_of_contact", condition=Q(state__in=OPEN)
            ),
            # The home page asks at every visit who waits for a person and what is late.
            models.Index(fields=["opened_at"], name="report_waiting", condition=Q(state__in=WAITING)),
            models.Index(fields=["due_on"], name="report_due", condition=Q(state__in=OPEN)),
            # A citizen who writes again is told what is owed.
            models.Index(fields=["contact"], name="report_owed", condition=~Q(owed="")),
            models.Index(fields=["ask_at"], name="report_ask", condition=Q(ask_at__isnull=False)),
            # The map and the search for duplicates look into a rectangle.
            models.Index(fields=["latitude", "longitude"], name="report_point"),
            models.Index(fields=["-opened_at"], name="report_opened"),
        ]

    def __str__(self) -> str:
        return f"Segnalazione n. {self.number}"

    @property
    def goal_on(self) -> date:
        """The last day to end it or to say why not: 30 days, as for requests (art. 2 L. 241/1990)."""
        return timezone.localdate(self.opened_at) + GOAL

    @property
    def has_place(self) -> bool:
        """Do we know where it is, by position or by address?"""
        return self.latitude is not None or bool(self.address)


class ReportItem(models.Model):
    """One message of the citizen in a case. A message belongs to one case only."""

    report = models.ForeignKey(
        Report, verbose_name="segnalazione", on_delete=models.CASCADE, related_name="items"
    )
    message = models.OneToOneField(
        Message, verbose_name="messaggio", on_delete=models.PROTECT, related_name="report_item"
    )

    class Meta:
        verbose_name = "messaggio della segnalazione"
        verbose_name_plural = "messaggi della segnalazione"

    def __str__(self) -> str:
        return f"{self.report}: {self.message_id}"


class ReportEvent(models.Model):
    """History of a case: append-only, held by a trigger in the database (`text` may only be emptied)."""

    class Kind(models.TextChoices):
        OPENED = "opened", "ricevuta"
        ASKED = "asked", "chiesto al cittadino"
        ADDED = "added", "aggiunta del cittadino"
        ENDED = "ended", "completata dal cittadino"
        DANGER = "danger", "pericolo segnalato"
        VERIFYING = "verifying", "in verifica"
        TAKEN = "taken", "presa in carico"
        ASSIGNED = "assigned", "affidata"
        STARTED = "started", "lavori iniziati"
        ANSWERED = "answered", "risposta al cittadino"
        NOTED = "noted", "nota interna"
        WEIGHED = "weighed", "gravità decisa da una persona"
        RECLASSIFIED = "reclassified", "categoria cambiata"
        HANDED_OVER = "handed_over", "passata a un altro ufficio"
        CLOSED = "closed", "chiusa"
        REOPENED = "reopened", "riaperta"
        CHANGED = "changed", "messaggio modificato o ritirato dal cittadino"
        LOCATED = "located", "luogo indicato"
        JOINED = "joined", "unita a un'altra segnalazione"
        RATED = "rated", "voto del cittadino"
        REGISTERED = "registered", "protocollo"
        TOLD = "told", "detto al cittadino ciò che restava da dire"

    report = models.ForeignKey(
        Report, verbose_name="segnalazione", on_delete=models.PROTECT, related_name="events"
    )
    kind = models.CharField("che cosa", max_length=12, choices=Kind.choices)
    at = models.DateTimeField("quando", default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="chi", on_delete=models.PROTECT, null=True, blank=True,
        related_name="report_events",
    )  # fmt: skip
    from_state = models.CharField("da", max_length=10, choices=State.choices, blank=True)
    to_state = models.CharField("a", max_length=10, choices=State.choices, blank=True)
    text = models.TextField("testo", blank=True)
    message_to_citizen = models.ForeignKey(
        Message, verbose_name="messaggio al cittadino", on_delete=models.PROTECT, null=True, blank=True,
        related_name="report_events",
    )  # fmt: skip

    class Meta:
        verbose_name = "fatto della segnalazione"
        verbose_name_plural = "storia delle segnalazioni"
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.report}: {self.get_kind_display()}"
