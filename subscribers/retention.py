"""Nothing is kept longer than it is needed: every kind of data has its days, and goes by itself."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from subscribers import rights
from subscribers.models import RetentionRule, RetentionRun
from whatsapp.personal_data import Clock

logger = logging.getLogger(__name__)
# Two clocks: of what proves the consents, of the keyed hashes of erased numbers.
EVIDENCE, FINGERPRINTS = "evidence", "erased"


def clocks() -> dict[str, Clock]:
    """Slug -> clock, in the order in which they run: from the case down to the message and its file."""
    return {clock.slug: clock for clock in rights.clocks()}


def install_rules() -> None:
    """A row for each clock that has none yet, with its default, for the administrators to change."""
    missing = clocks().keys() - set(RetentionRule.objects.values_list("slug", flat=True))
    rows = [
        RetentionRule(slug=clock.slug, days=clock.days) for clock in rights.clocks() if clock.slug in missing
    ]
    RetentionRule.objects.bulk_create(rows, ignore_conflicts=True)


def terms() -> list[tuple[Clock, datetime]]:
    """Each clock with the moment before which its data go now: never less than its minimum."""
    chosen = dict(RetentionRule.objects.values_list("slug", "days"))
    now = timezone.now()
    return [
        (clock, now - timedelta(days=max(chosen.get(clock.slug, clock.days), clock.minimum)))
        for clock in rights.clocks()
    ]


def due() -> list[tuple[Clock, datetime, int]]:
    """What would go now, clock by clock; one may make work for the next, which is not counted."""
    return [(clock, before, clock.due(before).count()) for clock, before in terms()]


def run() -> Iterator[tuple[Clock, int]]:
    """Remove what is due, telling after each batch how much went. To be gone through to its end.

    Each batch is a transaction with its part of the log, so that it may be killed at any moment. A clock
    that fails is logged, and the others go on.
    """
    for clock, before in terms():
        try:
            yield from _run(clock, before)
        except Exception:
            logger.exception("retention of %s failed", clock.slug)


def _run(clock: Clock, before: datetime) -> Iterator[tuple[Clock, int]]:
    log, last = RetentionRun(slug=clock.slug, before=before, removed=0), None
    while True:
        rows = clock.due(before).order_by("pk").values_list("pk", flat=True)
        keys = list((rows if last is None else rows.filter(pk__gt=last))[: clock.batch])
        if not keys:
            return
        last = keys[-1]
        with transaction.atomic():
            gone = clock.discard(keys)
            if gone and log.pk is None:
                log.save()
            RetentionRun.objects.filter(pk=log.pk).update(removed=F("removed") + gone)
        yield clock, gone
