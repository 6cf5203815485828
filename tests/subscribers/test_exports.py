"""What an auditor takes home opens in a spreadsheet and harms nobody."""

import csv
import hashlib
import io
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from subscribers import consent, exports, register
from subscribers.models import ConsentEvent, ConsentEvidence
from subscribers.register import Kind, Source
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from tests.spreadsheets import cells_of
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db
REASON = "verifica annuale dei revisori"
NAME = '=Niccolò\nD\'Urso; "Nino"'


@pytest.fixture
def contact() -> Contact:
    contact = ContactFactory(phone="+393401112201", profile_name=NAME)
    consent.subscribe(contact, message=InboundMessageFactory(contact=contact, text="Iscrizione on"))
    consent.leave(contact, message=InboundMessageFactory(contact=contact, text="ISCRIZIONE OFF"))
    return contact


@pytest.fixture
def auditor(client: Client) -> User:
    user = User.objects.create_user("revisore", is_staff=True, first_name="Rita", last_name="Conti")
    user.groups.add(Group.objects.get(name="Revisori"))
    client.force_login(user)
    return user


@pytest.fixture
def archivist(client: Client) -> User:
    """May export, and sees no number whole."""
    user = User.objects.create_user("archivio", is_staff=True)
    names = ["view_consentevent", "export_consentevent", "view_subscriber", "export_subscriber"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return user


def ask(client: Client, model: str, query: str = "", **chosen: Any) -> Any:
    return client.post(f"/admin/subscribers/{model}/esporta/{query}", {"reason": REASON, **chosen})


def raw(client: Client, model: str, query: str = "", **chosen: Any) -> bytes:
    answer = ask(client, model, query, **chosen)
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content)


def download(client: Client, model: str, query: str = "", **chosen: Any) -> list[dict[str, str]]:
    file = raw(client, model, query, **chosen)
    assert file.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline=""), delimiter=";"))


def entry() -> Any:
    """The export's line in the log of actions."""
    return LogEntry.objects.filter(action=LogEntry.Action.ACCESS).latest("pk")


def test_the_register_has_the_on_and_the_off(client: Client, auditor: User, contact: Contact) -> None:
    rows = download(client, "consentevent")
    assert [(row["evento"], row["testo_ricevuto"]) for row in rows] == [
        ("CANCELLAZIONE", "ISCRIZIONE OFF"),
        ("ISCRIZIONE", "Iscrizione on"),
    ]
    assert all(row["numero"].startswith("tel:+39340") for row in rows)
    assert len(rows[0]["sha256_informativa"]) == 64


def test_numbers_are_whole_only_if_asked_for_with_the_right_and_a_reason(
    client: Client, auditor: User, contact: Contact
) -> None:
    assert download(client, "subscriber")[0]["numero"] == "tel:+39340****201"
    assert download(client, "subscriber", whole="on")[0]["numero"] == "tel:+393401112201"
    for reason in ("", "   ", "boh"):
        answer = ask(client, "subscriber", whole="on", reason=reason)
        assert not answer.streaming
        assert "Correggi quanto indicato qui sotto" in answer.content.decode()
    assert LogEntry.objects.filter(action=LogEntry.Action.ACCESS).count() == 2


def test_whole_numbers_are_not_even_offered_without_the_right(
    client: Client, archivist: User, contact: Contact
) -> None:
    page = client.get("/admin/subscribers/subscriber/esporta/").content.decode()
    assert 'name="whole"' not in page
    assert "il tuo ruolo non li vede per intero" in page
    assert download(client, "subscriber", whole="on")[0]["numero"] == "tel:+39340****201"
    assert entry().additional_data["whole"] is False


def test_accents_and_quotes_survive_and_formulas_and_line_breaks_do_not(
    client: Client, auditor: User, contact: Contact
) -> None:
    assert download(client, "subscriber")[0]["nome_su_whatsapp"] == '’=Niccolò D\'Urso; "Nino"'


def test_the_log_tells_who_why_which_rows_and_the_hash_of_the_very_file(
    client: Client, auditor: User, contact: Contact, tmp_path: Path
) -> None:
    path = tmp_path / "iscritti.csv"
    path.write_bytes(raw(client, "subscriber", "?state__exact=left", start="2020-01-01", end="2120-12-31"))
    line = entry()
    assert (line.actor, line.object_repr) == (auditor, "Esportazione CSV: iscritti")
    assert line.additional_data == {
        "reason": REASON,
        "filters": "stato: cancellato; dal 1 gennaio 2020; al 31 dicembre 2120",
        "whole": False,
        "rows": 1,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "completed": True,
    }
    if shutil.which("sha256sum"):
        told = subprocess.run(["sha256sum", path], capture_output=True, check=True, text=True).stdout
        assert told.split()[0] == line.additional_data["sha256"]


