"""Who is who: finding the person behind a message."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from whatsapp import merging, names, signals
from whatsapp.models import Contact, ContactAlias
from whatsapp.models.contacts import WINDOW
from whatsapp.types import IdentityChange, MarketingChoice, Sender

OTHER_NUMBER = "Il contatto conosciuto ha già un altro numero, e questo numero è di un altro contatto."
OTHER_BSUID = "WhatsApp dice che il numero è cambiato, ma il nuovo numero è di un contatto conosciuto."


def resolve(sender: Sender, sent_at: datetime | None = None) -> Contact:
    """The person behind a sender: by BSUID, then by phone, else a new one. Call inside a transaction.

    A phone already held by a contact with another BSUID was given to a new person: the number is recycled,
    the old contact keeps its history and its BSUID, and the new one inherits nothing (fact sheet 4.8).

    Args:
        sent_at: when it was written: before a number was retired, the number still tells who it was.
    """
    known = _by_identity(sender, sent_at)
    if known is None:
        try:
            with transaction.atomic():
                ids = {"phone": sender.phone, "bsuid": sender.bsuid}
                return Contact.objects.create(**ids, **_named(sender))
        except IntegrityError:  # another worker was faster with this person's first message
            known = _by_identity(sender, sent_at)
    if known is None:
        raise IntegrityError("the sender's identifiers belong to somebody else")
    return known


def _named(sender: Sender) -> dict[str, str]:
    """The names as they are kept, by field."""
    return {"profile_name": names.clean(sender.name)[:100], "username": names.clean(sender.username)[:60]}


def _holders(*, phones: tuple[str | None, ...], bsuids: tuple[str | None, ...]) -> dict[str, Contact]:
    """The rows that hold these ids, each locked, in one order for everybody: nobody waits in a circle."""
    wanted = Q(phone__in=[*filter(None, phones)]) | Q(bsuid__in=[*filter(None, bsuids)])
    with transaction.atomic():
        rows = list(Contact.objects.select_for_update().filter(wanted).order_by("pk"))
        if not rows:  # a row that lost the id while we waited for it stays locked otherwise
            transaction.set_rollback(True)
    return {name: row for row in rows for name in (row.phone, row.bsuid) if name}


def _person(row: Contact | None) -> Contact | None:
    return row and (merging.lock(row.pk) if row.merged_into_id else row)


def _by_identity(sender: Sender, sent_at: datetime | None = None) -> Contact | None:
    held = _holders(phones=(sender.phone,), bsuids=(sender.bsuid,))
    known, holder = held.get(sender.bsuid or ""), held.get(sender.phone or "")
    person = _person(known)
    if person is None and (former := _former(sender, sent_at)):
        return former
    if holder and sender.bsuid and holder.bsuid not in (None, sender.bsuid):
        merging.retire(holder, timezone.now(), "phone")
        holder = None
    other = _person(holder)
    if person is None or other is None or person == other:
        found = person or other
        return found and _refresh(found, sender)
    return merging.unite_or_ask(_refresh(person, sender), other, OTHER_NUMBER if person.phone else "")


def _former(sender: Sender, sent_at: datetime | None) -> Contact | None:
    """Who had these ids: a late message, or one written before WhatsApp told us of the change."""
    wanted = Q(bsuid=sender.bsuid) if sender.bsuid else Q(pk=None)
    if sender.phone and sent_at and not sender.bsuid:
        wanted |= Q(phone=sender.phone, retired_at__gte=sent_at)
    alias = ContactAlias.objects.filter(wanted).order_by("-retired_at").first()
    return merging.lock(alias.contact_id) if alias else None


def _refresh(contact: Contact, sender: Sender) -> Contact:
    """Take over what the message tells of its sender; a phone another person holds is not taken."""
    if sender.bsuid and not contact.bsuid:
        contact.bsuid = sender.bsuid
    if sender.phone and not contact.phone and not Contact.objects.filter(phone=sender.phone).exists():
        contact.phone = sender.phone
    for field, name in _named(sender).items():
        setattr(contact, field, name or getattr(contact, field))
    contact.retired_at = None
    contact.save(update_fields=["bsuid", "phone", "profile_name", "username", "retired_at"])
    return contact


def open_window(contact: Contact, sent_at: datetime) -> None:
    """A person's message opens 24 hours from its own time, not from ours (fact sheet 5.1)."""
    closes = sent_at + WINDOW
    if contact.window_expires_at is None or closes > contact.window_expires_at:
        contact.window_expires_at = closes
        contact.save(update_fields=["window_expires_at"])


