"""The number we send from."""

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from whatsapp.models import Channel
from whatsapp.types import Lane


def current() -> Channel:
    """The channel of the configured number, made when first asked for."""
    channel, _ = Channel.objects.get_or_create(
        phone_number_id=settings.WHATSAPP_PHONE_NUMBER_ID,
        defaults={"display_number": settings.WHATSAPP_DISPLAY_NUMBER},
    )
    return channel


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
