"""Do the tables that decide who receives broadcasts say what the register says?

The register's events are folded person by person and compared with the subscriptions, the topics left, the
numbers and the evidence. The result names subjects by their code: it holds no personal data.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.utils import timezone
from django.utils.formats import date_format

from subscribers import history, policies, restoring, retention
from subscribers.history import Standing
from subscribers.models import ConsentEvent, ErasedIdentity, Policy, RetentionRun, Subscriber
from subscribers.register import Kind, Source
from subscribers.verifying import Track
from whatsapp import merging
from whatsapp.models import Contact
from whatsapp.personal_data import identities

CHUNK = 1000
NEVER = "mai iscritto"
MISSING = "nessuna iscrizione"


@dataclass(frozen=True)
class Difference:
    """What the register says of a subject and what the tables say instead, in Italian."""

    subject_id: UUID
    register: str
    table: str

    def __str__(self) -> str:
        return f"{self.subject_id}: il registro dice «{self.register}», le tabelle «{self.table}»"


@dataclass
class Account(Standing):
    """A subject's standing with all that the tables are compared with.

    Attributes:
        latest: the sequence of the last event.
        identity: the number or BSUID in the latest evidence.
        joined: every moment at which a subscription began.
        ended: every event that ended one, and every erasure.
        unproved: the events without evidence.
    """

    latest: int = 0
    identity: str = ""
    joined: set[datetime] = field(default_factory=set)
    ended: list[ConsentEvent] = field(default_factory=list)
    unproved: list[ConsentEvent] = field(default_factory=list)

    def follow(self, event: ConsentEvent) -> None:
        super().follow(event)
        self.latest = event.sequence
        if event.kind in history.BEGINS:
            self.joined.add(event.at)
        elif event.kind in history.ENDS or event.kind == Kind.ERASED:
            self.ended.append(event)
        evidence_identity = event.identity  # type: ignore[attr-defined]  # annotated by `_events`
        if evidence_identity is None:
            self.unproved.append(event)
        else:
            self.identity = evidence_identity or self.identity

    @property
    def words(self) -> str:
        """The standing in Italian."""
        if self.active:
            return _active(self.since, self.left_topics)
        if self.erased:
            return f"dati cancellati il {_moment(self.erased.at)}"
        if self.merged:
            return "unito a un altro contatto"
        return f"cancellato il {_moment(self.left_at)}" if self.left_at else NEVER


def differences(track: Track = iter) -> Iterator[Difference]:
    """Compare everybody, in bounded memory, while the service goes on.

    What differs at first sight is looked at once more with the person's row locked: an event of this very
    moment is no difference.

    Args:
        track: goes through the events, and may show how far it has got.
    """
    reasons = Reasons.now()
    accounts = iter(history.fold_into(Account, track(_events(ConsentEvent.objects.all()).iterator(CHUNK))))
    while chunk := list(islice(accounts, CHUNK)):
        subjects = [account.subject_id for account in chunk]
        contacts = Contact.objects.in_bulk(subjects, field_name="subject_id")
        subscribers = _subscribers(contact.pk for contact in contacts.values())
        fingerprints = _fingerprints(subjects)
        for account in chunk:
            contact = contacts.get(account.subject_id)
            subscriber = subscribers.get(contact.pk) if contact else None
            comparison = Comparison([account], contact, subscriber, fingerprints, reasons)
            if comparison.difference(account):
                yield from _certain(account, reasons)
    yield from _without_events()


def changed_policies() -> Iterator[str]:
    """The policies that people accepted and that are not as they were, each as an Italian sentence."""
    accepted = ConsentEvent.objects.order_by("policy_version").values_list("policy_version", "policy_sha256")
    known = {policy.version: policy for policy in Policy.objects.all()}
    for version, sha256 in accepted.distinct():
        policy = known.get(version)
        if policy is None:
            yield f"l'informativa {version}, accettata nel registro, non c'è più"
        elif policies.digest(policy) != sha256:
            yield f"il testo dell'informativa {version} non è quello accettato nel registro"


@dataclass(frozen=True)
class Reasons:
    """Why something may rightly be missing.

    Attributes:
        evidence_gone_before: evidence recorded before this moment may have expired.
        fingerprints_gone_before: so may the keyed hashes of numbers erased before this moment.
        lost: rows whose evidence was lost with a database that was restored.
    """

    evidence_gone_before: datetime
    fingerprints_gone_before: datetime
    lost: Sequence[range]

    @classmethod
    def now(cls) -> "Reasons":
        return cls(
            _gone_before(retention.EVIDENCE),
            _gone_before(retention.FINGERPRINTS),
            list(restoring.lost_evidence()),
        )


@dataclass
class Comparison:
    """One subject's accounts beside the tables.

    Attributes:
        accounts: those of all codes of the person, as far as they are known.
        fingerprints: the codes under which keyed hashes of erased numbers are kept.
    """

    accounts: list[Account]
    contact: Contact | None
    subscriber: Subscriber | None
    fingerprints: set[UUID]
    reasons: Reasons

    def difference(self, account: Account) -> Difference | None:
        """The first thing that differs; None if nothing does."""
        for check in (self._state, self._times, self._number, self._evidence, self._erasure):
            if found := check(account):
                return Difference(account.subject_id, *found)
        return None

    def _state(self, account: Account) -> tuple[str, str] | None:
        if self.contact is None and self._lost(account.latest):
            return None  # whom the restored database does not know: they must write again
        topics = {left.topic.slug for left in self.subscriber.left_topics.all()} if self.subscriber else set()
        if account.active != self._receives():
            return account.words, self._words(topics)
        if account.active and topics != account.left_topics.keys():
            return account.words, self._words(topics)
        return None

    def _receives(self) -> bool:
        if self.contact is None or self.subscriber is None:
            return False
        running = self.subscriber.state == Subscriber.State.ACTIVE
        return running and self.contact.merged_into_id is None and self.contact.erased_at is None

    def _words(self, topics: Iterable[str]) -> str:
        if self.subscriber is None:
            return MISSING
        if self.subscriber.left_at:
            return f"cancellato il {_moment(self.subscriber.left_at)}"
        if not self._receives():
            return "iscritto, ma il suo contatto è unito a un altro o cancellato"
        return _active(self.subscriber.since, topics)

    def _times(self, account: Account) -> tuple[str, str] | None:
        """A later beginning makes an OFF look like an old one; without the row of who left, a list brings
        the person back."""
        if account.active and self.subscriber:
            joined = set[datetime]().union(*(one.joined for one in self.accounts))
            same = self.subscriber.since in joined
        elif account.left_at and not (account.merged or account.erased):
            ended = {event.at for one in self.accounts for event in one.ended}
            same = self.subscriber is not None and self.subscriber.left_at in ended
        else:
            return None
        return None if same else (account.words, self._words(account.left_topics))

    def _number(self, account: Account) -> tuple[str, str] | None:
        if not (account.active and account.identity and self.contact):
            return None
        if account.identity in {self.contact.phone, self.contact.bsuid}:
            return None
        if account.identity in identities(self.contact):
            return None
        return "iscritto con un altro numero", "il numero di adesso non compare in nessuna prova"

    def _evidence(self, account: Account) -> tuple[str, str] | None:
        for event in account.unproved:
            if not self._has_reason(account, event):
                return f"riga {event.sequence} con la sua prova", "la prova manca, senza un motivo"
        return None

    def _erasure(self, account: Account) -> tuple[str, str] | None:
        """Without the keyed hash of an erased number an old list brings the person back."""
        if account.erased is None or account.erased.recorded_at < self.reasons.fingerprints_gone_before:
            return None
        if self.fingerprints.isdisjoint(one.subject_id for one in self.accounts):
            return account.words, "manca l'impronta del numero cancellato"
        return None

    def _has_reason(self, account: Account, event: ConsentEvent) -> bool:
        """Evidence goes on request, at the end of its term, or with a database that was restored."""
        if self._lost(event.sequence):
            return True
        erasures = [one.erased for one in self.accounts if one.erased]
        if any(one.sequence > event.sequence and one.source != Source.SYSTEM for one in erasures):
            return True
        if event.recorded_at >= self.reasons.evidence_gone_before:
            return False
        if account.since is None:
            return True
        return any(self._expired_after(end) for end in account.ended if end.sequence >= event.sequence)

    def _expired_after(self, end: ConsentEvent) -> bool:
        """The evidence of all that went before this end may have reached its term."""
        if end.kind == Kind.MERGED and self._goes_on():
            return False
        return end.recorded_at < self.reasons.evidence_gone_before

    def _lost(self, sequence: int) -> bool:
        return any(sequence in rows for rows in self.reasons.lost)

    def _goes_on(self) -> bool:
        """The person is subscribed under the contact that took this one in."""
        person = self.contact.person if self.contact else None
        return Subscriber.objects.filter(contact=person, state=Subscriber.State.ACTIVE).exists()


@transaction.atomic
def _certain(account: Account, reasons: Reasons) -> list[Difference]:
    """The difference with the person's row locked and the accounts of all their codes."""
    contact = Contact.objects.filter(subject_id=account.subject_id).first()
    codes = [account.subject_id]
    if contact:
        merging.lock(contact.pk)
        contact.refresh_from_db()
        codes += contact.rows().values_list("subject_id", flat=True)
    events = _events(ConsentEvent.objects.filter(subject_id__in=codes))
    accounts = list(history.fold_into(Account, events))
    subscriber = _subscribers([contact.pk]).get(contact.pk) if contact else None
    comparison = Comparison(accounts, contact, subscriber, _fingerprints(codes), reasons)
    (current,) = (one for one in accounts if one.subject_id == account.subject_id)
    difference = comparison.difference(current)
    return [difference] if difference else []


