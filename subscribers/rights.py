"""What a person may ask about their data: see it, have it corrected or erased, object (arts. 15-21 GDPR)."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from subscribers import consent, register
from subscribers.models import ConsentEvent, ConsentEvidence, ErasedIdentity
from subscribers.register import Entry, Evidence, Kind, Source
from whatsapp import audit, contacts, merging, phones
from whatsapp.models import Contact, Message
from whatsapp.personal_data import Clock, Need, Section

SYSTEM = "sistema"


class CannotDo(ValueError):
    """A request that cannot be met; the text is for the staff."""


@dataclass(frozen=True)
class Request:
    """Who acts, why, and how it was made sure that it is the person who asks."""

    actor: str
    reason: str
    check: str = ""
    source: Source = Source.OFFICE

    def __str__(self) -> str:
        return f"{self.reason}. Identità accertata: {self.check}" if self.check else self.reason


def _told(name: str) -> Iterator[Any]:
    """What each app has under this name; not all have everything."""
    for module in map(import_module, settings.PERSONAL_DATA):
        if hasattr(module, name):
            yield getattr(module, name)


def clocks() -> list[Clock]:
    """Every kind of data that is kept for a time only."""
    return [clock for some in _told("CLOCKS") for clock in some]


def needs() -> list[Need]:
    """Why somebody's data may still be needed."""
    return [need for some in _told("NEEDS") for need in some]


def needs_of(contact: Contact) -> list[Need]:
    """Why this person's data are still needed."""
    return [need for need in needs() if need.people().filter(pk=contact.person.pk).exists()]


def dossier(contact: Contact) -> list[Section]:
    """All that is held of a person, whatever contacts they have had; what they wrote comes last."""
    sections = [section for collect in reversed([*_told("collect")]) for section in collect(contact)]
    return sorted(sections, key=lambda section: bool(section.permission))


def events(contact: Contact) -> QuerySet[ConsentEvent]:
    """The person's lines in the register, under all their codes."""
    return ConsentEvent.objects.filter(subject_id__in=contact.rows().values("subject_id"))


def find(number: str) -> list[Contact]:
    """Who has or had this whole number, however typed; the erased too, by its keyed hash."""
    phone = phones.normalise(number)
    if phone is None:
        return []
    erased = ErasedIdentity.objects.filter(digest=register.identity_digest(phone)).values("subject_id")
    wanted = (
        Q(pk__in=contacts.by_number([phone]).values()) | Q(aliases__phone=phone) | Q(subject_id__in=erased)
    )
    found = Contact.objects.filter(wanted).select_related("merged_into").order_by("-pk")
    return list(dict.fromkeys(contact.person for contact in found))


@transaction.atomic
def erase(contact: Contact, request: Request) -> None:
    """Erase a person on request, the evidence of their consents too. What stays: keyed hashes and the chain.
    Raises CannotDo: nothing is left to erase, or something forbids it first."""
    person = merging.lock(contact.pk)
    if person.erased_at and not evidence(person).exists():
        raise CannotDo("I dati di questa persona sono già stati cancellati.")
    for need in needs_of(person):
        if need.forbids:
            raise CannotDo(need.why)
    _erase(person, request)
    audit.note_change(person, "erased_at", "", "dati cancellati su richiesta")


@transaction.atomic
def expire(contact: Contact) -> bool:
    """Let go of who left long ago; the evidence, which proves the past, has its own term (art. 7(1))."""
    person = merging.lock(contact.pk)
    if person.erased_at or consent.is_subscribed(person) or needs_of(person):
        return False  # meanwhile
    _erase(person, Request(SYSTEM, "trascorso il tempo di conservazione", source=Source.SYSTEM))
    return True


def _erase(person: Contact, request: Request) -> None:
    """The subscription ends, all goes, and the register says so: its lines last, for they lock its head."""
    was_active = consent.is_subscribed(person)
    codes = {person.subject_id, *events(person).values_list("subject_id", flat=True)}
    now = timezone.now()
    proof = Evidence(text=str(request), actor=request.actor)
    forget(person, proofs=request.source != Source.SYSTEM)
    # One line for each code: after the restore of a backup they may be of two people again.
    kinds = [(person.subject_id, Kind.LEFT)] if was_active else []
    kinds += [(code, Kind.ERASED) for code in sorted(codes)]
    register.append(
        *(
            Entry(subject_id=code, kind=kind, at=now, evidence=proof, source=request.source)
            for code, kind in kinds
        )
    )


def forget(person: Contact, *, proofs: bool) -> None:
    """Erase in every app, in the settings' order, without a line in the register. The person is locked."""
    if proofs:
        evidence(person).delete()
    if person.erased_at is None:
        for erase_there in _told("erase"):
            erase_there(person)


def evidence(person: Contact) -> QuerySet[ConsentEvidence]:
    """Of what they did: what was written down of their erasure names nobody, and stays."""
    proofs = ConsentEvidence.objects.filter(event__in=events(person))
    return proofs.filter(event__recorded_at__lt=person.erased_at) if person.erased_at else proofs


@transaction.atomic
def object_to(contact: Contact, request: Request, text: str) -> None:
    """Somebody does not want their data used: the subscription ends, and the register holds their words."""
    person = merging.lock(contact.pk)
    how = consent.How(actor=request.actor, source=request.source, reference=f"«{text}». {request}")
    consent.leave(person, **how)
    consent.note(person, Kind.OBJECTION, **how)
    audit.note_change(person, "opposizione", "", "registrata")


@transaction.atomic
def rectify(contact: Contact, request: Request, *, name: str, phone: str) -> None:
    """Correct a name, or a number typed wrong at the desk. The wrong number was never theirs: it stays known
    only in the evidence, not as a former one, for it may be somebody else's.

    Raises:
        CannotDo: nothing changes, or the number came from WhatsApp, is no number, or is somebody else's.
    """
    person = merging.lock(contact.pk)
    number = phones.normalise(phone) if phone else person.phone
    changes = [("nome", person.profile_name, name.strip())] if name.strip() != person.profile_name else []
    if number != person.phone:
        _check_number(person, number)
        changes.append(("numero", person.phone or "", number or ""))
    if not changes:
        raise CannotDo("Non è cambiato nulla: scrivi il nome o il numero giusto.")
    if number != person.phone:
        person.wa_number = None
    person.profile_name, person.phone = name.strip()[:100], number
    person.save(update_fields=["profile_name", "phone", "wa_number"])
    told = "; ".join(f"{what}: «{before}» diventa «{after}»" for what, before, after in changes)
    how = consent.How(actor=request.actor, source=request.source, reference=f"{told}. {request}")
    consent.note(person, Kind.RECTIFIED, **how)
    for what, _, _ in changes:
        audit.note_change(person, "phone" if what == "numero" else "profile_name", "prima", "rettificato")


def _check_number(person: Contact, number: str | None) -> None:
    if number is None or phones.lacks_a_figure(number):
        raise CannotDo("Questo non è un numero di telefono: scrivilo per intero, con il prefisso.")
    if person.bsuid or Message.objects.filter(contact__in=person.rows(), inbound=True).exists():
        raise CannotDo(
            "Questo numero lo ha comunicato WhatsApp e non è sbagliato. Se la persona ne usa un altro, deve "
            "scrivere ISCRIZIONE OFF dal vecchio e ISCRIZIONE ON dal nuovo."
        )
    if find(number):
        raise CannotDo("Il numero nuovo è già di un contatto, o lo è stato: cercalo prima tra le persone.")
