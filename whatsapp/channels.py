"""The number we send from."""

import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from whatsapp import audit
from whatsapp.models import Channel, StaffPhone
from whatsapp.types import Lane


def current() -> Channel:
    """The channel of the configured number, made when first asked for."""
    channel, _ = Channel.objects.get_or_create(
        phone_number_id=settings.WHATSAPP_PHONE_NUMBER_ID,
        defaults={"display_number": settings.WHATSAPP_DISPLAY_NUMBER},
    )
    return channel


class _Noted:
    """When this process last wrote that a message was accepted."""

    at = 0.0


def note_outbound(channel_id: int) -> None:
    """The provider has just accepted a message; written once a second at most."""
    now = time.monotonic()
    if now - _Noted.at >= 1.0:
        Channel.objects.filter(pk=channel_id).update(last_outbound_at=timezone.now())
        _Noted.at = now


def pause(channel: Channel, reason: str, *, answers_go_on: bool = False) -> bool:
    """Stop sending until a person resumes it; False if it was stopped before, for its own reason.

    Args:
        answers_go_on: only what we write first stops. A full stop may follow it.
    """
    running = (
        Q(paused_at__isnull=True) if answers_go_on else Q(paused_at__isnull=True) | Q(answers_go_on=True)
    )
    return bool(
        Channel.objects.filter(running, pk=channel.pk).update(
            paused_at=timezone.now(), pause_reason=reason[:300], answers_go_on=answers_go_on
        )
    )


def stopped(channel: Channel, lane: Lane) -> bool:
    """Does a pause hold this lane?"""
    return channel.paused_at is not None and not (lane == Lane.REPLY and channel.answers_go_on)


def resume(channel: Channel) -> None:
    """Let sending go on; the sweep nudges the lanes."""
    Channel.objects.filter(pk=channel.pk).update(paused_at=None, pause_reason="", answers_go_on=False)


def on_trial() -> bool:
    """Has nobody declared the service open? A channel not made yet is on trial too."""
    own = Channel.objects.filter(phone_number_id=settings.WHATSAPP_PHONE_NUMBER_ID)
    return not own.filter(opened_at__isnull=False).exists()


def open_service(channel: Channel, user: Any) -> None:
    """From now on everybody receives; who said so is kept, and is in the log of actions."""
    opened = Channel.objects.filter(pk=channel.pk, opened_at=None)
    if opened.update(opened_at=timezone.now(), opened_by=user):
        audit.note_change(channel, "opened_at", "in prova", "aperto")


def return_to_trial(channel: Channel) -> None:
    """Only the staff's phones receive, from the next hand-over on."""
    if Channel.objects.filter(pk=channel.pk).exclude(opened_at=None).update(opened_at=None, opened_by=None):
        audit.note_change(channel, "opened_at", "aperto", "in prova")


def staff_contacts(contact_ids: Iterable[int]) -> set[int]:
    """Which of these people are the staff's own."""
    person = Coalesce("contact__merged_into", "contact")
    phones = StaffPhone.objects.annotate(person=person).filter(person__in=contact_ids)
    return set(phones.values_list("person", flat=True))