def _without_events() -> Iterator[Difference]:
    """Subscriptions of which the register has not a single event."""
    events = ConsentEvent.objects.filter(subject_id=OuterRef("contact__subject_id"))
    active = Subscriber.objects.filter(~Exists(events), state=Subscriber.State.ACTIVE)
    for subscriber in active.select_related("contact").order_by("pk").iterator(CHUNK):
        if not ConsentEvent.objects.filter(subject_id=subscriber.contact.subject_id).exists():
            yield Difference(subscriber.contact.subject_id, NEVER, _active(subscriber.since, ()))


def _events(events: QuerySet[ConsentEvent]) -> QuerySet[ConsentEvent]:
    """By subject, with `identity`: what the evidence names, None where there is no evidence."""
    needed = events.only("subject_id", "sequence", "kind", "source", "at", "recorded_at", "topic")
    return needed.annotate(identity=F("evidence__identity")).order_by("subject_id", "sequence")


def _subscribers(contacts: Iterable[int]) -> dict[int, Subscriber]:
    rows = Subscriber.objects.filter(contact__in=list(contacts)).prefetch_related("left_topics__topic")
    return {row.contact_id: row for row in rows}


def _fingerprints(subjects: Iterable[UUID]) -> set[UUID]:
    kept = ErasedIdentity.objects.filter(subject_id__in=subjects)
    return set(kept.values_list("subject_id", flat=True))


def _gone_before(slug: str) -> datetime:
    """What is older may have expired: by the term of now, or by an earlier one that was shorter."""
    term = next(before for clock, before in retention.terms() if clock.slug == slug)
    runs = RetentionRun.objects.filter(slug=slug).aggregate(latest=Max("before"))
    return max(term, runs["latest"] or term)


def _active(since: datetime | None, topics: Iterable[str]) -> str:
    left = ", ".join(sorted(topics))
    return f"iscritto dal {_moment(since)}" + (f" senza {left}" if left else "")


def _moment(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "d/m/Y H:i:s") if at else "?"
