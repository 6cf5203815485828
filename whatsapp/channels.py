"""The number we send from."""

from django.conf import settings
from django.utils import timezone

from whatsapp.models import Channel


def current() -> Channel:
    """The channel of the configured number, made when first asked for."""
    channel, _ = Channel.objects.get_or_create(
        phone_number_id=settings.WHATSAPP_PHONE_NUMBER_ID,
        defaults={"display_number": settings.WHATSAPP_DISPLAY_NUMBER},
    )
    return channel


def pause(channel: Channel, reason: str) -> bool:
    """Stop all sending until a person resumes it; False if it was stopped before, for its own reason."""
    running = Channel.objects.filter(pk=channel.pk, paused_at__isnull=True)
    return bool(running.update(paused_at=timezone.now(), pause_reason=reason[:300]))


def resume(channel: Channel) -> None:
    """Let sending go on; the sweep nudges the lanes."""
    Channel.objects.filter(pk=channel.pk).update(paused_at=None, pause_reason="")
