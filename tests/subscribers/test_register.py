"""The register: what it holds, who can change it, what tells that somebody did."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from subscribers import checks, consent, journal, verifying
from subscribers.models import ConsentEvent, ConsentEvidence, RegisterHead
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp import inbox
from whatsapp.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def journal_file(settings: LazySettings, tmp_path: Path) -> Path:
    settings.CONSENT_JOURNAL = str(tmp_path / "other-disk" / "consents.jsonl")
    return Path(settings.CONSENT_JOURNAL)


def live(people: int = 3) -> None:
    """Six lines: everybody joins, everybody leaves."""
    contacts = [ContactFactory() for _ in range(people)]
    for act in (consent.subscribe, consent.leave):
        for contact in contacts:
            message = InboundMessageFactory(contact=contact, text=f"iscrizione {act.__name__}")
            act(contact, message=message)


@contextmanager
def triggers_off() -> Iterator[None]:
    """As whoever owns the database could."""
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        yield
        cursor.execute("set session_replication_role = default")


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


EVENT, EVIDENCE, HEAD = (
    f"subscribers_{name}" for name in ("consentevent", "consentevidence", "registerhead")
)
CUT = [
    f"delete from {EVIDENCE} where event_id in (select id from {EVENT} where sequence = 6)",
    f"delete from {EVENT} where sequence = 6",
]
# What somebody with the database and without the key may try -> what is said.
TAMPERING: dict[str, tuple[list[str], str]] = {
    **{
        f"{column} changed": (
            [f"update {EVENT} set {column} = {value} where sequence = 2"],
            "la riga 2 è stata modificata",
        )
        for column, value in {
            "kind": "'off'", "source": "'desk'", "topic": "'eventi'", "policy_version": "7",
            "policy_sha256": "repeat('1', 64)", "commitment": "repeat('1', 64)", "hash": "repeat('1', 64)",
            "previous_hash": "repeat('1', 64)", "at": "at + interval '1 second'",
            "recorded_at": "recorded_at + interval '1 second'", "subject_id": "gen_random_uuid()",
        }.items()
    },
    "the number of a row changed": (
        [f"update {EVENT} set sequence = 99 where sequence = 2"], "manca la riga 2"
    ),
    "a row deleted": (
        [f"delete from {EVIDENCE} where event_id in (select id from {EVENT} where sequence = 3)",
         f"delete from {EVENT} where sequence = 3"], "manca la riga 3"
    ),
    "two rows swapped": (
        [f"update {EVENT} set sequence = 100 + sequence where sequence in (2, 3)",
         f"update {EVENT} set sequence = 105 - sequence where sequence > 100"], "la riga 2 è stata modificata"
    ),
    "the last row cut off": (CUT, "mancano righe alla fine"),
    "the last row cut off, and the head moved": (
        [*CUT, f"update {HEAD} set sequence = 5, hash = (select hash from {EVENT} where sequence = 5)"],
        "mancano righe alla fine: il diario ne ha altre",
    ),
    "everything cut off": (
        [f"delete from {EVIDENCE}", f"delete from {EVENT}",
         f"update {HEAD} set sequence = 0, hash = repeat('0', 64)"],
        "mancano righe alla fine: il diario ne ha altre",
    ),
    "the evidence changed": ([f"update {EVIDENCE} set text = 'altro'"], "la prova della riga 1"),
    "the actor changed": ([f"update {EVIDENCE} set actor = 'altri'"], "la prova della riga 1"),
    "two pieces of evidence swapped": (
        [f"update {EVIDENCE} set event_id = -event_id",
         f"update {EVIDENCE} set event_id = (select max(id) + min(id) from {EVENT}) + event_id"],
        "la prova della riga 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attempt", TAMPERING)
def test_whoever_has_the_database_but_not_the_key_is_found_out(attempt: str, journal_file: Path) -> None:
    live()
    journal.write()
    assert verifying.verify() == (6, "")
    statements, told = TAMPERING[attempt]
    with triggers_off():
        execute(*statements)
    assert told in verifying.verify()[1]


@pytest.mark.parametrize("statement", [
    f"update {EVENT} set kind = 'off'", f"delete from {EVENT}", f"truncate {EVENT} cascade",
    f"update {EVIDENCE} set text = ''", f"truncate {EVIDENCE}", f"delete from {HEAD}",
])  # fmt: skip
def test_the_database_refuses_to_change_the_register(statement: str) -> None:
    live()
    execute("set constraints all immediate")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        execute(statement)
    assert verifying.verify() == (6, "")


def test_erasing_evidence_leaves_the_chain_whole(journal_file: Path) -> None:
    live()
    journal.write()
    ConsentEvidence.objects.filter(event__sequence__lte=4).delete()
    assert verifying.verify() == (6, "")


def test_another_key_proves_nothing(settings: LazySettings) -> None:
    live()
    settings.CONSENT_KEY = "un'altra"
    assert verifying.verify() == (0, "la riga 1 è stata modificata")


def test_no_personal_data_is_in_the_chain_or_the_journal(journal_file: Path) -> None:
    live()
    journal.write()
    for contact_number in ConsentEvidence.objects.values_list("identity", flat=True):
        assert contact_number not in journal_file.read_text()
        assert all(contact_number not in str(event.chained()) for event in ConsentEvent.objects.all())


class TestJournal:
    def test_it_is_written_after_the_commit_and_only_then(
        self, journal_file: Path, django_capture_on_commit_callbacks: Callable[..., object]
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            live(1)
            assert not journal_file.exists()
        assert [line["kind"] for line in journal.read()] == ["on", "off"]

    def test_it_fills_its_gaps_and_never_doubles(self, journal_file: Path) -> None:
        live()
        assert (journal.write(), journal.write()) == (6, 0)
        lines, whole = list(journal.read()), journal_file.read_bytes()
        journal_file.write_bytes(whole[: whole.rfind(b"\n", 0, -1) + 30])  # torn in the last line
        assert (journal.write(), journal.write()) == (1, 0)
        assert list(journal.read()) == lines
        assert verifying.verify() == (6, "")

    def test_the_file_may_be_append_only(self, journal_file: Path) -> None:
        live()
        journal.write()
        whole = journal_file.read_bytes()
        journal_file.write_bytes(whole[:-30])
        if subprocess.run(["chattr", "+a", journal_file], capture_output=True).returncode:
            pytest.skip("this file system knows no append-only files, or the user may not make one")
        try:
            with pytest.raises(PermissionError):
                journal_file.write_bytes(b"")
            assert journal.write() == 1
        finally:
            subprocess.run(["chattr", "-a", journal_file], check=True)
        assert verifying.verify() == (6, "")

    def test_it_is_no_copy_of_another_register(self, journal_file: Path) -> None:
        live()
        journal.write()
        with triggers_off():
            execute(*CUT)
        with pytest.raises(journal.Ahead, match="reapply_optouts"):
            journal.write()

    def test_a_changed_line_is_told(self, journal_file: Path) -> None:
        live()
        journal.write()
        journal_file.write_text(journal_file.read_text().replace('"kind":"off"', '"kind":"on"', 1))
        assert verifying.verify() == (3, "la riga 4 è diversa nel diario")

    def test_a_disk_that_fails_loses_no_consent(
        self,
        settings: LazySettings,
        tmp_path: Path,
        django_capture_on_commit_callbacks: Callable[..., object],
    ) -> None:
        (tmp_path / "file").touch()
        settings.CONSENT_JOURNAL = str(tmp_path / "file" / "consents.jsonl")
        with django_capture_on_commit_callbacks(execute=True):
            live(1)
        assert verifying.verify() == (2, "")


class TestCommand:
    def test_it_tells_that_the_register_is_whole(self, capsys: pytest.CaptureFixture[str]) -> None:
        live()
        call_command("verify_consents")
        assert "Registro integro: 6 righe." in capsys.readouterr().out

    def test_it_names_the_first_broken_row(self) -> None:
        live()
        with triggers_off():
            execute(f"update {EVENT} set kind = 'topic_on' where sequence in (2, 5)")
        with pytest.raises(CommandError, match="Dopo 1 righe integre: la riga 2 è stata modificata"):
            call_command("verify_consents")


def test_without_the_key_nothing_is_written_and_the_message_waits(settings: LazySettings) -> None:
    settings.CONSENT_KEY = ""
    message = InboundMessageFactory(text="Iscrizione on")
    with pytest.raises(ImproperlyConfigured):
        consent.subscribe(message.contact)
    inbox.handle(message.pk)
    message.refresh_from_db()
    assert message.handled_at is None
    assert not consent.is_subscribed(message.contact)
    assert not Message.objects.filter(inbound=False).exists()


def test_what_is_not_configured_is_told(settings: LazySettings) -> None:
    settings.CONSENT_KEY, settings.CONSENT_JOURNAL = "", ""
    assert [warning.id for warning in checks.consent_register()] == ["subscribers.W001", "subscribers.W002"]
    settings.CONSENT_KEY, settings.CONSENT_JOURNAL = "una chiave", "/mnt/altro/consensi.jsonl"
    assert checks.consent_register() == []


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_eight_writers_at_once_make_one_chain_and_one_journal(journal_file: Path) -> None:
    people = [[ContactFactory() for _ in range(5)] for _ in range(8)]
    failures: list[Exception] = []

    def write(contacts: list) -> None:  # type: ignore[type-arg]
        try:
            for contact in contacts:
                consent.subscribe(contact)
                consent.leave(contact, at=timezone.now() + timedelta(seconds=1))
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(group,)) for group in people]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert verifying.verify() == (80, "")
    assert RegisterHead.objects.get().sequence == 80
    assert [line["sequence"] for line in journal.read()] == list(range(1, 81))
