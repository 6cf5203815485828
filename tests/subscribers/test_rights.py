"""What is held of a person: shown whole, corrected, erased to the last column, objected to."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from reports import casework, deciding
from reports.models import Report
from reports.places import find_street
from subscribers import consent, inbound, recipients, register, rights, verifying
from subscribers.models import (
    ConsentEvent,
    ConsentEvidence,
    ErasedIdentity,
    ImportRow,
    Subscriber,
    SubscriberImport,
)
from subscribers.register import Source
from subscribers.rights import CannotDo, Request
from tests.factories.broadcasts import UserFactory
from tests.factories.reports import report_of
from tests.factories.whatsapp import (
    ContactFactory,
    ContentFactory,
    InboundMessageFactory,
    OutboundMessageFactory,
    StaffPhoneFactory,
)
from whatsapp import audit, claims, contacts, merging, receipts
from whatsapp.models import (
    Attempt,
    Channel,
    Contact,
    ContactAlias,
    IdentityConflict,
    Media,
    Message,
    WebhookEvent,
)
from whatsapp.types import Kind, Lane, Sender, State, StatusUpdate

pytestmark = pytest.mark.django_db
NUMBER, FORMER, BSUID, NAME = "+393401112201", "+393331234567", "IT.9988776655443322", "Niccolò Zurrisquadra"
WHY = Request("urp", "chiesta il 3 marzo, prot. 1234", "di persona allo sportello, con un documento")
APPS = ("whatsapp", "subscribers", "reports", "broadcasts", "auditlog", "django_admin_log")


def holding(*needles: str) -> set[str]:
    """The columns of any type, of any of our tables, that contain one of these anywhere."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = 'public'"
        )
        columns = [row for row in cursor.fetchall() if row[0].startswith(APPS)]
        assert len(columns) > 200
        for table, column, kind in columns:
            text = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            for needle in needles:
                cursor.execute(f'select 1 from "{table}" where position(%s in {text}) > 0 limit 1', [needle])
                if cursor.fetchone():
                    found.add(f"{table}.{column}")
    return found


def traces(contact: Contact) -> set[str]:
    return holding(NUMBER.lstrip("+"), FORMER.lstrip("+"), BSUID, NAME, "wamid.", "segreto")


@pytest.fixture
def operator() -> User:
    return UserFactory(username="operatrice")


@pytest.fixture
def person(operator: User) -> Contact:
    """Somebody of whom everything is held that can be."""
    person = ContactFactory(
        phone=NUMBER, bsuid=BSUID, profile_name=NAME, username="zurrisquadra", reachable=True
    )
    merging.retire(person, timezone.now(), "phone")
    ContactAlias.objects.update(phone=FORMER)
    Contact.objects.filter(pk=person.pk).update(phone=NUMBER, retired_at=None)
    person.refresh_from_db()
    on = InboundMessageFactory(contact=person, text=f"iscrizione on, sono {NAME} e ho un segreto")
    consent.subscribe(person, message=on, shown=f"Benvenuto {NAME}")
    twin = ContactFactory(profile_name=NAME)
    with_merged = merging.merge(person, twin)
    assert with_merged == person
    report = report_of("Buca in via Roma 12", "il mio nome è segreto", contact=person)
    file = Media.objects.create(kind=Kind.IMAGE, inbound=True, status="fetched", filename=f"{NAME}.jpg")
    file.file.save("x.jpg", ContentFile(b"segreto"))
    photo = InboundMessageFactory(
        contact=person, kind=Kind.IMAGE, text="segreto", content__media=file, context_id="wamid.X"
    )
    assert photo.content.media
    deciding.add_note(report, operator, f"telefonato a {NAME}, {NUMBER}")
    casework.answer(report, operator, f"Gentile {NAME}, provvediamo")
    ours = Message.objects.filter(contact=person, inbound=False).first()
    channel = Channel.objects.create(phone_number_id="1")
    Attempt.objects.create(message=ours, channel=channel, provider_id="wamid.SEGRETO")
    body = json.dumps({"from": NUMBER.lstrip("+"), "user_id": BSUID, "profile": {"name": NAME}}).encode()
    WebhookEvent.objects.create(provider="cloud_api", inbox="messages", body=body, handled_at=timezone.now())
    IdentityConflict.objects.create(contact=person, other=ContactFactory(), reason="forse")
    load = SubscriberImport.objects.create(filename="elenco.csv", reference="x", created_by=operator)
    ImportRow.objects.create(source=load, line=1, phone=NUMBER, name=NAME, outcome="refused")
    audit.note_opening(person)
    audit.note_change(person, "blocked", False, True)
    person.refresh_from_db()
    return person


