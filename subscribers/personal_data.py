"""The subscription, the proof of it, and what remains of the erased."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from subscribers import register, rights
from subscribers.models import (
    ConsentEvent,
    ConsentEvidence,
    ErasedIdentity,
    ImportRow,
    Subscriber,
)
from whatsapp.models import Contact, Message
from whatsapp.personal_data import Clock, Section, deleting, identities, row

Active = Subscriber.State.ACTIVE


def collect(contact: Contact) -> list[Section]:
    """The subscription, what the register holds with its evidence, and lists in which the number waits."""
    subscriptions = Subscriber.objects.filter(contact__in=contact.rows()).prefetch_related(
        "left_topics__topic"
    )
    events = rights.events(contact).select_related("evidence").order_by("sequence")
    listed = ImportRow.objects.filter(phone__in=identities(contact)).select_related("source")
    return [
        Section(
            "Iscrizione",
            [
                row(
                    stato=one.get_state_display(), iscritto_dal=one.since, cancellato_il=one.left_at,
                    argomenti_lasciati=", ".join(left.topic.name for left in one.left_topics.all()),
                    forse_vuole_cancellarsi_dal=one.doubt_at,
                )
                for one in subscriptions
            ],
        ),
        Section("Registro dei consensi", [_event(one) for one in events]),
        Section(
            "Elenchi importati",
            [
                row(
                    file=one.source, riga=one.line, numero=one.phone, nome=one.name,
                    consenso_del=one.consented_at, esito=one.get_outcome_display(), motivo=one.reason,
                )
                for one in listed
            ],
        ),
    ]  # fmt: skip


def _event(event: ConsentEvent) -> dict[str, str]:
    proof = event.proof
    return row(
        progressivo=event.sequence, quando=event.at, evento=event.get_kind_display(), argomento=event.topic,
        da_dove=event.get_source_display(), chi=proof.actor or "prova cancellata",
        testo_o_riferimento=proof.text,
        identificativo_messaggio=proof.message_id, numero_o_identificativo=proof.identity,
        che_cosa_è_stato_mostrato=proof.shown, versione_informativa=event.policy_version,
    )  # fmt: skip


def erase(contact: Contact) -> None:
    """Keep a keyed hash of each number and BSUID, and when they left; the subscription's rows go."""
    mine = contact.rows()
    subscribers = Subscriber.objects.filter(contact__in=mine)
    left = [one.left_at or timezone.now() for one in subscribers]
    known = identities(contact)
    ErasedIdentity.objects.bulk_create(
        ErasedIdentity(
            digest=register.identity_digest(one),
            subject_id=contact.person.subject_id,
            left_at=max(left, default=None),
        )
        for one in known
    )
    ImportRow.objects.filter(phone__in=known).update(phone="", name="")
    subscribers.delete()


def _gone(before: datetime) -> QuerySet[Subscriber]:
    """Who left, and has not written since."""
    theirs = Q(contact=OuterRef("contact")) | Q(contact__merged_into=OuterRef("contact"))
    recent = Message.objects.filter(theirs, inbound=True, created_at__gte=before)
    left = Subscriber.objects.filter(~Exists(recent), state=Subscriber.State.LEFT, left_at__lt=before)
    for need in rights.needs():
        left = left.exclude(contact__in=need.people())
    return left


def _let_go(pks: Sequence[int]) -> int:
    contacts = [one.contact for one in Subscriber.objects.select_related("contact").filter(pk__in=pks)]
    return sum(rights.expire(contact) for contact in contacts)


def _old_evidence(before: datetime) -> QuerySet[ConsentEvidence]:
    """Of who is not subscribed any more, when they have done nothing since."""
    subject = OuterRef("event__subject_id")
    running = Contact.objects.filter(
        Q(subscriber__state=Active) | Q(merged_into__subscriber__state=Active), subject_id=subject
    )
    later = ConsentEvent.objects.filter(subject_id=subject, recorded_at__gte=before)
    later = later.exclude(kind=ConsentEvent.Kind.ERASED)
    return ConsentEvidence.objects.filter(~Exists(running), ~Exists(later), event__recorded_at__lt=before)


CLOCKS = (
    Clock(
        slug="left",
        name="Chi si è cancellato",
        explanation="Numero, nome e messaggi di chi ha lasciato il servizio e non scrive più. Resta "
        "l'impronta del numero, che non permette di scrivergli. Finché ha una segnalazione aperta non va.",
        days=30,
        due=_gone,
        discard=_let_go,
        batch=1,  # each holds the register's head: with two people at once others could wait in a circle
    ),
    Clock(
        slug="evidence",
        name="Prove del consenso",
        explanation="Testo, numero e messaggio di ogni evento del registro, dopo l'ultimo evento di chi non "
        "è più iscritto. Il registro resta integro.",
        days=730,
        minimum=30,
        due=_old_evidence,
        discard=deleting(ConsentEvidence),
    ),
    Clock(
        slug="erased",
        name="Impronte dei numeri cancellati",
        explanation="Servono a riconoscere una cancellazione o un reclamo successivi, e a rifiutare vecchi "
        "elenchi.",
        days=1825,
        minimum=365,
        due=lambda before: ErasedIdentity.objects.filter(erased_at__lt=before),
        discard=deleting(ErasedIdentity),
    ),
    Clock(
        slug="imports",
        name="Righe degli elenchi importati",
        explanation="L'esito di ogni riga; l'importazione stessa resta.",
        days=365,
        due=lambda before: ImportRow.objects.filter(source__created_at__lt=before),
        discard=deleting(ImportRow),
    ),
)
