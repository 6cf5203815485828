"""Joining and leaving. A repeat changes no history; leaving always wins."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils import timezone

from subscribers import recipients, register
from subscribers.models import ErasedIdentity, Subscriber, Topic, TopicPreference
from subscribers.register import Entry, Evidence, Kind, Source
from whatsapp import merging, outbox
from whatsapp.models import Contact, Message

CITIZEN = "cittadino"
# Who acts for somebody else cannot bring back whoever has left.
FOR_OTHERS = {Source.DESK, Source.IMPORT}


class HasLeft(ValueError):
    """Only the person can come back, by writing; the text is for the staff."""


class How(TypedDict, total=False):
    """How an act of consent came about.

    Attributes:
        message: the citizen's, kept as evidence; its own time counts, because webhooks come in any order.
        message_id: the provider's id, where there is no message of the citizen's.
        at: when, if there is no message (paper form, practice data).
        actor: who acts.
        source: from where (WhatsApp unless told otherwise).
        reference: of the paper that proves it, if there is no message.
        shown: what the person was shown.
    """

    message: Message | None
    message_id: str
    at: datetime | None
    actor: str
    source: Source
    reference: str
    shown: str


def subscribe(contact: Contact, **how: Unpack[How]) -> bool:
    """Subscribe a person, keeping all topics; False if nothing changed.

    An ON older than the last OFF is a late copy and resurrects nobody, of an erased person neither.

    Raises:
        HasLeft: somebody else asks it for a person who has left.
    """
    (outcome,) = subscribe_all([(contact, how)])
    if isinstance(outcome, HasLeft):
        raise outcome
    return outcome


@transaction.atomic
def subscribe_all(people: Iterable[tuple[Contact, How]]) -> list[bool | HasLeft]:
    """Subscribe many in few statements, the people locked in their order, the register only at the end.

    Returns:
        For each what `subscribe` returns or raises.
    """
    people = list(people)
    persons = merging.lock_all([contact.pk for contact, _ in people])
    rows = Subscriber.objects.select_for_update().filter(contact__in=persons.values()).order_by("contact")
    known = {row.contact_id: row for row in rows}
    erased = _left_before_erasure([one for one in persons.values() if one.pk not in known])
    outcomes: list[bool | HasLeft] = []
    entries = []
    for contact, how in people:
        person, when = persons[contact.pk], _when(how)
        subscriber = known.setdefault(person.pk, Subscriber(contact=person))
        left_at = subscriber.left_at or erased.get(person.pk)
        if subscriber.state != Subscriber.State.ACTIVE and left_at and how.get("source") in FOR_OTHERS:
            outcomes.append(HasLeft(recipients.has_left(left_at)))
            continue
        # WhatsApp's times are whole seconds: in the same second the OFF wins.
        joins = subscriber.state != Subscriber.State.ACTIVE and (left_at is None or when > left_at)
        outcomes.append(joins)
        if joins:
            subscriber.state, subscriber.since, subscriber.left_at = Subscriber.State.ACTIVE, when, None
            entries.append((subscriber, _entry(person, Kind.SUBSCRIBED, how | {"at": when})))
    _keep([subscriber for subscriber, _ in entries])
    if entries:
        register.append(*(entry for _, entry in entries))
    return outcomes


def _keep(joined: list[Subscriber]) -> None:
    """Who joins again keeps all topics, as who joins for the first time does."""
    Subscriber.objects.bulk_create(one for one in joined if one.pk is None)
    for again in (one for one in joined if one.pk is not None):
        again.save()
        again.left_topics.all().delete()


@transaction.atomic
def leave(contact: Contact, **how: Unpack[How]) -> bool:
    """End a subscription; False if there was none. An OFF older than the last ON is a late copy.

    WhatsApp's times are whole seconds, ours are not: in the second of the subscription the OFF wins.
    """
    contact = _locked(contact)
    when = _when(how)
    subscriber = Subscriber.objects.select_for_update().filter(contact=contact).first()
    if subscriber is None or subscriber.state == Subscriber.State.LEFT:
        return False
    if when < subscriber.since.replace(microsecond=0):
        return False
    subscriber.state, subscriber.left_at, subscriber.doubt_at = Subscriber.State.LEFT, when, None
    subscriber.save()
    subscriber.left_topics.all().delete()
    register.append(_entry(contact, Kind.LEFT, how | {"at": when}))
    return True


@transaction.atomic
def leave_topic(contact: Contact, topic: Topic, **how: Unpack[How]) -> bool:
    """Leave one topic and keep the rest; False if not subscribed, or left before."""
    contact = _locked(contact)
    subscriber = active(contact)
    if subscriber is None:
        return False
    _, left = TopicPreference.objects.get_or_create(
        subscriber=subscriber, topic=topic, defaults={"left_at": _when(how)}
    )
    if left:
        register.append(_entry(contact, Kind.TOPIC_LEFT, how, topic.slug))
    return left


@transaction.atomic
def keep_topic(contact: Contact, topic: Topic, **how: Unpack[How]) -> bool:
    """Take a topic again; False if not subscribed, never left, or left after this message was written."""
    contact = _locked(contact)
    left = TopicPreference.objects.filter(subscriber=active(contact), topic=topic, left_at__lt=_when(how))
    gone, _ = left.delete()
    if gone:
        register.append(_entry(contact, Kind.TOPIC_KEPT, how, topic.slug))
    return bool(gone)


def note(contact: Contact, kind: Kind, topic: str = "", **how: Unpack[How]) -> None:
    """Write an event that changes no subscription by itself. The last step of a transaction."""
    register.append(_entry(contact, kind, how, topic))


@transaction.atomic
def doubt(contact: Contact) -> None:
    """The person may want to leave, and is being asked: until they answer, for a day, alerts only."""
    Subscriber.objects.filter(contact=_locked(contact), state=Subscriber.State.ACTIVE).update(
        doubt_at=timezone.now()
    )


@transaction.atomic
def resolve_doubt(contact: Contact) -> None:
    """The person stays, or a colleague has seen to it: what waited for the answer goes."""
    person = _locked(contact)
    if Subscriber.objects.filter(contact=person, doubt_at__isnull=False).update(doubt_at=None):
        outbox.release_to(person)


def active(contact: Contact) -> Subscriber | None:
    """The person's running subscription."""
    return Subscriber.objects.filter(contact=contact.person, state=Subscriber.State.ACTIVE).first()


