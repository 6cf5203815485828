"""Fetching and scanning citizens' files, apart from their messages: a failure loses no message."""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from whatsapp import errors, media
from whatsapp.models import Media
from whatsapp.providers import registry
from whatsapp.providers.calls import DEADLINE

logger = logging.getLogger(__name__)

LADDER = [timedelta(seconds=seconds) for seconds in (10, 30, 120, 600, 3600, 6 * 3600, 24 * 3600)]
TRIES = len(LADDER) + 1
# Longer than a download, its examination and a scan may take: no second worker takes a file meanwhile.
LEASE = timedelta(seconds=DEADLINE) + timedelta(minutes=4)
UNFINISHED = (Media.Status.PENDING, Media.Status.SCANNING)
MOST_COUNTED = 1000
LONGEST_SCAN_WAIT = timedelta(minutes=10)
GIVEN_UP = "non è stato possibile scaricarlo da WhatsApp"


def fetch_due(*, limit: int = 50) -> int:
    """Fetch what is due; several workers share the work. Returns how many were tried."""
    tried = 0
    while tried < limit and (file := _take()):
        tried += 1
        try:
            _fetch(file)
        except errors.ChannelError as error:
            _again_later(file, error.text)
        except Exception as problem:  # a full disk, an answer nobody foresaw: the other files go on
            logger.exception("file %s could not be fetched", file.pk)
            _again_later(file, f"Non ancora scaricato ({type(problem).__name__}): si riprova da solo.")
    return tried


def _fetch(file: Media) -> None:
    if file.status == Media.Status.SCANNING:
        _scan(file)
        return
    if file.attempts > TRIES:  # a worker died of it each time
        media.reject(file, GIVEN_UP)
        return
    try:
        fetched = registry.current().fetch(file.provider_media_id, limit=media.INBOUND_LIMIT)
    except (errors.MessageError, errors.RecipientError) as error:
        media.reject(file, error.text)
    else:
        media.keep_inbound(file, fetched.content)
        if file.status == Media.Status.SCANNING:
            file.attempts = 1
            _scan_later(file)


def _scan(file: Media) -> None:
    """Without an end to the attempts: what no antivirus has seen stays closed."""
    with file.file.open("rb") as stored:
        content = stored.read()
    if media.scan(file, content).status == Media.Status.SCANNING:
        _scan_later(file)


def _scan_later(file: Media) -> None:
    file.due_at = timezone.now() + min(LADDER[min(file.attempts, TRIES - 1) - 1], LONGEST_SCAN_WAIT)
    file.save(update_fields=["attempts", "due_at"])


@transaction.atomic
def _take() -> Media | None:
    due = Media.objects.filter(status__in=UNFINISHED, inbound=True, due_at__lte=timezone.now())
    file = due.select_for_update(skip_locked=True).order_by("due_at").first()
    if file:
        file.attempts = min(file.attempts + 1, MOST_COUNTED)
        file.due_at = timezone.now() + LEASE
        file.save(update_fields=["attempts", "due_at"])
    return file


def _again_later(file: Media, reason: str) -> None:
    if file.attempts >= TRIES and file.status == Media.Status.PENDING:
        media.reject(file, GIVEN_UP)
        return
    file.due_at, file.reason = timezone.now() + LADDER[min(file.attempts, TRIES - 1) - 1], reason[:200]
    file.save(update_fields=["due_at", "reason"])
