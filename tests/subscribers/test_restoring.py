"""An older backup is restored: who left since is put out again, and nobody else is touched."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from subscribers import comparing, consent, history, journal, recipients, rights, verifying
from subscribers.models import (
    ConsentEvent,
    ConsentEvidence,
    ErasedIdentity,
    RegisterHead,
    Subscriber,
    Topic,
    TopicPreference,
)
from tests.factories.whatsapp import ContactFactory
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db
TABLES = [ConsentEvent, ConsentEvidence, RegisterHead, TopicPreference, Subscriber]


class Backup:
    """The tables of `subscribers` as they were."""

    def __init__(self) -> None:
        self.rows = {model: list(model.objects.all()) for model in TABLES}

    def restore(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("set session_replication_role = replica")
            for model in TABLES:
                cursor.execute(f"delete from {model._meta.db_table}")
            cursor.execute("set session_replication_role = default")
        for model in (Subscriber, TopicPreference, ConsentEvent, ConsentEvidence, RegisterHead):
            model.objects.bulk_create(self.rows[model])


class Clock:
    """Acts one after the other, a minute apart."""

    def __init__(self) -> None:
        self.now = timezone.now() - timedelta(days=1)

    def __call__(self, act: Any, *who: Any) -> None:
        self.now += timedelta(minutes=1)
        assert act(*who, at=self.now)


@pytest.fixture(autouse=True)
def journal_file(settings: LazySettings, tmp_path: Path) -> Path:
    settings.CONSENT_JOURNAL = str(tmp_path / "consents.jsonl")
    return Path(settings.CONSENT_JOURNAL)


@pytest.fixture
def do() -> Clock:
    return Clock()


def receiving(topic: Topic | None = None) -> set[Contact]:
    return set(recipients.audience(topic))


def test_who_left_after_the_backup_is_out_again_and_who_came_back_is_in(do: Clock) -> None:
    stays, leaves, returns, leaves_topic, new = (ContactFactory() for _ in range(5))
    eventi = Topic.objects.get(slug="eventi")
    for contact in (stays, leaves, returns, leaves_topic):
        do(consent.subscribe, contact)
    do(consent.leave, returns)
    backup = Backup()
    do(consent.leave, leaves)
    do(consent.subscribe, returns)
    do(consent.leave_topic, leaves_topic, eventi)
    do(consent.subscribe, new)
    expected, expected_topic = receiving(), receiving(eventi)
    journal.write()
    backup.restore()
    assert receiving() == {stays, leaves, leaves_topic}
    call_command("reapply_optouts")
    assert receiving() == expected == {stays, returns, leaves_topic, new}
    assert receiving(eventi) == expected_topic
    assert verifying.verify() == (10, "")  # with one that says whose evidence was lost
    assert list(comparing.differences()) == []
    assert (journal.write(), journal.write()) == (1, 0)
    call_command("reapply_optouts")  # again changes nothing
    assert receiving() == expected


def test_whoever_the_backup_does_not_know_has_to_write_again(
    do: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = Backup()
    new = ContactFactory()
    do(consent.subscribe, new)
    journal.write()
    backup.restore()
    Contact.objects.all().delete()
    call_command("reapply_optouts")
    assert "Persone che la copia non conosce: 1" in capsys.readouterr().out
    assert verifying.verify() == (2, "")
    assert list(comparing.differences()) == []


def test_a_service_that_wrote_on_keeps_its_rows_and_who_left_is_out(do: Clock, journal_file: Path) -> None:
    leaves, leaves_topic, returns = ContactFactory(), ContactFactory(), ContactFactory()
    eventi = Topic.objects.get(slug="eventi")
    for contact in (leaves, leaves_topic, returns):
        do(consent.subscribe, contact)
    backup = Backup()
    do(consent.leave, leaves)
    do(consent.leave_topic, leaves_topic, eventi)
    do(consent.leave, returns)
    do(consent.subscribe, returns)
    journal.write()
    backup.restore()
    do(consent.subscribe, ContactFactory())  # before anybody thought of the journal
    with pytest.raises(journal.Ahead):
        journal.write()
    call_command("reapply_optouts")
    assert leaves not in receiving()
    assert leaves_topic not in receiving(eventi)
    assert {returns, leaves_topic} < receiving()
    assert verifying.verify() == (6, "")
    assert list(comparing.differences()) == []
    assert len(list(journal_file.parent.glob("consents.jsonl.*"))) == 1
    call_command("reapply_optouts")
    assert ConsentEvent.objects.count() == 6


@pytest.mark.parametrize("wrote_on", [False, True])
def test_who_was_erased_after_the_backup_is_erased_again(do: Clock, wrote_on: bool) -> None:
    erased, expired, left = ContactFactory(), ContactFactory(), ContactFactory()
    numbers = [erased.phone, expired.phone]
    for contact in (erased, expired, left):
        do(consent.subscribe, contact)
    backup, people = Backup(), list(Contact.objects.all())
    do(consent.leave, expired)
    do(consent.leave, left)
    rights.erase(erased, rights.Request("urp", "lo ha chiesto", "allo sportello"))
    assert rights.expire(expired)
    journal.write()
    backup.restore()
    ErasedIdentity.objects.all().delete()
    Contact.objects.bulk_update(people, ["phone", "profile_name", "erased_at"])
    if wrote_on:
        do(consent.subscribe, ContactFactory())
    call_command("reapply_optouts")
    for contact in (erased, expired):
        contact.refresh_from_db()
        assert (contact.phone, contact.profile_name) == (None, "")
        assert rights.events(contact).filter(kind="erased").count() == 1
    assert {erased, expired, left}.isdisjoint(receiving())
    assert set(recipients.obstacles(numbers)) == set(numbers)
    proofs = ConsentEvidence.objects.filter(identity__in=numbers)
    assert {proof.event.subject_id for proof in proofs} == {expired.subject_id}
    assert verifying.verify()[1] == ""
    assert list(comparing.differences()) == []
    call_command("reapply_optouts")  # again changes nothing
    assert ConsentEvent.objects.filter(kind="erased").count() == 2


def test_a_forged_line_is_refused_and_nothing_is_changed(do: Clock, journal_file: Path) -> None:
    contact = ContactFactory()
    backup = Backup()
    do(consent.subscribe, contact)
    journal.write()
    backup.restore()
    journal_file.write_text(journal_file.read_text().replace('"kind":"on"', '"kind":"off"'))
    with pytest.raises(CommandError, match="è stata modificata"):
        call_command("reapply_optouts")
    assert not ConsentEvent.objects.exists()


def test_a_journal_with_a_line_torn_out_is_refused(do: Clock, journal_file: Path) -> None:
    contact = ContactFactory()
    backup = Backup()
    do(consent.subscribe, contact)
    do(consent.leave, contact)
    do(consent.subscribe, contact)
    journal.write()
    backup.restore()
    first, _, third = journal_file.read_text().splitlines(keepends=True)
    journal_file.write_text(first + third)
    with pytest.raises(CommandError, match="manca la riga prima della 3"):
        call_command("reapply_optouts")
    assert not ConsentEvent.objects.exists()


def test_without_a_journal_there_is_nothing_to_do(
    settings: LazySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.CONSENT_JOURNAL = ""
    call_command("reapply_optouts")
    assert "non serve fare nulla" in capsys.readouterr().out


def test_the_list_at_a_past_date_is_in_the_register(do: Clock) -> None:
    one, other = ContactFactory(), ContactFactory()
    viabilita = Topic.objects.get(slug="viabilita")
    do(consent.subscribe, one)
    do(consent.subscribe, other)
    do(consent.leave_topic, one, viabilita)
    then = do.now
    do(consent.leave, one)
    was = {standing.subject_id: standing for standing in history.at(then)}
    assert was[one.subject_id].active
    assert set(was[one.subject_id].left_topics) == {"viabilita"}
    assert was[other.subject_id].active
    assert not was[other.subject_id].left_topics
    now = {standing.subject_id: standing.active for standing in history.at(do.now)}
    assert now == {one.subject_id: False, other.subject_id: True}
