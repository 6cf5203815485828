"""The ledger of both directions, and every hand-over."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from whatsapp.models.channel import Channel
from whatsapp.models.contacts import Contact
from whatsapp.models.contents import Content
from whatsapp.models.taken import Taken
from whatsapp.types import Kind, Lane, State


def opaque_id() -> str:
    """A random id that comes back in every status of an attempt."""
    return uuid.uuid4().hex


class Message(Taken):
    """One content to or from one person. Outbound it shows the state of its best attempt."""

    contact = models.ForeignKey(
        Contact, verbose_name="contatto", on_delete=models.PROTECT, related_name="messages"
    )
    content = models.ForeignKey(
        Content, verbose_name="contenuto", on_delete=models.PROTECT, related_name="messages"
    )
    inbound = models.BooleanField("ricevuto")
    lane = models.CharField("corsia", max_length=6, choices=Lane.choices, default=Lane.REPLY)
    state = models.CharField("stato", max_length=10, choices=State.choices)
    reason = models.CharField("motivo", max_length=200, blank=True)
    error_code = models.CharField("codice", max_length=12, blank=True)
    attempts_made = models.PositiveSmallIntegerField("tentativi", default=0)
    created_at = models.DateTimeField("data", default=timezone.now)
    due_at = models.DateTimeField("da consegnare dal", default=timezone.now)
    accepted_at = models.DateTimeField("consegnato al canale", null=True, blank=True)
    sent_at = models.DateTimeField("inviato", null=True, blank=True)  # inbound: when the person wrote
    delivered_at = models.DateTimeField("consegnato", null=True, blank=True)
    read_at = models.DateTimeField("letto", null=True, blank=True)
    provider_id = models.CharField(max_length=200, unique=True, null=True, blank=True)  # inbound only
    context_id = models.CharField(max_length=200, blank=True)  # provider id of the message it is about
    handled_at = models.DateTimeField("trattato", null=True, blank=True)
    # The person's own later word about this message: an edit or a withdrawal, a message of its own.
    changed_by = models.ForeignKey(
        "self", verbose_name="cambiato da", on_delete=models.PROTECT, null=True, blank=True, db_index=False,
        related_name="+",
    )  # fmt: skip

    class Meta:
        verbose_name = "messaggio"
        verbose_name_plural = "messaggi"
        constraints = [
            # Once: one row per notice and person, whatever runs twice (DESIGN 5.1).
            models.UniqueConstraint(
                fields=["content", "contact"], condition=Q(inbound=False), name="message_once_per_person"
            ),
            models.CheckConstraint(
                name="message_direction",
                condition=Q(inbound=True, provider_id__isnull=False, state=State.RECEIVED)
                | Q(inbound=False, provider_id__isnull=True) & ~Q(state=State.RECEIVED),
            ),
        ]
        indexes = [
            # the claim's question
            models.Index(
                fields=["lane", "due_at", "id"], name="message_due", condition=Q(state=State.QUEUED)
            ),
            models.Index(fields=["contact", "created_at"], name="message_of_contact"),
            models.Index(fields=["content", "state"], name="message_progress"),
            # what this month's answers cost
            models.Index(fields=["accepted_at"], name="message_answers", condition=Q(lane=Lane.REPLY)),
            models.Index(
                fields=["created_at"],
                name="message_unhandled",
                condition=Q(inbound=True, handled_at__isnull=True),
            ),
            # Without it the database would read the whole table for every row that retention removes.
            models.Index(
                fields=["changed_by"], name="message_changed_by", condition=Q(changed_by__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact}: {self.excerpt}"

    @property
    def excerpt(self) -> str:
        """Its beginning, for lists; of what was taken back only that it was."""
        if self.withdrawn:
            return "ritirato dal cittadino"
        return f"{self.text[:60]} (modificato)" if self.changed_by else str(self.content)

    @property
    def text(self) -> str:
        """What was written, or the caption of a file, as the person wants it read now."""
        return "" if self.withdrawn else self.changed_by.text if self.changed_by else self.content.text

    @property
    def withdrawn(self) -> bool:
        """Did the person take it back? Then nobody reads it any more (fact sheet 3.5)."""
        return self.changed_by is not None and self.changed_by.content.kind == Kind.REVOKE


class Attempt(models.Model):
    """One hand-over to the provider, written before the call."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attempts")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    worker = models.UUIDField("processo", null=True)  # no key: dead workers are forgotten
    opaque_id = models.CharField(max_length=32, unique=True, default=opaque_id)
    provider_id = models.CharField(max_length=200, unique=True, null=True, blank=True)
    state = models.CharField("stato", max_length=10, choices=State.choices, default=State.IN_FLIGHT)
    started_at = models.DateTimeField("iniziato", default=timezone.now)
    answered_at = models.DateTimeField("risposta", null=True, blank=True)
    error_code = models.CharField("codice", max_length=12, blank=True)
    error_text = models.CharField("errore", max_length=200, blank=True)

    class Meta:
        verbose_name = "tentativo"
        verbose_name_plural = "tentativi"
        indexes = [
            models.Index(
                fields=["started_at"],
                name="attempt_unanswered",
                condition=Q(state__in=[State.IN_FLIGHT, State.UNCERTAIN]),
            ),
            models.Index(fields=["started_at"], name="attempt_recent"),
        ]

    def __str__(self) -> str:
        return f"tentativo {self.pk}"
