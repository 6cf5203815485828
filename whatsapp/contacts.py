"""Who is who: finding the person behind a message."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from whatsapp import merging, names, phones, signals
from whatsapp.models import Contact, ContactAlias, Message
from whatsapp.models.contacts import WINDOW
from whatsapp.types import OWN_NUMBER, IdentityChange, Kind, MarketingChoice, Sender, State

logger = logging.getLogger(__name__)

OTHER_NUMBER = "Il contatto conosciuto ha già un altro numero, e questo numero è di un altro contatto."
OTHER_BSUID = "WhatsApp dice che il numero è cambiato, ma il nuovo numero è di un contatto conosciuto."
STAFF_NUMBER = (
    "WhatsApp dice che il numero di una persona del personale ora è di un altro account: le chiamate di "
    "turno non arrivano più a quel numero. Se è la stessa persona, con un account nuovo, uniscili."
)
CLAIMED_NUMBER = (
    "Il secondo contatto ha risposto alla richiesta del numero con quello del primo. WhatsApp non lo "
    "conferma: finché non decidi restano due contatti e si scrive a tutti e due."
)
OTHER_SPELLING = (
    "WhatsApp scrive il numero del secondo contatto in un altro modo, e quel numero è del primo contatto."
)
# How long an answer to our request for the number is expected.
REQUEST_LIFE = timedelta(days=7)


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


def by_number(numbers: Collection[str]) -> dict[str, int]:
    """Number -> the key of the contact that has it, however it is spelt; who nobody has is left out."""
    spellings = {spelling for number in numbers for spelling in phones.spellings(number)}
    rows = Contact.objects.filter(Q(phone__in=spellings) | Q(wa_number__in=spellings))
    held: dict[str, int] = {}
    for pk, phone, wa_number in rows.values_list("pk", "phone", "wa_number"):
        held |= {number: pk for number in (phone, wa_number) if number}
    return _respelt(held, numbers)


def _respelt(held: Mapping[str, Any], numbers: Collection[str]) -> dict[str, Any]:
    """Of these numbers, who has them; the exact spelling comes first."""
    known: dict[str, Any] = {}
    for number in numbers:
        for spelling in phones.spellings(number):
            if spelling in held:
                known.setdefault(number, held[spelling])
    return known


def _holders(*, numbers: tuple[str | None, ...], bsuids: tuple[str | None, ...]) -> dict[str, Contact]:
    """The rows that hold these ids, each locked, in one order for everybody: nobody waits in a circle."""
    asked = [*filter(None, numbers)]
    spellings = {spelling for number in asked for spelling in phones.spellings(number)}
    wanted = Q(phone__in=spellings) | Q(wa_number__in=spellings) | Q(bsuid__in=[*filter(None, bsuids)])
    with transaction.atomic():
        rows = list(Contact.objects.select_for_update().filter(wanted).order_by("pk"))
        if not rows:  # a row that lost the id while we waited for it stays locked otherwise
            transaction.set_rollback(True)
    held = {row.wa_number: row for row in rows if row.wa_number}
    held |= {row.phone: row for row in rows if row.phone}
    by_bsuid = {row.bsuid: row for row in rows if row.bsuid}
    return by_bsuid | _respelt(held, asked)


def _person(row: Contact | None) -> Contact | None:
    return row and (merging.lock(row.pk) if row.merged_into_id else row)


def _by_identity(sender: Sender, sent_at: datetime | None = None) -> Contact | None:
    held = _holders(numbers=(sender.phone,), bsuids=(sender.bsuid,))
    known, holder = held.get(sender.bsuid or ""), held.get(sender.phone or "")
    person = _person(known)
    if person is None and (former := _former(sender, sent_at)):
        return former
    if holder and sender.bsuid and holder.bsuid not in (None, sender.bsuid):
        merging.retire(holder, timezone.now(), "phone")
        if merging.is_staff(holder):
            person = person or Contact.objects.create(bsuid=sender.bsuid)
            merging.note_doubt(person, holder.person, STAFF_NUMBER)
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
    if sender.phone and not contact.phone and not by_number([sender.phone]):
        contact.phone = sender.phone
    elif sender.phone and contact.phone in phones.spellings(sender.phone)[1:]:
        contact.wa_number = sender.phone
    for field, name in _named(sender).items():
        setattr(contact, field, name or getattr(contact, field))
    contact.retired_at = None
    contact.save(update_fields=["bsuid", "phone", "wa_number", "profile_name", "username", "retired_at"])
    return contact


def take_own_number(contact: Contact, number: str, context_id: str) -> str:
    """A contact card says that this number (E.164) is its sender's own.

    What a client says proves nothing: it counts once, as the answer to an open request of ours to this very
    contact, and never for a number that is known already. Then the staff decide. Call inside a transaction.

    Args:
        context_id: the provider's id of the message that the card answers, if it says so.

    Returns:
        The payload of the message: `OWN_NUMBER` if it answers our request, else nothing.
    """
    if contact.phone or not _is_asked_for_number(contact, context_id):
        return ""
    holder = Contact.objects.filter(pk__in=by_number([number]).values()).first()
    if holder is None:
        contact.phone = number
        contact.save(update_fields=["phone"])
    elif holder.person != contact:
        merging.note_doubt(holder.person, contact, CLAIMED_NUMBER, claimed=True)
    return OWN_NUMBER


def _is_asked_for_number(contact: Contact, context_id: str) -> bool:
    """Has a request of ours reached the provider, which this contact has not answered yet?"""
    theirs = Message.objects.filter(contact__in=contact.rows())
    since = timezone.now() - REQUEST_LIFE
    requests = theirs.filter(inbound=False, content__kind=Kind.NUMBER_REQUEST, created_at__gte=since)
    requests = requests.exclude(state__in=[State.QUEUED, State.FAILED, State.SKIPPED])
    if context_id:
        requests = requests.filter(attempts__provider_id=context_id)
    request = requests.order_by("-created_at").first()
    if request is None:
        return False
    answers = theirs.filter(inbound=True, content__payload=OWN_NUMBER, content__kind=Kind.CONTACTS)
    return not answers.filter(created_at__gte=request.created_at).exists()


def learn_spelling(contact: Contact, number: str) -> None:
    """WhatsApp names the recipient of a message of ours by this number (E.164).

    It may be its own spelling of the number we wrote to. A different line is not learnt; a number that
    another person has is left to the staff. Never fails: the next status of the person tells it again.
    """
    known = (contact.phone, contact.wa_number)
    if not contact.phone or number in known or not phones.may_be_same(contact.phone, number):
        return
    try:
        _keep_spelling(contact.phone, number)
    except DatabaseError as error:
        logger.warning("how WhatsApp spells a number was not kept (%s)", type(error).__name__)


@transaction.atomic
def _keep_spelling(phone: str, number: str) -> None:
    held = _holders(numbers=(phone, number), bsuids=())
    person, holder = _person(held.get(phone)), _person(held.get(number))
    if person is None:
        return  # the number was given up meanwhile
    if holder and holder != person:
        merging.note_doubt(holder, person, OTHER_SPELLING)
    elif person.phone == phone:
        person.wa_number = number
        person.save(update_fields=["wa_number"])


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
    held = _holders(numbers=(change.old_phone, change.new_phone), bsuids=(change.old_bsuid, change.new_bsuid))
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
        if other.pk == person.pk:
            continue
        if merging.is_staff(person) or merging.is_staff(other):
            merging.note_doubt(person, other, merging.STAFF_PHONE)
        else:
            person = merging.merge(person, other, certain=True)
    if change.new_phone and not person.phone and not by_number([change.new_phone]):
        person.phone = change.new_phone
    if change.new_bsuid and not Contact.objects.filter(bsuid=change.new_bsuid).exists():
        person.bsuid = person.bsuid or change.new_bsuid
    person.retired_at = None if person.phone or person.bsuid else person.retired_at
    person.save(update_fields=["phone", "bsuid", "retired_at"])
    signals.identity_changed.send(Contact, contact=person, former=former, at=change.at)
    return person
