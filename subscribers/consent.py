"""Joining, leaving, and who may be written to. A repeat changes no history; leaving always wins."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format

from subscribers import register
from subscribers.models import ConsentEvent, Subscriber, Topic, TopicPreference
from subscribers.register import Evidence
from whatsapp import merging
from whatsapp.models import Contact, IdentityConflict, Message

Kind = ConsentEvent.Kind
CITIZEN = "cittadino"


@transaction.atomic
def subscribe(
    contact: Contact, *, message: Message | None = None, actor: str = CITIZEN, at: datetime | None = None
) -> bool:
    """Subscribe a person, keeping all topics.

    Args:
        message: the message that asks for it, kept as evidence; its own time counts, because webhooks may
            arrive out of order: an ON older than the last OFF is a late copy and resurrects nobody.
        at: when, if there is no message (paper form, practice data).

    Returns:
        False if nothing changed.
    """
    contact = _locked(contact)
    when = _when(message, at)
    subscriber = Subscriber.objects.select_for_update().filter(contact=contact).first()
    if subscriber and (subscriber.state == Subscriber.State.ACTIVE or not _after(when, subscriber.left_at)):
        return False
    subscriber = subscriber or Subscriber(contact=contact)
    subscriber.state, subscriber.since, subscriber.left_at = Subscriber.State.ACTIVE, when, None
    subscriber.save()
    subscriber.left_topics.all().delete()
    _record(contact, Kind.SUBSCRIBED, when, message, actor)
    return True


@transaction.atomic
def leave(
    contact: Contact, *, message: Message | None = None, actor: str = CITIZEN, at: datetime | None = None
) -> bool:
    """End a subscription; False if there was none. An OFF older than the last ON is a late copy.

    WhatsApp's times are whole seconds, ours are not: in the second of the subscription the OFF wins.
    """
    contact = _locked(contact)
    when = _when(message, at)
    subscriber = Subscriber.objects.select_for_update().filter(contact=contact).first()
    if subscriber is None or subscriber.state == Subscriber.State.LEFT:
        return False
    if when < subscriber.since.replace(microsecond=0):
        return False
    subscriber.state, subscriber.left_at = Subscriber.State.LEFT, when
    subscriber.save()
    _record(contact, Kind.LEFT, when, message, actor)
    return True


@transaction.atomic
def leave_topic(
    contact: Contact, topic: Topic, *, message: Message | None = None, actor: str = CITIZEN,
    at: datetime | None = None,
) -> bool:  # fmt: skip
    """Leave one topic and keep the rest; False if not subscribed, or left before."""
    contact = _locked(contact)
    subscriber = active(contact)
    if subscriber is None:
        return False
    when = _when(message, at)
    _, left = TopicPreference.objects.get_or_create(
        subscriber=subscriber, topic=topic, defaults={"left_at": when}
    )
    if left:
        _record(contact, Kind.TOPIC_LEFT, when, message, actor, topic.slug)
    return left


@transaction.atomic
def keep_topic(
    contact: Contact, topic: Topic, *, message: Message | None = None, actor: str = CITIZEN,
    at: datetime | None = None,
) -> bool:  # fmt: skip
    """Take a topic again; False if not subscribed, never left, or left after this message was written."""
    contact = _locked(contact)
    when = _when(message, at)
    left = TopicPreference.objects.filter(subscriber=active(contact), topic=topic, left_at__lt=when)
    gone, _ = left.delete()
    if gone:
        _record(contact, Kind.TOPIC_KEPT, when, message, actor, topic.slug)
    return bool(gone)


def active(contact: Contact) -> Subscriber | None:
    """The person's running subscription."""
    return Subscriber.objects.filter(contact=contact.person, state=Subscriber.State.ACTIVE).first()


def is_subscribed(contact: Contact) -> bool:
    """Does this person receive notices?"""
    return active(contact) is not None


def audience(topic: Topic | None) -> QuerySet[Contact]:
    """Whom a notice on this topic (None: on any) is for: subscribed, not blocked, topic kept, no doubt."""
    return keeping(topic).exclude(_doubtful("pk", topic))


def keeping(topic: Topic | None) -> QuerySet[Contact]:
    """Who is subscribed, not blocked, and has not left the topic."""
    people = Contact.objects.filter(
        subscriber__state=Subscriber.State.ACTIVE,
        blocked=False,
        merged_into__isnull=True,
        erased_at__isnull=True,
    )
    if topic is None:
        return people
    left = TopicPreference.objects.filter(subscriber__contact=OuterRef("pk"), topic=topic)
    return people.exclude(Exists(left))


def _doubtful(contact: str, topic: Topic | None) -> Q:
    """Perhaps one person with two contacts, nobody has decided: one of them is not written to, and the other
    neither if the first has left."""
    open_ones = IdentityConflict.objects.filter(outcome=IdentityConflict.Outcome.OPEN)
    left = Q(other__subscriber__state=Subscriber.State.LEFT)
    if topic:
        left |= Q(other__subscriber__left_topics__topic=topic)
    mine = open_ones.filter(left, contact=OuterRef(contact))
    return Q(Exists(open_ones.filter(other=OuterRef(contact)))) | Q(Exists(mine))


def refusals(contacts: Iterable[Contact], topic: Topic | None) -> dict[int, str]:
    """Contact pk -> why this person gets nothing on the topic, read at the moment of the hand-over."""
    people = {contact.pk: contact.person.pk for contact in contacts}
    left = FilteredRelation("left_topics", condition=Q(left_topics__topic=topic))
    rows = Subscriber.objects.filter(contact__in=set(people.values()))
    rows = rows.annotate(left_topic=left, doubtful=_doubtful("contact", topic))
    left_at = {
        pk: told for pk, *told in rows.values_list("contact", "left_at", "left_topic__left_at", "doubtful")
    }
    reasons = {}
    for contact_id, person_id in people.items():
        if person_id not in left_at:
            reasons[contact_id] = "non è iscritto"
            continue
        everything, topic_only, doubtful = left_at[person_id]
        if everything:
            reasons[contact_id] = f"si è cancellato il {_day(everything)}"
        elif topic_only:
            reasons[contact_id] = f"ha lasciato l'argomento {topic} il {_day(topic_only)}"
        elif doubtful:
            reasons[contact_id] = "forse è la stessa persona di un altro contatto: vedi «Identità dubbie»"
    return reasons


def _day(moment: datetime) -> str:
    """`3 maggio alle 10:03`; Django's Italian months begin with a capital, Italian's do not."""
    return date_format(timezone.localtime(moment), r"j F \a\l\l\e H:i").lower()


def _locked(contact: Contact) -> Contact:
    """The person's row locked, so that two messages of one person never cross."""
    return merging.lock(contact.pk)


def _when(message: Message | None, at: datetime | None) -> datetime:
    return at or (message.sent_at if message else None) or timezone.now()


def _after(when: datetime, left_at: datetime | None) -> bool:
    """WhatsApp's times are whole seconds: in the same second the OFF wins."""
    return left_at is None or when > left_at


def _record(
    contact: Contact,
    kind: ConsentEvent.Kind,
    at: datetime,
    message: Message | None,
    actor: str,
    topic: str = "",
) -> None:
    evidence = Evidence(
        text=message.text if message else "",
        message_id=(message.provider_id or "") if message else "",
        identity=contact.phone or contact.bsuid or "",
        actor=actor[:150],
    )
    register.append(contact, kind, at=at, evidence=evidence, topic=topic)
