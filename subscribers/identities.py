"""What becomes of a subscription when its person changes identifiers, or two contacts turn out to be one."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils import timezone
from django.utils.formats import date_format

from subscribers import consent, inbound, rights
from subscribers.consent import How
from subscribers.models import Subscriber
from subscribers.register import Kind, Source
from whatsapp import signals
from whatsapp.merging import WHATSAPP
from whatsapp.models import Contact

Active = Subscriber.State.ACTIVE


@receiver(signals.contacts_merging)
def objection(contact: Contact, other: Contact, **_: Any) -> str:
    """Why the two may not be united without a person's decision: what they chose differs."""
    one, two = (_choices(row) for row in (contact, other))
    if one is None or two is None or one == two:
        return ""
    if one[0] == two[0]:
        return "I due contatti hanno lasciato argomenti diversi."
    return "Uno dei due contatti è iscritto e l'altro si è cancellato."


def _choices(contact: Contact) -> tuple[str, set[int]] | None:
    subscriber = Subscriber.objects.filter(contact=contact.person).first()
    if subscriber is None:
        return None
    return subscriber.state, {*subscriber.left_topics.values_list("topic", flat=True)}


@receiver(signals.contact_described)
def describe(contact: Contact, **_: Any) -> list[tuple[str, str]]:
    """The subscription, for whoever looks at a contact."""
    subscriber = Subscriber.objects.filter(contact=contact.person).first()
    objected = rights.events(contact).filter(kind=Kind.OBJECTION).exists()
    told = [("Opposizione", "registrata: vedi il fascicolo")] if objected else []
    if subscriber is None:
        return [("Iscrizione", "mai iscritto"), *told]
    moment = date_format(timezone.localtime(subscriber.left_at or subscriber.since), "j F Y, H:i").lower()
    since = "il" if subscriber.left_at else "dal"
    return [("Iscrizione", f"{subscriber.get_state_display()} {since} {moment}"), *told]


@receiver(signals.contacts_merged)
def unite(contact: Contact, merged: Contact, actor: str, certain: bool, **_: Any) -> None:
    """One subscription for the two. Who left stays out; only if WhatsApp itself says that they are one
    person, a later ON counts, as the last word always does. An OFF from either ends the subscription."""
    theirs = Subscriber.objects.select_for_update().filter(contact=merged).first()
    mine = Subscriber.objects.select_for_update().filter(contact=contact).first()
    if not (mine or theirs):
        return
    before = mine.state if mine else None
    told = How(actor=actor, source=Source.WHATSAPP if certain else Source.OFFICE)
    consent.note(merged, Kind.MERGED, **told | {"reference": f"codice {contact.subject_id}"})
    if theirs and mine:
        _unite(mine, theirs, actor, certain)
    elif theirs:
        theirs.contact = contact
        theirs.save()
        for left in theirs.left_topics.select_related("topic"):
            consent.note(contact, Kind.TOPIC_LEFT, left.topic.slug, **told)
    if before != Active and consent.is_subscribed(contact):
        consent.note(contact, Kind.TAKEN_OVER, **told | {"reference": f"codice {merged.subject_id}"})
    subscriber = consent.active(contact)
    if subscriber and (off := inbound.last_off(contact, subscriber.since)):
        consent.leave(contact, message=off)


def _unite(mine: Subscriber, theirs: Subscriber, actor: str, certain: bool) -> None:
    """The row of the contact that goes on says what holds; the other's history is in the register."""
    left = list(theirs.left_topics.all())
    theirs_state, since, left_at = theirs.state, theirs.since, theirs.left_at
    theirs.delete()
    if theirs_state == Active and (mine.left_at is None or (certain and since > mine.left_at)):
        if mine.left_at is None:  # both subscribed: what either has left stays left
            since = max(since, mine.since)
        else:
            mine.left_topics.all().delete()
        mine.state, mine.since, mine.left_at = Active, since, None
        mine.save()
        for one in left:
            consent.leave_topic(mine.contact, one.topic, at=one.left_at, actor=actor)
    elif left_at and mine.left_at:
        mine.left_at = max(left_at, mine.left_at)
        mine.save()
    elif left_at and (not certain or left_at >= mine.since):
        consent.leave(mine.contact, actor=actor, at=max(left_at, mine.since))


@receiver(signals.identity_changed)
def note_change(contact: Contact, former: str, at: datetime, **_: Any) -> None:
    """The register shows a person's identifiers over time; the subscription goes on as it was."""
    if Subscriber.objects.filter(contact=contact).exists():
        consent.note(
            contact, Kind.IDENTITY, reference=f"prima: {former or 'non noto'}", actor=WHATSAPP, at=at
        )


@receiver(signals.marketing_chosen)
def note_promotions(contact: Contact, wanted: bool, at: datetime, **_: Any) -> None:
    """Told to WhatsApp, not to us: no end of the subscription, and kept for what it is."""
    kind = Kind.PROMOTIONS_WANTED if wanted else Kind.PROMOTIONS_STOPPED
    consent.note(contact, kind, actor=WHATSAPP, at=at)