def test_the_dossier_holds_all_of_every_app(person: Contact) -> None:
    told = {section.title: section.rows for section in rights.dossier(person)}
    assert set(told) == {
        "Contatto", "Numeri e identificativi precedenti", "Messaggi", "Iscrizione", "Registro dei consensi",
        "Elenchi importati", "Segnalazioni", "Storia delle segnalazioni",
    }  # fmt: skip
    assert all(told.values())
    text = json.dumps(told, ensure_ascii=False)
    for needle in (NUMBER, FORMER, BSUID, NAME, "Buca in via Roma 12", "provvediamo", "telefonato a"):
        assert needle in text
    assert len(told["Contatto"]) == 2  # the one merged too


@pytest.mark.parametrize("which", ["person", "merged"])
def test_after_erasure_no_column_of_any_table_tells_of_the_person(
    person: Contact, which: str, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    assert len(traces(person)) >= 12
    path = Media.objects.get(kind=Kind.IMAGE).file
    asked = person if which == "person" else Contact.objects.get(merged_into=person)
    with django_capture_on_commit_callbacks(execute=True):
        rights.erase(asked, WHY)
    assert traces(person) == set()
    assert not path.storage.exists(path.name)
    assert verifying.verify()[1] == ""
    person.refresh_from_db()
    assert person.erased_at
    assert Report.objects.get(contact=person).address == "via Roma"


def test_the_minimal_proof_stays(person: Contact) -> None:
    rights.erase(person, WHY)
    left = ErasedIdentity.objects.filter(subject_id=person.subject_id)
    assert {one.digest for one in left} >= {register.identity_digest(one) for one in (NUMBER, FORMER, BSUID)}
    assert all(one.left_at for one in left)
    kinds = [*rights.events(person).order_by("sequence").values_list("kind", flat=True)]
    assert kinds[0] == "on"
    assert kinds[-2:] == ["erased", "erased"] or kinds[-1] == "erased"
    assert "off" in kinds
    proofs = ConsentEvidence.objects.filter(event__subject_id=person.subject_id)
    assert {(one.actor, one.identity, one.text) for one in proofs} == {("urp", "", str(WHY))}
    assert rights.find("340 111 2201") == [person]
    with pytest.raises(CannotDo, match="già"):
        rights.erase(person, WHY)


def test_what_waits_for_an_erased_person_is_skipped(person: Contact) -> None:
    notice = OutboundMessageFactory(contact=person, lane=Lane.BULK)
    rights.erase(person, WHY)
    refused = claims.refusals([Message.objects.get(pk=notice.pk)])
    assert "i suoi dati sono cancellati" in str(refused[notice.pk])


def test_a_late_status_of_an_erased_person_brings_nothing_back(person: Contact) -> None:
    attempt = Attempt.objects.get()
    rights.erase(person, WHY)
    late = StatusUpdate(
        provider_id="wamid.SEGRETO", opaque_id=attempt.opaque_id, state=State.DELIVERED, at=timezone.now(),
        phone=None, bsuid=BSUID,
    )  # fmt: skip
    assert receipts.apply([late]) == 1
    assert traces(person) == set()


def test_a_notices_content_is_nobodys_and_stays() -> None:
    one, other = ContactFactory(), ContactFactory()
    shared = ContentFactory(text="Via Roma chiusa")
    for contact in (one, other):
        OutboundMessageFactory(contact=contact, content=shared)
    rights.erase(one, WHY)
    shared.refresh_from_db()
    assert shared.text == "Via Roma chiusa"


def test_other_people_keep_everything(person: Contact) -> None:
    other = ContactFactory(profile_name="Altra Persona")
    on = InboundMessageFactory(contact=other, text="iscrizione on per Altra Persona")
    consent.subscribe(other, message=on)
    report_of("Lampione spento in via Garibaldi 3", contact=other)
    before = rights.dossier(other)
    rights.erase(person, WHY)
    assert rights.dossier(other) == before


class TestComingBack:
    def test_only_their_own_message_subscribes_them_again(self, person: Contact) -> None:
        late_on = timezone.now() - timedelta(minutes=5)
        rights.erase(person, WHY)
        sender = Sender(phone=NUMBER, bsuid=None, name="Di nuovo io")
        again = contacts.resolve(sender)
        assert again.pk != person.pk
        late = InboundMessageFactory(contact=again, text="iscrizione on", sent_at=late_on)
        assert inbound.handle(late)
        assert not consent.is_subscribed(again)
        with pytest.raises(consent.HasLeft):
            consent.subscribe(again, source=Source.DESK, actor="urp")
        assert "può tornare solo scrivendo" in recipients.obstacles([NUMBER])[NUMBER]
        now = timezone.now() + timedelta(seconds=2)
        assert inbound.handle(InboundMessageFactory(contact=again, text="iscrizione on", sent_at=now))
        assert consent.is_subscribed(again)
        assert rights.find(NUMBER) == [again, person]
        assert verifying.verify()[1] == ""

    def test_a_former_number_is_refused_too(self, person: Contact) -> None:
        rights.erase(person, WHY)
        assert set(recipients.obstacles([NUMBER, FORMER])) == {NUMBER, FORMER}

    def test_who_never_subscribed_may_be_enrolled(self) -> None:
        contact = ContactFactory(phone=NUMBER)
        rights.erase(contact, WHY)
        assert recipients.obstacles([NUMBER]) == {}
        assert consent.subscribe(ContactFactory(phone=NUMBER), source=Source.DESK, actor="urp")


def test_the_staffs_own_phones_are_refused(operator: User) -> None:
    phone = StaffPhoneFactory(user=operator)
    with pytest.raises(CannotDo, match="Telefoni del personale"):
        rights.erase(phone.contact, WHY)
    phone.contact.refresh_from_db()
    assert phone.contact.phone


def test_an_open_case_is_told_and_does_not_forbid() -> None:
    report = report_of("Buca in via Roma")
    assert [need.forbids for need in rights.needs_of(report.contact)] == [False]
    rights.erase(report.contact, WHY)
    report.refresh_from_db()
    assert (report.summary, report.number != "", report.state) == ("", True, "received")


class TestRectification:
    def test_a_number_typed_wrong_is_set_right(self) -> None:
        contact = ContactFactory(phone=FORMER, profile_name="Rosi Maria")
        consent.subscribe(contact, source=Source.DESK, actor="urp", reference="modulo 12")
        rights.rectify(contact, WHY, name="Rossi Maria", phone="340 111 2201")
        contact.refresh_from_db()
        assert (contact.phone, contact.profile_name) == (NUMBER, "Rossi Maria")
        assert consent.is_subscribed(contact)
        event = ConsentEvent.objects.get(kind="rectified")
        assert f"«{FORMER}» diventa «{NUMBER}»" in event.evidence.text
        assert verifying.verify() == (2, "")
        assert recipients.obstacles([FORMER]) == {}  # its owner has nothing to do with it

    @pytest.mark.parametrize(
        ("phone", "told"),
        [("123", "non è un numero"), ("+393471234567", "già di un contatto"), ("", "Non è cambiato")],
    )
    def test_what_cannot_be_is_refused(self, phone: str, told: str) -> None:
        contact = ContactFactory(phone=FORMER, profile_name="Maria")
        ContactFactory(phone="+393471234567")
        with pytest.raises(CannotDo, match=told):
            rights.rectify(contact, WHY, name="Maria", phone=phone)
        assert not ConsentEvent.objects.exists()

    def test_a_number_whatsapp_told_is_right(self) -> None:
        contact = InboundMessageFactory(contact__phone=FORMER).contact
        with pytest.raises(CannotDo, match="ISCRIZIONE OFF dal vecchio"):
            rights.rectify(contact, WHY, name=contact.profile_name, phone=NUMBER)


def test_an_objection_ends_the_subscription_and_is_remembered(person: Contact) -> None:
    rights.object_to(person, WHY, "Non voglio più essere contattata.")
    assert not consent.is_subscribed(person)
    objection, off = rights.events(person).order_by("-sequence")[:2]
    assert [(one.kind, one.source) for one in (off, objection)] == [
        ("off", "office"),
        ("objection", "office"),
    ]
    assert objection.evidence.text == f"«Non voglio più essere contattata.». {WHY}"
    with pytest.raises(consent.HasLeft):
        consent.subscribe(person, source=Source.DESK, actor="urp")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("via Roma 12", "via Roma"), ("Via Roma, n. 12/B", "Via Roma"), ("SS 121", "SS 121"),
        ("s.p. 24", "s.p. 24"), ("via 20 Settembre 5", "via 20 Settembre"), ("a casa di Maria Rossi", ""),
        ("C.so Vittorio Emanuele 100, 94017 Regalbuto", "C.so Vittorio Emanuele"), ("", ""),
        ("via Garibaldi firmato Anna Verdi", "via Garibaldi"), ("via Roma Anna Verdi 12", "via Roma"),
        ("VIA ROMA ANNA VERDI", "VIA ROMA"), ("via Roma, Anna Verdi", "via Roma"),
        ("via Roma casa di M. Rossi", "via Roma"), ("via San Rocco Anna Verdi", "via San Rocco"),
        ("scalinata di via Don Bosco", "scalinata di via Don Bosco"),
        ("via don Giuseppe Campione di Anna Verdi", "via don Giuseppe Campione"),
        ("piazza della Repubblica sotto Anna Verdi", "piazza della Repubblica"),
        ("contrada Sant’Antonio mi chiamo Anna", "contrada Sant’Antonio"),
        ("via Roma. Anna Verdi", "via Roma"),
    ],
)  # fmt: skip
def test_of_an_address_the_street_is_public_and_the_door_is_not(address: str, kept: str) -> None:
    assert find_street(address) == kept