@transaction.atomic
def note_marketing_choice(choice: MarketingChoice) -> None:
    """Keep what a person told WhatsApp about promotions; an older choice changes nothing.

    Who is unknown stays unknown: whoever subscribes later tells us so by subscribing.
    """
    contact = _by_identity(choice.sender)
    stopped = contact.marketing_stopped_at if contact else None
    if contact is None or (stopped and stopped >= choice.at) or (choice.wanted and not stopped):
        return
    _set_promotions(contact, choice.wanted, choice.at)


@transaction.atomic
def stop_promotions(contact: Contact, at: datetime) -> None:
    """The provider refuses our promotions in this person's name; told again, nothing changes."""
    contact = merging.lock(contact.pk)
    if contact.marketing_stopped_at is None:
        _set_promotions(contact, False, at)


def _set_promotions(contact: Contact, wanted: bool, at: datetime) -> None:
    contact.marketing_stopped_at = None if wanted else at
    contact.save(update_fields=["marketing_stopped_at"])
    signals.marketing_chosen.send(Contact, contact=contact, wanted=wanted, at=at)


@transaction.atomic
def change_identity(change: IdentityChange) -> Contact | None:
    """WhatsApp tells that a person changed number or BSUID: same person, old ids kept as aliases.

    If the new ids are another contact's, WhatsApp says that the two are one person (fact sheet 4.5). Nobody
    is made of a change: unknown people stay unknown.
    """
    held = _holders(phones=(change.old_phone, change.new_phone), bsuids=(change.old_bsuid, change.new_bsuid))
    new = _after(change, held)
    former = _former(Sender(phone=change.old_phone, bsuid=change.old_bsuid), change.at)
    if former and not held.get(change.old_bsuid or ""):
        return former  # told before
    old = _before(change, held)
    if old is None:
        if new:  # a late message from the old ids is this person's
            old_ids = {"phone": change.old_phone or "", "bsuid": change.old_bsuid or ""}
            ContactAlias.objects.create(contact=new[0], retired_at=change.at, **old_ids)
        return new[0] if new else None
    for other in new:
        if other.bsuid and not change.new_bsuid and other != old:
            return merging.unite_or_ask(other, old, OTHER_BSUID)
    return _move(old, new, change)


def _before(change: IdentityChange, held: dict[str, Contact]) -> Contact | None:
    """Whose the old ids are; a number of somebody with another BSUID is not enough."""
    if found := held.get(change.old_bsuid or ""):
        return _person(found)
    found = held.get(change.old_phone or "")
    known = {None, change.new_bsuid, change.old_bsuid or (found and found.bsuid)}
    return _person(found) if found and found.bsuid in known else None


def _after(change: IdentityChange, held: dict[str, Contact]) -> list[Contact]:
    """Who holds the new ids, the BSUID's first; a number's former owner, with another BSUID, does not count:
    whoever writes from it next will tell."""
    rows = [held.get(change.new_bsuid or ""), held.get(change.new_phone or "")]
    mine = [row for row in rows if row and (not change.new_bsuid or row.bsuid in {None, change.new_bsuid})]
    return list(dict.fromkeys(person for row in mine if (person := _person(row))))


def _move(person: Contact, new: list[Contact], change: IdentityChange) -> Contact:
    """The person gives up the old ids and takes the new ones, with whoever holds them already."""
    told = {"phone": change.new_phone, "bsuid": change.new_bsuid}
    former = person.phone or person.bsuid or ""
    merging.retire(
        person, change.at, *(name for name, value in told.items() if getattr(person, name) != value)
    )
    for other in new:
        if other.pk != person.pk:
            person = merging.merge(person, other, certain=True)
    for name, value in told.items():
        if value and not getattr(person, name) and not Contact.objects.filter(**{name: value}).exists():
            setattr(person, name, value)
    person.retired_at = None if person.phone or person.bsuid else person.retired_at
    person.save(update_fields=["phone", "bsuid", "retired_at"])
    signals.identity_changed.send(Contact, contact=person, former=former, at=change.at)
    return person
