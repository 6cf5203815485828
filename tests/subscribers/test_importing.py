"""Lists as offices keep them, whatever they hold: a report by row, nothing half done, nobody brought back."""

import io
import os
import threading
import zipfile
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from regalbuto_urp.roles import install_roles
from subscribers import consent, importing, listfile, tasks, verifying
from subscribers.importing import Outcome, State
from subscribers.listfile import Unreadable
from subscribers.models import ConsentEvent, ErasedIdentity, ImportRow, Subscriber, SubscriberImport
from subscribers.register import Kind, Source, identity_digest
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp.models import Contact, ContactAlias, Message

LONG = os.environ.get("FAULTS") == "long"
SIGNED = date(2025, 3, 10)
LIST = "/admin/subscribers/subscriberimport/"


def numbers(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [line.number for line in listfile.read(data)]


class TestReading:
    ROWS = "Cognome;Nome;Telefono\nDi Nicolò;Peppe;340 1112233\n"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_the_usual_encodings(self, encoding: str) -> None:
        (line,) = listfile.read(self.ROWS.encode(encoding))
        assert (line.line, line.number, line.name) == (2, "340 1112233", "Peppe Di Nicolò")

    @pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_separators_and_line_ends(self, separator: str, end: str) -> None:
        text = self.ROWS.replace(";", separator).replace("\n", end)
        assert numbers(text) == ["340 1112233"]

    @pytest.mark.parametrize(
        ("header", "place"),
        [
            ("TELEFONO,nome", 0), ("nome,Cellulare", 1), ("Telefono,Cellulare", 1), ("n. civico,Numero", 1),
            ("Nome,N° di telefono", 1), ("numero,tel.", 1), ("Nome su WhatsApp,Phone number", 1),
        ],
    )  # fmt: skip
    def test_the_column_is_found_by_its_name(self, header: str, place: int) -> None:
        cells = ["a", "b"]
        cells[place] = "3401112233"
        assert numbers(f"{header}\n{','.join(cells)}\n") == ["3401112233"]

    def test_without_a_header_the_first_column_counts(self) -> None:
        assert numbers("+39 340 1112233;Maria\n\n340 1112234;Ugo\n") == ["+39 340 1112233", "340 1112234"]

    def test_blank_rows_are_no_rows_and_lines_are_counted_as_in_the_file(self) -> None:
        lines = listfile.read(b'nome;tel\n\n"due\nrighe";3401112233\n;;\nUgo;3401112234\n')
        assert [(line.line, line.number) for line in lines] == [(3, "3401112233"), (6, "3401112234")]

    @pytest.mark.parametrize(
        ("data", "told"),
        [
            (b"", "vuoto"), (b" \r\n\n", "vuoto"), (b"\xef\xbb\xbf", "vuoto"), (b"\xff\xfe", "vuoto"),
            (b"tel;nome\n", "nessuna riga"), (b"nome;cognome\nMaria;Rossi\n", "Non trovo la colonna"),
            (b"%PDF-1.7 ...", "CSV UTF-8"), (b"tel\n\x00\x01", "CSV UTF-8"), (b"\xff\xfea", "non si leggono"),
            (b"tel\n\x81\x8d", "con quale alfabeto"), (b'tel;nome\n340;"Maria\n341;Ugo\n', "Dalla riga 2"),
            (b"3401112233\n" * 60_001, "60000 righe"), (b"1" * (20 * 1024 * 1024 + 1), "20 MB"),
        ],
    )  # fmt: skip
    def test_what_is_no_list_is_refused_whole(self, data: bytes, told: str) -> None:
        with pytest.raises(Unreadable, match=told):
            listfile.read(data)

    def test_a_workbook_and_a_picture_are_refused_with_what_to_do(self, picture: bytes) -> None:
        book = io.BytesIO()
        with zipfile.ZipFile(book, "w") as archive:
            archive.writestr("xl/workbook.xml", "<workbook/>" * 100)
        for data in (book.getvalue(), picture):
            with pytest.raises(Unreadable, match="Salva con nome"):
                listfile.read(data)

    @given(st.binary() | st.text().map(str.encode) | st.text('tel;,\t|"\n34=+ ', max_size=80).map(str.encode))
    @example(b'tel\n"')
    def test_any_bytes_are_rows_or_a_clear_refusal(self, data: bytes) -> None:
        try:
            lines = listfile.read(data)
        except Unreadable:
            return
        assert lines
        assert len({line.line for line in lines}) == len(lines)


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_superuser("rosa")


def preview(user: User, *rows: str, header: str = "tel;nome;data") -> SubscriberImport:
    data = "\n".join([header, *rows]).encode()
    return importing.preview(data, "lista.csv", reference="faldone 3", signed_on=SIGNED, user=user)


def finish(source: SubscriberImport) -> None:
    importing.confirm(source)
    while importing.run(source.pk):
        pass


def told(source: SubscriberImport) -> list[tuple[str, str]]:
    return [*source.rows.values_list("outcome", "reason")]


class TestPreview:
    def test_each_row_is_judged(self, user: User) -> None:
        consent.subscribe(ContactFactory(phone="+393401112201"))
        ContactFactory(phone="+393401112202", blocked=True)
        gone = ContactFactory(phone="+393401112203")
        consent.subscribe(gone, at=timezone.now() - timedelta(days=3))
        consent.leave(gone)
        ContactAlias.objects.create(contact=gone, phone="+393401112204", retired_at=timezone.now())
        ErasedIdentity.objects.create(
            digest=identity_digest("+393401112205"), subject_id=gone.subject_id, left_at=timezone.now()
        )
        tomorrow = timezone.localdate() + timedelta(days=2)
        expected = [
            ("3401112200;Maria;", "ready", ""),
            ("3401112201;Ugo;", "already", "è già iscritto"),
            ("3401112202;Ugo;", "refused", "è bloccato"),
            ("3401112203;Ugo;", "refused", "si è cancellato il"),
            ("3401112204;Ugo;", "refused", "si è cancellato il"),
            ("3401112205;Ugo;", "refused", "si è cancellato il"),
            ("0935 72345;Ugo;", "refused", "numero fisso"),
            ("+39 340 111.22.00;Maria;", "refused", "è lo stesso numero della riga 2"),
            ("=HYPERLINK(\"tel:3401112206\");Ugo;", "refused", "non è un numero"),
            ("3401112206;Ugo;31/02/2024", "refused", "non è una data"),
            (f"3401112206;Ugo;{tomorrow:%d/%m/%Y}", "refused", "nel futuro"),
            ("3401112206;Ugo;1.4.2010", "refused", "prima del 2015"),
            ("3401112206;Ugo;2024-12-31T10:00", "ready", ""),
            ("+40 722 123 456;Ion;31/12/24", "ready", ""),
            ("+40 1;Ion;", "refused", "non è"),
            (";Ion;", "refused", "manca il numero"),
            ("3401112207", "ready", ""),
        ]  # fmt: skip
        source = preview(user, *(row for row, _, _ in expected))
        found = told(source)
        assert [outcome for outcome, _ in found] == [outcome for _, outcome, _ in expected]
        assert all(reason in why for (_, why), (_, _, reason) in zip(found, expected, strict=True))
        assert Subscriber.objects.count() == 2
        # Only who may still be subscribed is remembered.
        kept = source.rows.exclude(phone="").values_list("phone", flat=True)
        assert [*kept] == ["+393401112200", "+393401112206", "+40722123456", "+393401112207"]
        assert not source.rows.exclude(outcome=Outcome.READY).exclude(name="").exists()
        days = source.rows.filter(outcome=Outcome.READY).values_list("consented_at", flat=True)
        assert [str(timezone.localtime(day).date()) for day in days if day] == [
            "2025-03-10", "2024-12-31", "2024-12-31", "2025-03-10"
        ]  # fmt: skip

    def test_without_any_date_the_row_is_refused(self, user: User) -> None:
        source = importing.preview(b"3401112200", "a.csv", reference="x", signed_on=None, user=user)
        assert told(source) == [("refused", "manca la data del consenso")]

    def test_a_refused_file_leaves_nothing(self, user: User) -> None:
        with pytest.raises(Unreadable):
            importing.preview(b"x", "a.csv", reference="x", signed_on=SIGNED, user=user)
        assert not SubscriberImport.objects.exists()

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), min_size=1, max_size=5))
    def test_any_text_in_any_cell_is_kept_or_refused(self, user: User, cells: list[str]) -> None:
        data = "\n".join(
            ["tel;nome", *(f'3401112{n:03};"{c.replace(chr(34), "")}"' for n, c in enumerate(cells))]
        )
        if "\0" in data:
            return
        source = importing.preview(data.encode(), "a.csv", reference="x", signed_on=SIGNED, user=user)
        assert importing.counts(source)["ready"] == len(cells)

    def test_few_queries_for_a_thousand_rows(
        self, user: User, django_assert_max_num_queries: Callable[..., object]
    ) -> None:
        with django_assert_max_num_queries(14):
            preview(user, *(f"340{2000000 + n}" for n in range(1000)))