def test_an_export_broken_off_stays_so_in_the_log(client: Client, auditor: User, contact: Contact) -> None:
    answer = ask(client, "consentevent")
    assert entry().additional_data["completed"] is False  # written before the first byte
    next(iter(answer.streaming_content))
    assert entry().additional_data["completed"] is False
    assert "rows" not in entry().additional_data
    html = client.get("/admin/auditlog/logentry/").content.decode()
    assert "esportato</span>" in html
    assert "non completata: in corso, oppure interrotta" in html
    assert f"<strong>motivo</strong>: {REASON}" in html


def test_a_reader_who_leaves_early_has_not_had_the_file(contact: Contact) -> None:
    ended: list[Any] = []
    rows = ConsentEvent.objects.iterator()
    pieces = exports.stream(
        exports.ConsentResource(), rows, whole=False, done=lambda *told: ended.append(told)
    )
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert ended == []


def test_the_log_holds_no_number_and_no_name(client: Client, auditor: User, contact: Contact) -> None:
    for words in ("3401112201", "Niccolò"):
        listed = client.post("/admin/subscribers/subscriber/", {"q": words}).headers["Location"]
        query = f"?{listed.split('?')[1]}"
        download(client, "subscriber", query, reason="richiesta di +393401112201")
    told = str(list(LogEntry.objects.values_list("additional_data", "object_repr")))
    assert "con una ricerca" in told
    for personal in ("1112201", "Niccolò"):
        assert personal not in told


def test_the_page_says_the_filters_and_the_rows_before(
    client: Client, auditor: User, contact: Contact
) -> None:
    page = client.get("/admin/subscribers/consentevent/esporta/?kind__exact=on&source__exact=whatsapp")
    html = page.content.decode()
    for expected in (
        "evento: iscrizione; provenienza: WhatsApp",
        "<dd>1</dd>",
        'name="whole"',
        'type="date"',
    ):
        assert expected in html
    assert 'name="day"' not in html
    assert client.get("/admin/subscribers/consentevent/esporta/?kind__sbagliato=on").status_code == 400


@pytest.mark.parametrize(
    ("query", "chosen", "kinds"),
    [
        ("?topic=allerta", {}, ["ARGOMENTO LASCIATO"]),
        ("?source__exact=desk", {}, ["ISCRIZIONE"]),
        ("?kind__exact=off", {}, ["CANCELLAZIONE"]),
        ("", {"start": "2026-03-02"}, ["CANCELLAZIONE"]),
        ("", {"end": "2026-02-01"}, ["ARGOMENTO LASCIATO", "ISCRIZIONE"]),
        ("", {"start": "2026-02-01", "end": "2026-03-01"}, ["ARGOMENTO LASCIATO"]),
        ("?source__exact=desk", {"start": "2026-02-01"}, []),
    ],
)
def test_the_register_is_filtered_by_date_kind_source_and_topic(
    client: Client, auditor: User, query: str, chosen: dict[str, str], kinds: list[str]
) -> None:
    a_life(ContactFactory())
    assert [row["evento"] for row in download(client, "consentevent", query, **chosen)] == kinds


def a_life(contact: Contact) -> None:
    """Joined at the desk in January, left alerts in February, left in March: at the edges of the days."""
    for kind, source, at, topic in (
        (Kind.SUBSCRIBED, Source.DESK, "2026-01-10T00:00:00", ""),
        (Kind.TOPIC_LEFT, Source.WHATSAPP, "2026-02-01T23:59:59", "allerta"),
        (Kind.LEFT, Source.WHATSAPP, "2026-03-02T00:00:00", ""),
    ):
        moment = timezone.make_aware(datetime.fromisoformat(at))
        proof = register.Evidence(actor="prova", identity=contact.phone or "", shown="Ora sei iscritto")
        line = register.Entry(
            subject_id=contact.subject_id, kind=kind, at=moment, source=source, topic=topic, evidence=proof
        )
        register.append(line)


@pytest.mark.parametrize(
    ("day", "states", "topics"),
    [
        ("2026-01-09", [], ""),
        ("2026-01-10", ["iscritto"], ""),
        ("2026-01-31", ["iscritto"], ""),
        ("2026-02-01", ["iscritto"], "allerta"),
        ("2026-03-01", ["iscritto"], "allerta"),
        ("2026-03-02", ["cancellato"], ""),
    ],
)
def test_the_list_as_it_was_at_the_end_of_a_day(
    client: Client, auditor: User, day: str, states: list[str], topics: str
) -> None:
    contact = ContactFactory(phone="+393401112201")
    a_life(contact)
    rows = download(client, "subscriber", "?state__exact=active", day=day, whole="on")
    assert [row["stato"] for row in rows] == states
    for row in rows:
        assert row["codice_interessato"] == str(contact.subject_id)
        assert row["numero"] == "tel:+393401112201"
        assert row["iscritto_dal"] == "2026-01-10T00:00:00+01:00"
        assert row["cancellato_il"] == ("2026-03-02T00:00:00+01:00" if states == ["cancellato"] else "")
        assert row["argomenti_lasciati"] == topics
    assert entry().additional_data["filters"].startswith("com'era alla fine del ")
    assert entry().additional_data["rows"] == len(states)


