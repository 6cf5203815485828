"""Retention: every kind of data has its days, and a nightly run removes what is older.

A server clock that jumps ahead would remove years of data in one night. So a run removes data only if
something confirms the time: a run of the last days, a message that WhatsApp dated in the last days, or a
person.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format

from subscribers import rights
from subscribers.models import RetentionRule, RetentionRun
from whatsapp import audit
from whatsapp.models import Message
from whatsapp.personal_data import Clock

logger = logging.getLogger(__name__)
# Two clocks: of what proves the consents, of the keyed hashes of erased numbers.
EVIDENCE, FINGERPRINTS = "evidence", "erased"
# Rows of the log beside those of each clock: the end of a run, a person's confirmation of the date.
ENDED, CONFIRMED = "all", "time"
LOGGED = {ENDED: "Fine del giro", CONFIRMED: "Data del server confermata da una persona"}
# How far the time may have moved since the last thing that confirms it; how far two clocks may differ.
STEADY, DRIFT = timedelta(days=3), timedelta(hours=1)
RECENT_MESSAGES = 100


class TimeInDoubt(RuntimeError):
    """The server's clock may be wrong: nothing is removed. The text is for the administrator."""


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


def time_in_doubt() -> str:
    """Why the server's clock may be wrong, in Italian; empty if something confirms it.

    Times that our own clock wrote are no evidence, as it may have been wrong already: only completed runs
    count, and messages by WhatsApp's time. A new installation has neither, and no old data.
    """
    now = timezone.now()
    earliest, latest = now - STEADY, now + DRIFT
    if RetentionRun.objects.filter(at__range=(earliest, latest)).exists():
        return ""
    received = Message.objects.filter(inbound=True, sent_at__isnull=False).order_by("-pk")
    dates = list(received.values_list("sent_at", flat=True)[:RECENT_MESSAGES])
    if any(earliest <= sent_at <= latest for sent_at in dates if sent_at):
        return ""
    runs = RetentionRun.objects.filter(at__lt=now).order_by("-at").values_list("at", flat=True)[:1]
    known = [at for at in (*dates, *runs) if at and at < now]
    if not known and not dates:
        return ""
    before = f", ma l'ultima cosa datata è del {_day(max(known))}" if known else ""
    return (
        f"La cancellazione periodica è ferma: per il server oggi è il {_day(now)}{before}. Controlla la data "
        "del server; se è giusta, un amministratore la conferma da «Tempi di conservazione → Prova»."
    )


def confirm_time(rule: RetentionRule | None = None) -> None:
    """A person says that the server's date is right: the next run removes what is due."""
    now = timezone.now()
    RetentionRun.objects.create(slug=CONFIRMED, at=now, before=now, removed=0)
    if rule:
        audit.note_change(rule, "data del server", "in dubbio", f"confermata: {_day(now)}")


def run() -> Iterator[tuple[Clock, int]]:
    """Remove what is due, telling after each batch how much went. To be gone through to its end.

    Each batch is a transaction with its part of the log, so that it may be killed at any moment. A clock
    that fails is logged, and the others go on.

    Raises:
        TimeInDoubt: nothing was removed.
    """
    if doubt := time_in_doubt():
        raise TimeInDoubt(doubt)
    total = 0
    for clock, before in terms():
        try:
            for removed_of in _run(clock, before):
                total += removed_of[1]
                yield removed_of
        except Exception:
            logger.exception("retention of %s failed", clock.slug)
    RetentionRun.objects.create(slug=ENDED, before=timezone.now(), removed=total)


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


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j F Y").lower()