class AnyPast(TestCase):
    """Whatever somebody did before, nothing of it is left."""

    ACTS = st.lists(
        st.sampled_from(["on", "off", "topic", "report", "photo", "answer", "object", "merge", "number"]),
        max_size=8,
    )

    @settings(max_examples=25)
    @given(acts=ACTS)
    def test_nothing_is_left(self, acts: list[str]) -> None:
        person = ContactFactory(phone=NUMBER, profile_name=NAME, reachable=True)
        for minute, act in enumerate(acts):
            self._do(act, person, minute)
            person = Contact.objects.get(pk=person.pk).person
        rights.erase(person, WHY)
        assert traces(person) == set()
        assert verifying.verify()[1] == ""
        assert not Subscriber.objects.filter(contact__in=person.rows()).exists()

    def _do(self, act: str, person: Contact, minute: int) -> None:
        at = timezone.now() + timedelta(minutes=minute)
        words = {"on": "iscrizione on", "off": "iscrizione off", "topic": "eventi off"}
        if act in words:
            inbound.handle(InboundMessageFactory(contact=person, text=words[act], sent_at=at))
        elif act in {"report", "photo"}:
            report_of(f"Buca in via Roma, sono {NAME}", contact=person, at=at)
        elif act == "answer":
            OutboundMessageFactory(contact=person, content__text=f"Caro {NAME}, segreto")
        elif act == "object":
            rights.object_to(person, WHY, f"Io, {NAME}, mi oppongo")
        elif act == "merge":
            merging.merge(person, ContactFactory(profile_name=NAME), actor="urp")
        elif act == "number" and person.phone == NUMBER:
            merging.retire(person, at, "phone")
            Contact.objects.filter(pk=person.pk).update(phone=FORMER, retired_at=None)
