"""Fetching citizens' files, apart from their messages: a failure loses no message (Chatwoot #15754)."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from whatsapp import errors, media
from whatsapp.models import Media
from whatsapp.providers import registry

LADDER = [timedelta(seconds=seconds) for seconds in (10, 30, 120, 600, 3600, 6 * 3600, 24 * 3600)]
LEASE = timedelta(minutes=2)


def fetch_due(*, limit: int = 50) -> int:
    """Fetch what is due; several workers share the work. Returns how many were tried."""
    tried = 0
    while tried < limit and (file := _take()):
        tried += 1
        try:
            fetched = registry.current().fetch(file.provider_media_id, limit=media.INBOUND_LIMIT)
        except (errors.MessageError, errors.RecipientError) as error:
            media.reject(file, error.text)
        except errors.ChannelError as error:
            _again_later(file, error.text)
        else:
            media.keep_inbound(file, fetched.content)
    return tried


@transaction.atomic
def _take() -> Media | None:
    due = Media.objects.filter(status=Media.Status.PENDING, inbound=True, due_at__lte=timezone.now())
    file = due.select_for_update(skip_locked=True).order_by("due_at").first()
    if file:
        file.attempts += 1
        file.due_at = timezone.now() + LEASE
        file.save(update_fields=["attempts", "due_at"])
    return file


def _again_later(file: Media, reason: str) -> None:
    if file.attempts > len(LADDER):
        media.reject(file, "non è stato possibile scaricarlo da WhatsApp")
        return
    file.due_at, file.reason = timezone.now() + LADDER[file.attempts - 1], reason[:200]
    file.save(update_fields=["due_at", "reason"])