class TestRun:
    def test_everybody_is_subscribed_with_the_proof_and_nothing_is_sent(self, user: User) -> None:
        source = preview(user, "3401112200;Maria;", "3401112201;;1/2/2024")
        finish(source)
        source.refresh_from_db()
        assert (source.state, source.finished_at is not None) == (State.DONE, True)
        assert importing.counts(source) == {"ready": 0, "done": 2, "already": 0, "refused": 0}
        assert not source.rows.exclude(phone="", name="").exists()
        assert Contact.objects.get(phone="+393401112200").profile_name == "Maria"
        event = ConsentEvent.objects.select_related("evidence").get(sequence=1)
        assert (event.kind, event.source, event.evidence.actor) == (Kind.SUBSCRIBED, Source.IMPORT, "rosa")
        assert event.evidence.text == "faldone 3 («lista.csv», riga 2)"
        assert timezone.localtime(event.at).date() == SIGNED
        assert not Message.objects.exists()
        assert verifying.verify() == (2, "")

    def test_who_leaves_joins_or_is_blocked_between_preview_and_run(self, user: User) -> None:
        left, joined, blocked, wrote = (ContactFactory(phone=f"+39340111220{n}") for n in range(4))
        source = preview(user, *(f"340111220{n}" for n in range(5)))
        for contact in (left, joined):
            consent.subscribe(contact)
        consent.leave(left)
        Contact.objects.filter(pk=blocked.pk).update(blocked=True)
        InboundMessageFactory(contact=wrote, text="cancellami")
        finish(source)
        outcomes = dict(zip(range(5), told(source), strict=True))
        assert outcomes[1] == ("already", "è già iscritto")
        assert outcomes[4] == ("done", "")
        for n, why in ((0, "si è cancellato il"), (2, "è bloccato"), (3, "ha scritto di volersi cancellare")):
            assert outcomes[n][0] == "refused"
            assert why in outcomes[n][1]
        assert not any(consent.is_subscribed(contact) for contact in (left, blocked, wrote))

    def test_two_numbers_of_one_person_make_one_subscription(self, user: User) -> None:
        person = ContactFactory(phone="+393401112200")
        ContactFactory(phone="+393401112201", merged_into=person)
        source = preview(user, "3401112200", "3401112201")
        finish(source)
        assert sorted(outcome for outcome, _ in told(source)) == ["already", "done"]
        assert Subscriber.objects.get().contact == person

    def test_it_begins_only_once_confirmed_and_stops_when_cancelled(self, user: User) -> None:
        source = preview(user, *(f"340{2000000 + n}" for n in range(250)))
        assert not importing.run(source.pk)
        assert not Subscriber.objects.exists()
        importing.confirm(source)
        with pytest.raises(importing.WrongState, match="in corso"):
            importing.confirm(source)
        assert importing.run(source.pk, chunks=1)
        importing.cancel(source)
        assert not importing.run(source.pk)
        assert importing.counts(source) == {"ready": 0, "done": 100, "already": 0, "refused": 150}
        assert not source.rows.exclude(phone="").exists()
        with pytest.raises(importing.WrongState, match="annullata"):
            importing.cancel(source)

    def test_the_sweep_goes_on_with_what_runs_and_forgets_old_previews(
        self, user: User, django_capture_on_commit_callbacks: Callable[..., list[object]]
    ) -> None:
        running, old = preview(user, "3401112200"), preview(user, "3401112201")
        importing.confirm(running)
        SubscriberImport.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
        with django_capture_on_commit_callbacks() as nudges:
            importing.wake()
        assert len(nudges) == 1
        tasks.run_import(running.pk)
        running.refresh_from_db()
        old.refresh_from_db()
        assert (running.state, old.state) == (State.DONE, State.CANCELLED)
        assert not ImportRow.objects.exclude(phone="").exists()


