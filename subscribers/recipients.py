"""Who may be written to, who not and why: asked when a list is made, and again at each hand-over."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet
from django.utils import timezone

from subscribers import register
from subscribers.models import ErasedIdentity, Subscriber, Topic, TopicPreference
from subscribers.models.people import DOUBT
from subscribers.texts import date_of, day
from whatsapp import phones
from whatsapp.contacts import by_number
from whatsapp.models import Contact, ContactAlias, IdentityConflict


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
    neither if the first has left. What one of them only claims stops nobody's notices."""
    open_ones = IdentityConflict.objects.filter(outcome=IdentityConflict.Outcome.OPEN, claimed=False)
    left = Q(other__subscriber__state=Subscriber.State.LEFT)
    if topic:
        left |= Q(other__subscriber__left_topics__topic=topic)
    mine = open_ones.filter(left, contact=OuterRef(contact))
    return Q(Exists(open_ones.filter(other=OuterRef(contact)))) | Q(Exists(mine))


def refusals(
    contacts: Iterable[Contact], topic: Topic | None, *, urgent: bool = False
) -> dict[int, str | datetime]:
    """Contact pk -> why this person gets nothing on the topic, read at the moment of the hand-over.

    For who may want to leave and has not answered yet a moment: until then only what is urgent goes.
    """
    people = {contact.pk: contact.person.pk for contact in contacts}
    left = FilteredRelation("left_topics", condition=Q(left_topics__topic=topic))
    rows = Subscriber.objects.filter(contact__in=set(people.values()))
    rows = rows.annotate(left_topic=left, doubtful=_doubtful("contact", topic))
    asked = ("left_at", "left_topic__left_at", "doubtful", "doubt_at")
    known = {pk: told for pk, *told in rows.values_list("contact", *asked)}
    reasons: dict[int, str | datetime] = {}
    for contact_id, person_id in people.items():
        if person_id not in known:
            reasons[contact_id] = "non è iscritto"
            continue
        everything, topic_only, doubtful, doubt_at = known[person_id]
        if everything:
            reasons[contact_id] = f"si è cancellato il {day(everything)}"
        elif topic_only:
            reasons[contact_id] = f"ha lasciato l'argomento {topic} il {day(topic_only)}"
        elif doubtful:
            reasons[contact_id] = "forse è la stessa persona di un altro contatto: vedi «Identità dubbie»"
        elif doubt_at and not urgent and doubt_at + DOUBT > timezone.now():
            reasons[contact_id] = doubt_at + DOUBT
    return reasons


def obstacles(numbers: Collection[str]) -> dict[str, str]:
    """Number -> why nobody but its owner may subscribe it, in Italian; for desk and imports, in few queries.

    Numbers that a person had before count too: an old list still means them.
    """
    spelt = {spelling: number for number in numbers for spelling in phones.spellings(number)}
    erased = {register.identity_digest(spelling): number for spelling, number in spelt.items()}
    rows = ErasedIdentity.objects.filter(digest__in=erased, left_at__isnull=False).order_by("left_at")
    left = {erased[digest]: left_at for digest, left_at in rows.values_list("digest", "left_at")}
    former = ContactAlias.objects.filter(phone__in=spelt).values_list("phone", "contact")
    people = {spelt[phone]: pk for phone, pk in former} | by_number(numbers)
    known = Contact.objects.select_related("merged_into").in_bulk(set(people.values()))
    persons = {number: known[pk].person for number, pk in people.items()}
    subscribers = Subscriber.objects.filter(contact__in=persons.values(), left_at__isnull=False)
    left_at = dict(subscribers.values_list("contact", "left_at"))
    left |= {number: left_at[person.pk] for number, person in persons.items() if person.pk in left_at}
    told = {number: has_left(moment) for number, moment in left.items() if moment}
    return told | {number: "è bloccato" for number, person in persons.items() if person.blocked}


def has_left(at: datetime) -> str:
    """Why desk and imports cannot subscribe this person."""
    return f"si è cancellato il {date_of(at)}: può tornare solo scrivendo ISCRIZIONE ON"
