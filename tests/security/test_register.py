"""Who has the database but not the key: whatever decides who receives broadcasts is found out."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers import comparing, consent, journal, retention, rights, verifying
from subscribers.models import (
    ConsentEvidence,
    ErasedIdentity,
    RegisterHead,
    Subscriber,
    Topic,
    TopicPreference,
)
from tests.factories.subscribers import SubscriberFactory
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp import merging
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


@contextmanager
def database_owner() -> Iterator[Any]:
    """A cursor for which the register's triggers do not run."""
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        yield cursor
        cursor.execute("set session_replication_role = default")


@pytest.fixture
def people() -> dict[str, Contact]:
    """One who receives everything, one without events, one who left."""
    contacts = {name: ContactFactory() for name in ("stays", "topic", "left")}
    for number, contact in enumerate(contacts.values()):
        message = InboundMessageFactory(contact=contact, text="Iscrizione on", sent_at=ago(20 - number))
        consent.subscribe(contact, message=message)
    consent.leave_topic(contacts["topic"], Topic.objects.get(slug="eventi"), at=ago(10))
    consent.leave(contacts["left"], at=ago(5))
    return contacts


def found() -> list[str]:
    return [f"{one.register} / {one.table}" for one in comparing.differences()]


def change(person: Contact, **values: Any) -> Callable[[], object]:
    return lambda: Subscriber.objects.filter(contact=person).update(**values)


TAMPERING: dict[str, tuple[Callable[[dict[str, Contact]], object], str]] = {
    "who left is made active": (
        lambda people: change(people["left"], state="active", left_at=None)(),
        r"cancellato il .* / iscritto dal",
    ),
    "who stays is thrown out": (
        lambda people: change(people["stays"], state="left", left_at=NOW)(),
        r"iscritto dal .* / cancellato il",
    ),
    "who stays is removed": (
        lambda people: Subscriber.objects.filter(contact=people["stays"]).delete(),
        r"iscritto dal .* / nessuna iscrizione",
    ),
    "the row that keeps an old list from bringing somebody back is removed": (
        lambda people: Subscriber.objects.filter(contact=people["left"]).delete(),
        r"cancellato il .* / nessuna iscrizione",
    ),
    "somebody who never joined is put in": (
        lambda people: SubscriberFactory(),
        r"mai iscritto / iscritto dal",
    ),
    "a topic left is taken again": (
        lambda people: TopicPreference.objects.all().delete(),
        r"iscritto dal .* senza eventi / iscritto dal [^a-z]*$",
    ),
    "a topic is left by another": (
        lambda people: TopicPreference.objects.create(
            subscriber=people["stays"].subscriber, topic=Topic.objects.get(slug="eventi")
        ),
        r"/ iscritto dal .* senza eventi",
    ),
    "a beginning in the future makes every OFF an old one": (
        lambda people: change(people["stays"], since=NOW + timedelta(days=900))(),
        r"iscritto dal (.*) / iscritto dal (?!\1)",
    ),
    "an earlier OFF lets an old ON count": (
        lambda people: change(people["left"], left_at=ago(4000))(),
        r"cancellato il (.*) / cancellato il (?!\1)",
    ),
    "the contact gets another person's number": (
        lambda people: Contact.objects.filter(pk=people["stays"].pk).update(phone="+393409999999"),
        r"iscritto con un altro numero",
    ),
    "the evidence is removed": (
        lambda people: ConsentEvidence.objects.filter(event__sequence=2).delete(),
        r"riga 2 con la sua prova / la prova manca",
    ),
}


@pytest.mark.parametrize("attempt", TAMPERING)
def test_a_changed_subscription_is_found_out(attempt: str, people: dict[str, Contact]) -> None:
    assert found() == []
    tamper, said = TAMPERING[attempt]
    with database_owner():
        tamper(people)
    assert verifying.verify() == (5, "")  # the chain itself is whole
    (difference,) = found()
    assert re.search(said, difference)


def test_the_command_lists_what_differs_without_personal_data(people: dict[str, Contact]) -> None:
    out = io.StringIO()
    call_command("verify_consents", stdout=out)
    assert "corrispondono al registro" in out.getvalue()
    change(people["left"], state="active", left_at=None)()
    errors = io.StringIO()
    with pytest.raises(CommandError, match="non tutto corrisponde"):
        call_command("verify_consents", stdout=out, stderr=errors)
    assert str(people["left"].subject_id) in errors.getvalue()
    for personal in (people["left"].phone, people["left"].profile_name):
        assert personal not in errors.getvalue()


def test_a_policy_changed_after_it_was_accepted_is_found_out(people: dict[str, Contact]) -> None:
    with database_owner() as cursor:
        cursor.execute("update subscribers_policy set text = text || ' e pubblicità' where version = 1")
    assert list(comparing.changed_policies()) == [
        "il testo dell'informativa 1 non è quello accettato nel registro"
    ]
    with pytest.raises(CommandError):
        call_command("verify_consents", stderr=io.StringIO())