def test_a_number_no_longer_known_is_missing_from_the_list_of_then(client: Client, auditor: User) -> None:
    contact = ContactFactory()
    a_life(contact)
    contact.delete()
    row = download(client, "subscriber", day="2026-02-10", whole="on")[0]
    assert (row["numero"], row["stato"]) == ("", "iscritto")


def test_dates_that_make_no_sense_are_refused(client: Client, auditor: User) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    for chosen, said in (
        ({"start": "2026-02-02", "end": "2026-02-01"}, "È prima del giorno «Dal»"),
        ({"day": str(tomorrow)}, "È nel futuro"),
        ({"day": "2026-02-01", "start": "2026-01-01"}, "non tutti e due"),
        ({"start": "ieri"}, "Inserisci una data valida"),
    ):
        assert said in ask(client, "subscriber", **chosen).content.decode()


def test_only_who_may(client: Client, contact: Contact) -> None:
    user = User.objects.create_user("segreteria", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_subscriber"))
    client.force_login(user)
    assert client.get("/admin/subscribers/subscriber/esporta/").status_code == 403
    assert ask(client, "subscriber").status_code == 403


@pytest.mark.parametrize("typed", ["3401112201", "340 1112201", "340-111-22-01", "+39 340.111.2201"])
def test_masked_exports_hide_numbers_in_what_people_wrote(
    client: Client, archivist: User, contact: Contact, typed: str
) -> None:
    message = InboundMessageFactory(contact=contact, text=f"Iscrizione on {typed}, dal 25-11-2026")
    consent.subscribe(contact, message=message)
    for row in download(client, "consentevent"):
        assert typed not in "".join(row.values())
        assert "1112201" not in "".join(row.values())
        assert row["id_messaggio_whatsapp"] == ""
        if "dal" in row["testo_ricevuto"]:
            assert row["testo_ricevuto"].endswith("dal 25-11-2026")


def test_the_register_without_its_evidence_is_exported_all_the_same(
    client: Client, auditor: User, contact: Contact
) -> None:
    ConsentEvidence.objects.all().delete()
    assert [(row["numero"], row["testo_ricevuto"]) for row in download(client, "consentevent")] == [
        ("", "")
    ] * 2


def test_an_export_needs_the_same_number_of_queries_however_long_it_is(
    client: Client, auditor: User, contact: Contact
) -> None:
    with CaptureQueriesContext(connection) as few:
        download(client, "subscriber")
    for _ in range(20):
        consent.subscribe(ContactFactory())
    with CaptureQueriesContext(connection) as many:
        assert len(download(client, "subscriber")) == 21
    assert len(many) == len(few)


# --- A real spreadsheet --------------------------------------------------------------------------

DANGERS = [
    "=1+1", "=HYPERLINK(\"http://example.org\";\"qui\")", "+1+1", "-2+3", "@SUM(1;2)", "\t=1+1", "\r=1+1",
    "\n=1+1", "＝1+1", "  =1+1", "=cmd|' /C calc'!A0", "a;b\"c", "due\nrighe\n=1+1",
    "Niccolò è già lì ‘così’ 🙂",
    "0039340", "+393401112201", "393401112201", "1E5", "12/3", "10:30", "1.000", "12 marzo", "€ 5", "",
]  # fmt: skip


def test_a_spreadsheet_shows_what_was_written_and_runs_none_of_it(
    soffice: str, client: Client, auditor: User, tmp_path: Path
) -> None:
    contact = ContactFactory(phone="+393401112201")
    for text in DANGERS:
        proof = register.Evidence(actor="Lucia D'Urso", text=text, identity="+393401112201", shown=text)
        line = register.Entry(
            subject_id=contact.subject_id, kind=Kind.SUBSCRIBED, at=timezone.now(), evidence=proof
        )
        register.append(line)
    path = tmp_path / "registro.csv"
    path.write_bytes(raw(client, "consentevent", whole="on"))
    header, *rows = (row for row in cells_of(soffice, path) if any(text for text, _ in row))
    names = [text for text, _ in header]
    assert not any(formula for row in rows for _, formula in row)
    read = [dict(zip(names, (text for text, _ in row), strict=False)) for row in rows]
    assert {row["numero"] for row in read} == {"tel:+393401112201"}
    assert {row["chi"] for row in read} == {"Lucia D'Urso"}
    for text, row in zip(DANGERS, reversed(read), strict=True):
        for column in ("testo_ricevuto", "mostrato"):
            shown = row[column].replace(exports.GUARD, "").strip("«» \t\n")
            written = text.strip().replace("\n", " / ").replace(exports.GUARD, "")
            assert shown == written, text
