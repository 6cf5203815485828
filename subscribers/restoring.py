"""After an older backup was restored: what the journal knows and the database does not (DESIGN 5.3)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from subscribers import consent, history, journal, register, rights
from subscribers.history import Standing
from subscribers.journal import Line
from subscribers.models import ConsentEvent, RegisterHead, Subscriber, Topic, TopicPreference
from subscribers.register import Entry, Evidence, Kind, Source, row_hash
from whatsapp import merging
from whatsapp.models import Contact

# Whose rows tell of no person.
NOBODY = UUID(int=0)
_LOST = re.compile(r"righe (\d+)-(\d+)")


class Forged(ValueError):
    """A line of the journal is not as it was written; the text is for the administrator."""


@dataclass
class Reapplied:
    """What was done.

    Attributes:
        events: lines put back into the register, or only followed where they could not be.
        left: people put out again.
        joined: people taken in again.
        erased: people erased again.
        unknown: subjects the database has never heard of: they joined after the backup, and must write again.
        set_aside: the old journal, if a new one had to be begun.
    """

    events: int = 0
    left: int = 0
    joined: int = 0
    erased: int = 0
    unknown: int = 0
    set_aside: Path | None = None


def reapply() -> Reapplied:
    """Put the register's missing rows back from the journal, and everybody where these rows say.

    If the service has already written rows of its own since the restore, they stay: then only those who left
    are put out again, with new rows, and a new journal begins.

    Raises:
        Forged: a line was changed.
    """
    with transaction.atomic():
        head, _ = RegisterHead.objects.select_for_update().get_or_create(pk=1)
        known = set(ConsentEvent.objects.values_list("hash", flat=True))
        missing = [_event(line) for line in _linked(journal.read()) if line["hash"] not in known]
        follows = bool(missing) and missing[0].previous_hash == head.hash
        if follows:
            ConsentEvent.objects.bulk_create(missing, batch_size=1000)
            head.sequence, head.hash = missing[-1].sequence, missing[-1].hash
            head.save()
        done = _apply(missing, follows=follows)
        if follows:
            _note_lost_evidence(missing)
    if missing and not follows:
        done.set_aside = journal.set_aside()
    return done


def lost_evidence() -> Iterator[range]:
    """The sequences of rows that came back from the journal: their evidence was in the lost database only."""
    restored = ConsentEvent.objects.filter(kind=Kind.RESTORED, evidence__isnull=False)
    for event in restored.select_related("evidence"):
        if match := _LOST.match(event.evidence.text):
            yield range(int(match[1]), int(match[2]) + 1)


def _note_lost_evidence(missing: list[ConsentEvent]) -> None:
    """Write the reason into the register, where only who has the key can."""
    text = f"righe {missing[0].sequence}-{missing[-1].sequence}: le prove erano solo nella base dati perduta"
    proof = Evidence(text=text, actor="ripristino")
    register.append(
        Entry(
            subject_id=NOBODY,
            kind=Kind.RESTORED,
            at=timezone.now(),
            evidence=proof,
            source=Source.SYSTEM,
        )
    )


def _linked(lines: Iterable[Line]) -> Iterator[Line]:
    """The journal's lines, each after the one whose hash it holds. Raises Forged: one is missing."""
    previous = None
    for line in lines:
        if previous is not None and line["previous_hash"] != previous:
            raise Forged(
                f"Nel diario manca la riga prima della {line['sequence']}: non è stato cambiato nulla."
            )
        previous = line["hash"]
        yield line


def _event(line: Line) -> ConsentEvent:
    fields = dict(line)
    for name in ("at", "recorded_at"):
        fields[name] = datetime.fromisoformat(fields[name])
    event = ConsentEvent(**fields | {"subject_id": UUID(fields["subject_id"])})
    if row_hash(event) != event.hash:
        raise Forged(f"La riga {event.sequence} del diario è stata modificata: non è stato cambiato nulla.")
    return event


def _apply(missing: list[ConsentEvent], *, follows: bool) -> Reapplied:
    touched = {event.subject_id for event in missing}
    contacts = {contact.subject_id: contact for contact in Contact.objects.filter(subject_id__in=touched)}
    done = Reapplied(events=len(missing), unknown=len(touched - contacts.keys()))
    for standing in history.fold(_in_order(missing, touched, follows=follows)):
        if contact := contacts.get(standing.subject_id):
            (_set if follows else _leave)(contact, standing, done)
            if standing.erased and contact.erased_at is None:
                _erase_again(contact, standing.erased, follows=follows)
                done.erased += 1
    return done


def _erase_again(contact: Contact, event: ConsentEvent, *, follows: bool) -> None:
    """As it was erased: on request with its evidence, by a clock without. Its line is there, or missing."""
    person, requested = merging.lock(contact.pk), event.source != Source.SYSTEM
    rights.forget(person, proofs=requested)
    if not follows:
        person.refresh_from_db()  # what is written of an erasure names nobody
        consent.note(person, Kind.ERASED, actor="ripristino", source=Source(event.source), at=event.at)


def _in_order(missing: list[ConsentEvent], touched: set[UUID], *, follows: bool) -> Iterable[ConsentEvent]:
    """All that the register tells of these subjects, or where it went on without them, what was missing."""
    if follows:
        return ConsentEvent.objects.filter(subject_id__in=touched).order_by("subject_id", "sequence")
    return sorted(missing, key=lambda event: (event.subject_id, event.sequence))


def _set(contact: Contact, standing: Standing, done: Reapplied) -> None:
    """The subscription as the rows put back tell it; they are its record."""
    if standing.since is None:
        return
    before = Subscriber.objects.filter(contact=contact).first()
    subscriber = before or Subscriber(contact=contact)
    was_active = before is not None and before.state == Subscriber.State.ACTIVE
    subscriber.state = Subscriber.State.ACTIVE if standing.active else Subscriber.State.LEFT
    subscriber.since, subscriber.left_at, subscriber.doubt_at = standing.since, standing.left_at, None
    subscriber.save()
    subscriber.left_topics.all().delete()
    topics = Topic.objects.filter(slug__in=standing.left_topics)
    TopicPreference.objects.bulk_create(
        TopicPreference(subscriber=subscriber, topic=topic, left_at=standing.left_topics[topic.slug])
        for topic in topics
    )
    done.left += was_active and not standing.active
    done.joined += standing.active and not was_active


def _leave(contact: Contact, standing: Standing, done: Reapplied) -> None:
    """Only what ends something: the register has gone its own way since."""
    how = consent.How(actor="ripristino", source=Source.SYSTEM)
    if standing.left_at:
        done.left += consent.leave(contact, **how | {"at": standing.left_at})
    for topic in Topic.objects.filter(slug__in=standing.left_topics):
        consent.leave_topic(contact, topic, **how | {"at": standing.left_topics[topic.slug]})
