"""One person or two: uniting contacts, and leaving what nobody may guess to the staff (fact sheet 4.8)."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from whatsapp import signals
from whatsapp.models import Contact, ContactAlias, IdentityConflict, StaffPhone

Outcome = IdentityConflict.Outcome
WHATSAPP = "WhatsApp"
IDS = ("phone", "bsuid")
STAFF_PHONE = "Uno dei due è il telefono di una persona del personale, che riceve le chiamate di turno."


class AlreadyDecided(ValueError):
    """A colleague was faster; the text is for the staff."""


def lock(pk: int) -> Contact:
    """The person a contact is now, held until the transaction ends."""
    return lock_all([pk])[pk]


def lock_all(pks: Collection[int]) -> dict[int, Contact]:
    """The person each of these contacts is now, held as by `lock`, in the order of their rows."""
    while True:
        contacts = Contact.objects.select_related("merged_into").filter(pk__in=pks)
        persons = {contact.pk: contact.person.pk for contact in contacts}
        # No key: else two who tap «Me ne occupo» at once, each to be told of the other, would deadlock.
        rows = Contact.objects.select_for_update(no_key=True).filter(pk__in=set(persons.values()))
        held = {row.pk: row for row in rows.order_by("pk")}
        if all(row.merged_into_id is None for row in held.values()):  # else merged while we waited
            return {pk: held[person] for pk, person in persons.items()}


def merge(one: Contact, other: Contact, *, actor: str = WHATSAPP, certain: bool = False) -> Contact:
    """Unite two contacts, both locked: the older goes on, and takes the ids it lacks.

    No message or case moves. An id of which the older has another stays where it is, and leads to the person.
    """
    person, gone = sorted((one, other), key=lambda contact: contact.pk)
    given = {name: getattr(gone, name) for name in IDS if getattr(gone, name) and not getattr(person, name)}
    if "phone" in given:  # its other spelling goes with it
        given["wa_number"] = gone.wa_number
    for name in given:
        setattr(gone, name, None)
    gone.merged_into = person
    gone.save()
    Contact.objects.filter(merged_into=gone).update(merged_into=person)
    for name, value in given.items():
        setattr(person, name, value)
    for name in ("window_expires_at", "marketing_stopped_at"):
        setattr(person, name, max(filter(None, (getattr(person, name), getattr(gone, name))), default=None))
    person.blocked = person.blocked or gone.blocked
    person.profile_name = person.profile_name or gone.profile_name
    person.username = person.username or gone.username
    if person.phone or person.bsuid:
        person.retired_at = None
    person.save()
    signals.contacts_merged.send(Contact, contact=person, merged=gone, actor=actor, certain=certain)
    return person


def unite_or_ask(contact: Contact, other: Contact, doubt: str = "") -> Contact:
    """The person of two contacts, both locked: united if nothing speaks against it, else the staff decide.

    Args:
        contact: whose identifiers are certain; it stands for the person until somebody decides.
        doubt: why they may be two people, if the channel itself has a reason.
    """
    if not doubt and (is_staff(contact) or is_staff(other)):
        doubt = STAFF_PHONE
    asked = [] if doubt else signals.contacts_merging.send(Contact, contact=contact, other=other)
    if doubt := doubt or next((reason for _, reason in asked if reason), ""):
        note_doubt(contact, other, doubt)
        return contact
    return merge(contact, other)


def is_staff(contact: Contact) -> bool:
    """Does this person's phone receive on-call alerts? Then no program unites it with another."""
    return StaffPhone.objects.filter(contact__in=contact.rows()).exists()


def note_doubt(contact: Contact, other: Contact, reason: str, *, claimed: bool = False) -> None:
    """Leave it to the staff whether the two are one person, once for each pair.

    Args:
        contact: who holds the number, or writes from it; it keeps it if they are two people.
        claimed: only `other` says that the number is theirs.
    """
    defaults = {"reason": reason[:300], "claimed": claimed}
    IdentityConflict.objects.get_or_create(contact=contact, other=other, defaults=defaults)


def retire(contact: Contact, at: datetime, *names: str) -> None:
    """Take these ids (`phone`, `bsuid`) from a contact; they stay known as its former ones."""
    former = {name: getattr(contact, name) for name in names if getattr(contact, name)}
    if not former:
        return
    ContactAlias.objects.create(contact=contact.person, retired_at=at, **former)
    if "phone" in former and contact.wa_number:
        ContactAlias.objects.create(contact=contact.person, retired_at=at, phone=contact.wa_number)
        contact.wa_number = None
    for name in former:
        setattr(contact, name, None)
    if not (contact.phone or contact.bsuid or contact.merged_into_id):
        contact.retired_at = at
    contact.save(update_fields=[*names, "wa_number", "retired_at"])


@transaction.atomic
def decide_same(conflict: IdentityConflict, user: AbstractBaseUser) -> Contact:
    """The staff say it is one person. If one of the two has left, the person stays out. Raises
    AlreadyDecided: somebody has decided."""
    contact, other = _locked(conflict, user, Outcome.SAME)
    return contact if contact == other else merge(contact, other, actor=user.get_username())


@transaction.atomic
def decide_different(conflict: IdentityConflict, user: AbstractBaseUser) -> None:
    """The staff say they are two people: the number is the one's who writes from it, the other has none. One
    that was only claimed stays where it is. Raises AlreadyDecided: somebody has decided."""
    contact, other = _locked(conflict, user, Outcome.DIFFERENT)
    if conflict.claimed:
        return
    number, spelling = other.phone, other.wa_number
    retire(other, timezone.now(), "phone")
    if number and not contact.phone:
        contact.phone, contact.wa_number = number, spelling
        contact.save(update_fields=["phone", "wa_number"])


def _locked(conflict: IdentityConflict, user: AbstractBaseUser, outcome: Outcome) -> list[Contact]:
    """Write the decision down, and hold the two people it is about, in the order of their rows."""
    open_ones = IdentityConflict.objects.filter(pk=conflict.pk, outcome=Outcome.OPEN)
    if not open_ones.update(outcome=outcome, decided_by=user, decided_at=timezone.now()):
        raise AlreadyDecided("Un collega ha già deciso: guarda l'esito.")
    wanted = [conflict.contact.person.pk, conflict.other.person.pk]
    held = {row.pk: row for row in Contact.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    return [held[pk] for pk in wanted]
