"""What the provider's statuses tell: matched with our attempts, then written in the ledger."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from whatsapp import contacts, ladder, ledger, line
from whatsapp.ledger import Outcome
from whatsapp.models import Attempt, Channel, Contact
from whatsapp.types import State, StatusUpdate

logger = logging.getLogger(__name__)


def apply(updates: Sequence[StatusUpdate]) -> int:
    """Record statuses, in any order, as often as they come; returns how many were about our attempts.

    The opaque id matches even when the hand-over's answer was lost, or is not recorded yet. What is about
    nothing of ours is left aside: that is no error.
    """
    attempts = _attempts(updates)
    outcomes = []
    begun: dict[int, list[datetime]] = defaultdict(list)
    for update in updates:
        attempt = attempts.get(update.opaque_id) or attempts.get(update.provider_id)
        if attempt is not None:
            outcomes.append(_outcome(update, attempt))
            begun[attempt.channel_id].append(attempt.started_at)
            _learn_bsuid(attempt, update)
    ledger.write(outcomes)
    for update in updates:
        if update.phone and update.provider_id in attempts:
            contacts.learn_spelling(attempts[update.provider_id].message.contact.person, update.phone)
    for outcome in outcomes:
        if outcome.error:
            attempt = attempts[outcome.provider_id]
            ladder.react(attempt.channel_id, outcome.error, attempt.message.contact)
    Channel.objects.filter(pk__in=begun).update(last_status_at=timezone.now())
    for channel_id, moments in begun.items():
        ladder.announce(channel_id, line.hear(channel_id, moments))
    if len(outcomes) < len(updates):
        logger.info("%d statuses of unknown messages were left aside", len(updates) - len(outcomes))
    return len(outcomes)


def _attempts(updates: Sequence[StatusUpdate]) -> dict[str, Attempt]:
    """Our attempts by both of their ids."""
    opaque = {update.opaque_id for update in updates if update.opaque_id}
    provider = {update.provider_id for update in updates}
    rows = Attempt.objects.filter(Q(opaque_id__in=opaque) | Q(provider_id__in=provider))
    found: dict[str, Attempt] = {}
    for attempt in rows.select_related("message__contact"):
        found[attempt.opaque_id] = attempt
        if attempt.provider_id:
            found[attempt.provider_id] = attempt
    for update in updates:
        if update.opaque_id in found:
            found.setdefault(update.provider_id, found[update.opaque_id])
    return found


def _outcome(update: StatusUpdate, attempt: Attempt) -> Outcome:
    wait = ladder.wait(update.error, attempt.message.attempts_made) if update.error else None
    return Outcome(
        attempt_id=attempt.pk,
        message_id=attempt.message_id,
        state=update.state,
        at=update.at,
        provider_id=update.provider_id,
        error=update.error,
        again_at=timezone.now() + wait if wait and update.state == State.FAILED else None,
    )


def _learn_bsuid(attempt: Attempt, update: StatusUpdate) -> None:
    """Statuses tell the BSUID of people we only know by number (fact sheet 4.8)."""
    contact = attempt.message.contact
    if contact.bsuid or contact.erased_at or not update.bsuid:
        return
    if not update.phone or update.phone not in (contact.phone, contact.wa_number):
        return
    if not Contact.objects.filter(bsuid=update.bsuid).exists():
        Contact.objects.filter(pk=contact.pk, bsuid=None).update(bsuid=update.bsuid)
        contact.bsuid = update.bsuid
