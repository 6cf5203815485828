"""People on WhatsApp."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from whatsapp import names, phones

# Meta closes the window 24 hours after the person's last message; some are refused a little earlier.
WINDOW = timedelta(hours=23, minutes=50)


class Contact(models.Model):
    """One person on WhatsApp. The phone may be hidden, the BSUID may change: the person is our own id."""

    subject_id = models.UUIDField("codice interessato", default=uuid.uuid4, unique=True, editable=False)
    phone = models.CharField("numero", max_length=16, unique=True, null=True, blank=True)
    # WhatsApp's own spelling of `phone` where it is another, as for Brazilian mobiles: the same line, in use,
    # so that a message from it is this person's. Never an earlier number: those are aliases.
    wa_number = models.CharField(
        "numero scritto da WhatsApp", max_length=16, unique=True, null=True, blank=True, editable=False
    )
    bsuid = models.CharField("identificativo WhatsApp", max_length=140, unique=True, null=True, blank=True)
    profile_name = models.CharField("nome su WhatsApp", max_length=100, blank=True)
    username = models.CharField("nome utente", max_length=60, blank=True)
    window_expires_at = models.DateTimeField("finestra aperta fino a", null=True, blank=True)
    blocked = models.BooleanField("bloccato", default=False)
    # Told to WhatsApp, not to us: promotions are not handed over, the subscription stands.
    marketing_stopped_at = models.DateTimeField("promozioni rifiutate il", null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", verbose_name="unito a", on_delete=models.PROTECT, null=True, blank=True, related_name="merged"
    )
    retired_at = models.DateTimeField("senza recapito dal", null=True, blank=True)
    erased_at = models.DateTimeField("dati cancellati il", null=True, blank=True)
    created_at = models.DateTimeField("dal", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "contatto"
        verbose_name_plural = "contatti"
        constraints = [
            models.CheckConstraint(
                name="contact_has_an_identity",
                condition=Q(phone__isnull=False)
                | Q(bsuid__isnull=False)
                | Q(merged_into__isnull=False)
                | Q(retired_at__isnull=False)
                | Q(erased_at__isnull=False),
            ),
            models.CheckConstraint(name="contact_phone_e164", condition=Q(phone__regex=r"^\+[1-9]\d{5,14}$")),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def name(self) -> str:
        """The name on WhatsApp as the staff may see it; empty if there is none."""
        return names.shown(self.profile_name)

    @property
    def identity(self) -> str:
        """The masked number; of who hides it, the user name or the end of the BSUID."""
        if self.phone:
            return phones.mask(self.phone)
        if username := names.shown(self.username):
            return f"@{username}"
        return f"utente {(self.bsuid or str(self.subject_id))[-6:]}"

    @property
    def display_name(self) -> str:
        """Name and masked number, which the name cannot imitate."""
        return f"{names.isolated(self.name)} ({self.identity})" if self.name else self.identity

    @property
    def person(self) -> "Contact":
        """Who this contact is now: merged contacts are one person. A query only for who was merged."""
        contact = self
        while contact.merged_into is not None:
            contact = contact.merged_into
        return contact

    def rows(self) -> models.QuerySet["Contact"]:
        """All the contacts that are this person: their messages and cases stay where they were made."""
        own = self.person.pk
        return Contact.objects.filter(Q(pk=own) | Q(merged_into=own))

    @property
    def window_open(self) -> bool:
        """May free text still be written to this person?"""
        closes = self.person.window_expires_at
        return closes is not None and closes > timezone.now()


class ContactAlias(models.Model):
    """An identifier a person no longer has. A BSUID is given to nobody else, so it still tells its person; a
    number may be: it tells whoever wrote before it was retired, and a new owner inherits nothing."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="aliases")
    phone = models.CharField(max_length=16, blank=True, db_index=True)
    bsuid = models.CharField(max_length=140, blank=True, db_index=True)
    retired_at = models.DateTimeField()

    class Meta:
        verbose_name = "identificativo precedente"
        verbose_name_plural = "identificativi precedenti"

    def __str__(self) -> str:
        return phones.mask(self.phone or None)


class IdentityConflict(models.Model):
    """Two contacts that may be one person. A guess could resurrect who left: a person decides."""

    class Outcome(models.TextChoices):
        OPEN = "open", "da decidere"
        SAME = "same", "stessa persona: uniti"
        DIFFERENT = "different", "persone diverse"

    contact = models.ForeignKey(
        Contact, verbose_name="contatto", on_delete=models.CASCADE, related_name="conflicts"
    )
    other = models.ForeignKey(
        Contact, verbose_name="altro contatto", on_delete=models.CASCADE, related_name="+"
    )
    reason = models.CharField("perché", max_length=300)
    # Only `other` itself says that the number of `contact` is theirs: both are written to as before.
    claimed = models.BooleanField("numero solo dichiarato", default=False)
    found_at = models.DateTimeField("trovato il", default=timezone.now)
    outcome = models.CharField("esito", max_length=10, choices=Outcome.choices, default=Outcome.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="deciso da", on_delete=models.PROTECT, null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    decided_at = models.DateTimeField("deciso il", null=True, blank=True)

    class Meta:
        verbose_name = "identità dubbia"
        verbose_name_plural = "identità dubbie"
        constraints = [models.UniqueConstraint(fields=["contact", "other"], name="conflict_once")]

    def __str__(self) -> str:
        return f"{self.contact} / {self.other}"
