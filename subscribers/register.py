"""The consent register: a keyed chain without personal data, the evidence beside it (DESIGN 4, 5.3)."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from subscribers import policies
from subscribers.models import ConsentEvent, ConsentEvidence, RegisterHead
from whatsapp.models import Contact

FIRST_HASH = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What shows that an event took place; committed to by the chain, kept apart so that it can be erased."""

    text: str = ""
    message_id: str = ""
    identity: str = ""
    actor: str


def append(
    contact: Contact, kind: ConsentEvent.Kind, *, at: datetime, evidence: Evidence, topic: str = ""
) -> ConsentEvent:
    """Write one event at the end of the chain. The last step of a transaction: the head is locked.

    Raises:
        ImproperlyConfigured: there is no CONSENT_KEY, or no policy in force.
    """
    policy = policies.in_force()
    salt = secrets.token_hex(32)
    head, _ = RegisterHead.objects.select_for_update().get_or_create(pk=1)
    event = ConsentEvent(
        sequence=head.sequence + 1,
        subject_id=contact.subject_id,
        kind=kind,
        at=at,
        topic=topic,
        policy_version=policy.version,
        policy_sha256=policy.sha256,
        commitment=commit(evidence, salt),
        previous_hash=head.hash,
    )
    event.hash = row_hash(event)
    event.save(force_insert=True)
    ConsentEvidence.objects.create(event=event, salt=salt, **asdict(evidence))
    head.sequence, head.hash = event.sequence, event.hash
    head.save()
    return event


def commit(evidence: Evidence, salt: str) -> str:
    """HMAC-SHA256 of the evidence under its own salt: erasing both leaves a number that tells nothing."""
    return _hmac(salt, asdict(evidence))


def row_hash(event: ConsentEvent) -> str:
    """HMAC-SHA256 of a row's fields and the previous hash, under CONSENT_KEY."""
    if not settings.CONSENT_KEY:
        raise ImproperlyConfigured(
            "CONSENT_KEY manca: senza chiave il registro dei consensi non prova nulla."
        )
    return _hmac(
        settings.CONSENT_KEY,
        {
            "sequence": event.sequence,
            "subject_id": str(event.subject_id),
            "kind": str(event.kind),
            "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "topic": event.topic,
            "policy_version": event.policy_version,
            "policy_sha256": event.policy_sha256,
            "commitment": event.commitment,
            "previous_hash": event.previous_hash,
        },
    )


def _hmac(key: str, fields: dict[str, object]) -> str:
    canonical = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key.encode(), canonical.encode(), hashlib.sha256).hexdigest()


@transaction.atomic
def verify_chain() -> tuple[int, str]:
    """Check every row, in order, and the evidence that is still there.

    Returns:
        How many rows hold, and what is wrong with the next one, in Italian (empty: nothing).
    """
    head, _ = RegisterHead.objects.select_for_update().get_or_create(pk=1)
    rows: Iterable[ConsentEvent] = (
        ConsentEvent.objects.order_by("sequence").select_related("evidence").iterator(chunk_size=2000)
    )
    previous, good = FIRST_HASH, 0
    for event in rows:
        if problem := _problem(event, good + 1, previous):
            return good, problem
        previous, good = event.hash, good + 1
    if (good, previous) != (head.sequence, head.hash):
        return good, f"mancano righe alla fine: il registro ne aveva {head.sequence}"
    return good, ""


def _problem(event: ConsentEvent, sequence: int, previous: str) -> str:
    if event.sequence != sequence:
        return f"manca la riga {sequence}"
    if event.previous_hash != previous or not hmac.compare_digest(event.hash, row_hash(event)):
        return f"la riga {sequence} è stata modificata"
    evidence = getattr(event, "evidence", None)
    if evidence is None:
        return ""
    told = Evidence(
        text=evidence.text,
        message_id=evidence.message_id,
        identity=evidence.identity,
        actor=evidence.actor,
    )
    if not hmac.compare_digest(event.commitment, commit(told, evidence.salt)):
        return f"la prova della riga {sequence} è stata modificata"
    return ""