class TestMissingEvidence:
    """It needs its reason: an erasure on request, or the end of its term."""

    def test_an_erasure_on_request_is_one(self, people: dict[str, Contact]) -> None:
        rights.erase(people["stays"], rights.Request("urp", "lo ha chiesto", "allo sportello"))
        assert not ConsentEvidence.objects.filter(identity=people["stays"].phone).exists()
        assert found() == []

    def test_the_hash_of_an_erased_number_is_missed(self, people: dict[str, Contact]) -> None:
        rights.erase(people["left"], rights.Request("urp", "lo ha chiesto", "allo sportello"))
        ErasedIdentity.objects.all().delete()
        assert len(found()) == 1
        assert "impronta" in found()[0]

    def test_an_expired_contact_keeps_its_evidence_and_so_needs_it(self, people: dict[str, Contact]) -> None:
        assert rights.expire(people["left"])
        assert found() == []
        ConsentEvidence.objects.filter(event__sequence=3).delete()
        assert found() == ["riga 3 con la sua prova / la prova manca, senza un motivo"]

    def test_its_term_is_one_for_who_left_and_none_for_who_is_subscribed(
        self, people: dict[str, Contact]
    ) -> None:
        with database_owner() as cursor:
            cursor.execute("update subscribers_consentevent set recorded_at = %s", [ago(800)])
        clock = retention.clocks()[retention.EVIDENCE]
        clock.discard(list(clock.due(ago(730)).values_list("pk", flat=True)))
        left = set(ConsentEvidence.objects.values_list("event__subject_id", flat=True))
        assert left == {people["stays"].subject_id, people["topic"].subject_id}
        assert found() == []
        ConsentEvidence.objects.filter(event__subject_id=people["stays"].subject_id).delete()
        assert len(found()) == 1

    def test_who_comes_back_after_the_term_has_only_new_evidence(self, people: dict[str, Contact]) -> None:
        with database_owner() as cursor:
            cursor.execute("update subscribers_consentevent set recorded_at = %s", [ago(800)])
        clock = retention.clocks()[retention.EVIDENCE]
        clock.discard(list(clock.due(ago(730)).values_list("pk", flat=True)))
        consent.subscribe(people["left"])
        assert found() == []


class TestHead:
    """Tail and journal cut together pass every check on the machine: the head is elsewhere too."""

    @pytest.fixture
    def head(self, people: dict[str, Contact], settings: Any, tmp_path: Path) -> str:
        settings.CONSENT_JOURNAL = str(tmp_path / "consents.jsonl")
        journal.write()
        head = RegisterHead.objects.get()
        return f"{head.sequence}:{head.hash}"

    def cut(self, journal_file: str, rows: int) -> None:
        with database_owner() as cursor:
            cursor.execute("delete from subscribers_consentevidence where event_id in (select id from "
                           "subscribers_consentevent where sequence > %s)", [rows])  # fmt: skip
            cursor.execute("delete from subscribers_consentevent where sequence > %s", [rows])
            cursor.execute("update subscribers_registerhead set sequence = %s, hash = (select hash from "
                           "subscribers_consentevent where sequence = %s)", [rows, rows])  # fmt: skip
        path = Path(journal_file)
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:rows]))

    def test_a_cut_that_reached_the_journal_is_found_out(self, head: str, settings: Any) -> None:
        call_command("verify_consents", head=[head], stdout=io.StringIO())
        self.cut(settings.CONSENT_JOURNAL, 3)
        assert verifying.verify() == (3, "")
        with pytest.raises(CommandError, match="inviata per e-mail era la 5"):
            call_command("verify_consents", head=[head])

    def test_a_register_written_anew_with_the_key_is_found_out(self, head: str, settings: Any) -> None:
        self.cut(settings.CONSENT_JOURNAL, 3)
        for _ in range(3):
            consent.subscribe(ContactFactory())
        with pytest.raises(CommandError, match="la riga 5 non è quella della testa"):
            call_command("verify_consents", head=[head])

    @pytest.mark.parametrize("text", ["", "5", "5:abc", "x:" + "0" * 64])
    def test_what_is_no_head_is_refused(self, text: str, people: dict[str, Contact]) -> None:
        with pytest.raises(CommandError, match="non è una testa"):
            call_command("verify_consents", head=[text])


ACTS = st.sampled_from(["on", "off", "topic_off", "topic_on", "merge", "erase", "expire"])
STEPS = st.lists(st.tuples(ACTS, st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=14)


@settings(max_examples=60)
@given(STEPS)
def test_whatever_happens_properly_is_no_difference(steps: list[tuple[str, int, int, bool]]) -> None:
    with transaction.atomic():
        people = [ContactFactory() for _ in range(4)]
        topic, start = Topic.objects.get(slug="eventi"), ago(1)
        for number, (step, one, other, certain) in enumerate(steps):
            at = start + timedelta(minutes=number)
            person = Contact.objects.get(pk=people[one].pk).person
            second = Contact.objects.get(pk=people[other].pk).person
            if step == "on" and not person.erased_at:
                consent.subscribe(person, at=at)
            elif step == "off":
                consent.leave(person, at=at)
            elif step == "merge" and second != person and not (person.erased_at or second.erased_at):
                merging.merge(person, second, certain=certain)
            elif step == "erase" and not person.erased_at:
                rights.erase(person, rights.Request("urp", "prova", "di persona"))
            elif step == "expire":
                rights.expire(person)
            elif step.startswith("topic"):
                (consent.leave_topic if step == "topic_off" else consent.keep_topic)(person, topic, at=at)
        assert found() == []
        assert list(comparing.changed_policies()) == []
        transaction.set_rollback(True)