def is_subscribed(contact: Contact) -> bool:
    """Does this person receive notices?"""
    return active(contact) is not None


def _locked(contact: Contact) -> Contact:
    """The person's row locked, so that two messages of one person never cross."""
    return merging.lock(contact.pk)


def _when(how: How) -> datetime:
    message = how.get("message")
    return how.get("at") or (message.sent_at if message else None) or timezone.now()


def _left_before_erasure(persons: Iterable[Contact]) -> dict[int, datetime]:
    """Person -> when whoever had this number or BSUID last left, if they have been erased since."""
    ids = ((one.pk, value) for one in persons for value in (one.phone, one.bsuid) if value)
    owners = {register.identity_digest(value): pk for pk, value in ids}
    former = ErasedIdentity.objects.filter(digest__in=owners, left_at__isnull=False).order_by("left_at")
    return {owners[digest]: at for digest, at in former.values_list("digest", "left_at") if at}


def _entry(contact: Contact, kind: Kind, how: How, topic: str = "") -> Entry:
    message = how.get("message")
    evidence = Evidence(
        text=message.text if message else how.get("reference", ""),
        message_id=(message.provider_id or "") if message else how.get("message_id", ""),
        identity=contact.phone or contact.bsuid or "",
        shown=how.get("shown", ""),
        actor=how.get("actor", CITIZEN)[:150],
    )
    source = how.get("source", Source.WHATSAPP)
    return Entry(
        subject_id=contact.subject_id,
        kind=kind,
        at=_when(how),
        evidence=evidence,
        source=source,
        topic=topic,
    )
