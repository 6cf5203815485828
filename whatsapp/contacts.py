"""Who is who: finding the person behind a message."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from whatsapp import signals
from whatsapp.models import Contact, ContactAlias
from whatsapp.models.contacts import WINDOW
from whatsapp.types import IdentityChange, MarketingChoice, Sender


def resolve(sender: Sender) -> Contact:
    """The contact behind a sender: by BSUID, then by phone, else a new one. Call inside a transaction.

    A phone already held by a contact with another BSUID was given to a new person: the number is recycled,
    the old contact keeps its history and its BSUID, and the new one inherits nothing (fact sheet 4.8).
    """
    known = _by_identity(sender)
    if known is None:
        try:
            with transaction.atomic():
                return _create(sender)
        except IntegrityError:  # another worker was faster with this person's first message
            known = _by_identity(sender)
    if known is None:
        raise IntegrityError("the sender's identifiers belong to somebody else")
    return _refresh(known, sender)


def _create(sender: Sender) -> Contact:
    return Contact.objects.create(
        phone=sender.phone, bsuid=sender.bsuid, profile_name=sender.name[:100], username=sender.username[:60]
    )


def _by_identity(sender: Sender) -> Contact | None:
    locked = Contact.objects.select_for_update().filter(merged_into__isnull=True)
    if sender.bsuid and (found := locked.filter(bsuid=sender.bsuid).first()):
        return found
    if not sender.phone or (found := locked.filter(phone=sender.phone).first()) is None:
        return None
    if sender.bsuid and found.bsuid and found.bsuid != sender.bsuid:
        _retire_phone(found)
        return None
    return found


def _retire_phone(contact: Contact) -> None:
    ContactAlias.objects.create(contact=contact, phone=contact.phone or "", retired_at=timezone.now())
    contact.phone = None
    contact.save(update_fields=["phone"])


def _refresh(contact: Contact, sender: Sender) -> Contact:
    """Take over what the message tells of its sender; a phone another person holds is left to a human."""
    if sender.bsuid and not contact.bsuid:
        contact.bsuid = sender.bsuid
    if sender.phone and not contact.phone and not Contact.objects.filter(phone=sender.phone).exists():
        contact.phone = sender.phone
    contact.profile_name = sender.name[:100] or contact.profile_name
    contact.username = sender.username[:60] or contact.username
    contact.save(update_fields=["bsuid", "phone", "profile_name", "username"])
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
    contact.marketing_stopped_at = None if choice.wanted else choice.at
    contact.save(update_fields=["marketing_stopped_at"])
    signals.marketing_chosen.send(Contact, contact=contact, wanted=choice.wanted, at=choice.at)


@transaction.atomic
def change_identity(change: IdentityChange) -> Contact | None:
    """WhatsApp tells that a person changed number or BSUID: same person, old ids kept as aliases.

    Unknown people stay unknown; ids already held by somebody else are left for the staff to merge.
    """
    locked = Contact.objects.select_for_update().filter(merged_into__isnull=True)
    wanted = Q(bsuid=change.old_bsuid) if change.old_bsuid else Q(phone=change.old_phone)
    contact = locked.filter(wanted).first()
    if contact is None and change.old_phone:
        contact = locked.filter(phone=change.old_phone).first()
    if contact is None or _taken(contact, change):
        return None
    ContactAlias.objects.create(
        contact=contact, phone=contact.phone or "", bsuid=contact.bsuid or "", retired_at=change.at
    )
    contact.phone = change.new_phone or (None if change.old_phone else contact.phone)
    contact.bsuid = change.new_bsuid or contact.bsuid
    contact.save(update_fields=["phone", "bsuid"])
    return contact


def _taken(contact: Contact, change: IdentityChange) -> bool:
    wanted = Q(phone=change.new_phone) if change.new_phone else Q()
    wanted |= Q(bsuid=change.new_bsuid) if change.new_bsuid else Q()
    return bool(wanted) and Contact.objects.exclude(pk=contact.pk).filter(wanted).exists()