class Killed(BaseException):
    """As a worker that is gone: nothing in the program catches it."""


def killing_after(statements: int) -> Callable[..., object]:
    left = iter(range(statements))

    def execute(execute: Callable[..., object], *statement: object) -> object:
        if next(left, None) is None:
            raise Killed
        return execute(*statement)

    return execute


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestCommitted:
    """What other connections see."""

    def test_a_worker_killed_half_way_loses_and_doubles_nobody(self) -> None:
        user = User.objects.create_superuser("rosa")
        source = preview(user, *(f"340{2000000 + n}" for n in range(350)))
        importing.confirm(source)
        # In the middle of a chunk, between its last writes, in the second.
        for last in (5, 14, 22, 30):
            with pytest.raises(Killed), connection.execute_wrapper(killing_after(last)):
                importing.run(source.pk)
            connection.close()
            done = importing.counts(source)["done"]
            assert Subscriber.objects.count() == ConsentEvent.objects.count() == done
        while importing.run(source.pk):
            pass
        assert importing.counts(source)["done"] == Subscriber.objects.count() == 350
        assert verifying.verify() == (350, "")

    def test_two_workers_at_once_double_nobody(self) -> None:
        user = User.objects.create_superuser("rosa")
        source = preview(user, *(f"340{2000000 + n}" for n in range(600)))
        importing.confirm(source)
        in_threads(*[lambda: [importing.run(source.pk, chunks=1) for _ in range(12)]] * 3)
        while importing.run(source.pk):
            pass
        assert importing.counts(source)["done"] == Subscriber.objects.count() == 600
        assert verifying.verify() == (600, "")

    def test_an_off_does_not_wait_for_a_long_import(self) -> None:
        """Of people whose own rows are being worked on: nobody can wait longer."""
        user = User.objects.create_superuser("rosa")
        size = 50_000 if LONG else 1_500
        step = size // 15
        people = {n: ContactFactory(phone=f"+39347{2000000 + n}") for n in range(step // 2, size, step)}
        source = preview(user, *(f"347{2000000 + n}" for n in range(size)))
        for contact in people.values():
            consent.subscribe(contact)
        importing.confirm(source)
        waits: list[timedelta] = []
        left: list[int] = []

        def leave() -> None:
            for place, contact in people.items():
                while (ready := importing.counts(source)["ready"]) > size - place + importing.CHUNK:
                    pass
                began = timezone.now()
                consent.leave(contact)
                waits.append(timezone.now() - began)
                left.append(ready)

        def work() -> None:
            while importing.run(source.pk):
                pass

        in_threads(leave, work)
        assert len(waits) == len(people)
        assert all(left), "an OFF came only after the import"
        if LONG:
            assert max(waits) < timedelta(seconds=1)
        assert not any(consent.is_subscribed(contact) for contact in people.values())
        assert Subscriber.objects.count() == size
        assert verifying.verify() == (size + len(people), "")


def in_threads(*works: Callable[[], object]) -> None:
    failures: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


class TestPages:
    @pytest.fixture
    def staff(self, client: Client, user: User) -> Client:
        client.force_login(user)
        return client

    def upload(self, client: Client, data: bytes, **changed: str) -> str:
        fields = {"reference": "faldone 3", "signed_on": "2025-03-10", **changed}
        file = SimpleUploadedFile("lista.csv", data)
        return client.post(f"{LIST}add/", {"file": file, **fields}, follow=True).content.decode()

    def test_from_the_file_to_the_report(self, staff: Client) -> None:
        page = self.upload(staff, b"tel;nome\n3401112200;Maria\n3401112201;Ugo\n0935 72345;Ditta\n")
        assert "Conferma: iscrivi 2 persone" in page
        assert "è un numero fisso" in page
        source = SubscriberImport.objects.get()
        assert "in corso" in staff.post(f"{LIST}{source.pk}/conferma/", follow=True).content.decode()
        assert staff.get(f"{LIST}{source.pk}/andamento/").json()["ready"] == 2
        tasks.run_import(source.pk)
        found = staff.get(f"{LIST}{source.pk}/andamento/").json()
        assert (found["state"], found["ready"], found["total"]) == ("done", 0, 3)
        page = staff.get(f"{LIST}{source.pk}/change/").content.decode()
        assert "finita" in page
        report = staff.get(f"{LIST}{source.pk}/rapporto/").content.decode()
        assert report.splitlines()[1:] == [
            "2;iscritto;",
            "3;iscritto;",
            "4;rifiutato;è un numero fisso: serve il numero del cellulare con WhatsApp",
        ]
        for text in (page, report):
            assert "340111" not in text
        assert "già finita" in staff.post(f"{LIST}{source.pk}/annulla/", follow=True).content.decode()

    @pytest.mark.parametrize(
        ("data", "changed", "words"),
        [
            (b"", {}, "vuoto"), (b"\x00\x01", {}, "CSV UTF-8"),
            (b"3401112200", {"reference": ""}, "errorlist"),
            (b"3401112200", {"signed_on": "2999-01-01"}, "nel futuro"),
        ],
    )  # fmt: skip
    def test_a_refused_file_says_why(
        self, staff: Client, data: bytes, changed: dict[str, str], words: str
    ) -> None:
        assert words in self.upload(staff, data, **changed)
        assert not SubscriberImport.objects.exists()

    def test_an_import_without_anybody_cannot_be_confirmed(self, staff: Client) -> None:
        assert "Non c'è nessuno da iscrivere" in self.upload(staff, b"tel\n12\n")

    def test_the_list_leads_to_both_and_only_who_may_import_does(self, staff: Client, user: User) -> None:
        self.upload(staff, b"3401112200")
        source = SubscriberImport.objects.get()
        assert "da confermare" in staff.get(LIST).content.decode()
        page = staff.get("/admin/subscribers/subscriber/").content.decode()
        assert f"{LIST}add/" in page
        install_roles()
        clerk = User.objects.create_user("piera", is_staff=True)
        clerk.groups.add(Group.objects.get(name="Segnalazioni"))
        staff.force_login(clerk)
        for word in ("change", "rapporto", "andamento"):
            assert staff.get(f"{LIST}{source.pk}/{word}/").status_code == 403
        for word in ("conferma", "annulla"):
            assert staff.post(f"{LIST}{source.pk}/{word}/").status_code == 403
        assert staff.get(f"{LIST}add/").status_code == staff.get(LIST).status_code == 403
        assert f"{LIST}add/" not in staff.get("/admin/subscribers/subscriber/").content.decode()
