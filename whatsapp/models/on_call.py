"""The staff's own phones, and the calls of who is on duty."""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from whatsapp.models.contacts import Contact
from whatsapp.models.contents import Content
from whatsapp.models.mail import Mail


def new_token() -> str:
    """A random word of 32 characters."""
    return secrets.token_urlsafe(24)


class StaffPhone(models.Model):
    """A staff member's own WhatsApp: for tests of notices and to be called when something is wrong."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name="utente", on_delete=models.CASCADE, related_name="staff_phone"
    )
    contact = models.OneToOneField(Contact, verbose_name="contatto", on_delete=models.PROTECT)
    on_duty = models.BooleanField("di turno", default=True)

    class Meta:
        verbose_name = "telefono del personale"
        verbose_name_plural = "telefoni del personale"

    def __str__(self) -> str:
        return str(self.user)  # it stays in the log of actions: nothing of the person's


class Call(models.Model):
    """Something that cannot wait: whom it was told, how often, and who takes care of it (`paging`)."""

    # What it is about, in the caller's words; empty: it is told once and asks for nothing.
    key = models.CharField("riferimento", max_length=100, blank=True, db_index=True)
    reason = models.CharField("motivo", max_length=200)
    text = models.TextField("testo", blank=True)
    path = models.CharField("pagina", max_length=300, blank=True)  # of this site
    rounds = models.PositiveSmallIntegerField("volte", default=0)
    due_at = models.DateTimeField("prossima volta", null=True, blank=True)  # empty: not told any more
    told_at = models.DateTimeField("ultima volta", null=True, blank=True)
    # What the button carries: nobody can guess it, and it says nothing to whom it is forwarded.
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    # What was said in it, on WhatsApp and by e-mail: whom it reached is read there.
    contents = models.ManyToManyField(Content, related_name="+", editable=False)
    mails = models.ManyToManyField(Mail, related_name="+", editable=False)
    called = models.ManyToManyField(StaffPhone, verbose_name="persone chiamate", related_name="+")
    created_at = models.DateTimeField("data", default=timezone.now)
    settled_at = models.DateTimeField("preso in carico il", null=True, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="se ne occupa", on_delete=models.PROTECT, null=True,
        blank=True, related_name="+",
    )  # fmt: skip

    class Meta:
        verbose_name = "chiamata del personale"
        verbose_name_plural = "chiamate del personale"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(settled_at__isnull=True) & ~Q(key=""), name="call_once_under_way"
            )
        ]

    def __str__(self) -> str:
        return self.reason
