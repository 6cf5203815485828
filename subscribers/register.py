"""The consent register: a keyed chain without personal data, the evidence beside it (DESIGN 4, 5.3)."""

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from subscribers import journal, policies
from subscribers.models import ConsentEvent, ConsentEvidence, RegisterHead

Kind: TypeAlias = ConsentEvent.Kind
Source: TypeAlias = ConsentEvent.Source
FIRST_HASH = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What shows that an event took place; committed to by the chain, kept apart so that it can be erased.

    Attributes:
        text: what was written, or the reference of the paper that proves it.
        shown: what the person was shown then (the welcome), with the placeholders filled.
    """

    text: str = ""
    message_id: str = ""
    identity: str = ""
    shown: str = ""
    actor: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One event to be written."""

    subject_id: UUID
    kind: Kind
    at: datetime
    evidence: Evidence
    source: Source = Source.WHATSAPP
    topic: str = ""
    salt: str = field(default_factory=lambda: secrets.token_hex(32))


def append(*entries: Entry) -> list[ConsentEvent]:
    """Write events at the end of the chain. The last step of a transaction: the head is locked.

    After the commit they are copied to the journal.

    Raises:
        ImproperlyConfigured: there is no CONSENT_KEY, or no policy in force.
    """
    policy, now = policies.in_force(), timezone.now()
    head, _ = RegisterHead.objects.select_for_update().get_or_create(pk=1)
    events = []
    for entry in entries:
        event = ConsentEvent(
            sequence=head.sequence + 1,
            subject_id=entry.subject_id,
            kind=entry.kind,
            source=entry.source,
            at=entry.at,
            recorded_at=now,
            topic=entry.topic,
            policy_version=policy.version,
            policy_sha256=policy.sha256,
            commitment=commit(entry.evidence, entry.salt),
            previous_hash=head.hash,
        )
        event.hash = row_hash(event)
        head.sequence, head.hash = event.sequence, event.hash
        events.append(event)
    ConsentEvent.objects.bulk_create(events)
    ConsentEvidence.objects.bulk_create(
        ConsentEvidence(event=event, salt=entry.salt, **asdict(entry.evidence))
        for event, entry in zip(events, entries, strict=True)
    )
    head.save()
    transaction.on_commit(journal.write, robust=True)
    return events


def commit(evidence: Evidence, salt: str) -> str:
    """HMAC-SHA256 of the evidence under its own salt: erasing both leaves a number that tells nothing."""
    return _hmac(salt, asdict(evidence))


def row_hash(event: ConsentEvent) -> str:
    """HMAC-SHA256 of a row's fields and the previous hash, under CONSENT_KEY."""
    return keyed_hash(event.chained())


def identity_digest(identity: str) -> str:
    """HMAC-SHA256 of a number or BSUID, for what remains of an erased person."""
    return keyed_hash({"identity": identity})


def keyed_hash(content: dict[str, Any]) -> str:
    """HMAC-SHA256 under CONSENT_KEY. Raises ImproperlyConfigured: there is none."""
    if not settings.CONSENT_KEY:
        raise ImproperlyConfigured(
            "CONSENT_KEY manca: senza chiave il registro dei consensi non prova nulla."
        )
    return _hmac(settings.CONSENT_KEY, content)


def _hmac(key: str, content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key.encode(), canonical.encode(), hashlib.sha256).hexdigest()
