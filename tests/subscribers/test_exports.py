"""What an auditor takes home opens in a spreadsheet and harms nobody."""

import csv
import io

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from subscribers import consent, exports
from subscribers.models import ConsentEvidence
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact() -> Contact:
    contact = ContactFactory(phone="+393401112201", profile_name='=Niccolò\nD\'Urso; "Nino"')
    consent.subscribe(contact, message=InboundMessageFactory(contact=contact, text="Iscrizione on"))
    consent.leave(contact, message=InboundMessageFactory(contact=contact, text="ISCRIZIONE OFF"))
    return contact


@pytest.fixture
def auditor(client: Client) -> User:
    user = User.objects.create_user("revisore", is_staff=True)
    user.groups.add(Group.objects.get(name="Revisori"))
    client.force_login(user)
    return user


def download(client: Client, model: str, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/admin/subscribers/{model}/esporta/{query}")
    assert answer.status_code == 200
    raw = b"".join(answer.streaming_content)  # type: ignore[arg-type]
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_the_register_has_the_on_and_the_off(client: Client, auditor: User, contact: Contact) -> None:
    rows = download(client, "consentevent")
    assert [(row["evento"], row["testo_ricevuto"]) for row in rows] == [
        ("CANCELLAZIONE", "ISCRIZIONE OFF"),
        ("ISCRIZIONE", "Iscrizione on"),
    ]
    assert all(row["numero"].startswith("tel:+39340") for row in rows)
    assert len(rows[0]["sha256_informativa"]) == 64


def test_numbers_are_whole_only_with_the_right(client: Client, auditor: User, contact: Contact) -> None:
    masked = download(client, "subscriber")[0]["numero"]
    whole = auditor.has_perm("subscribers.view_full_numbers")
    assert masked == ("tel:+393401112201" if whole else "tel:+39340****201")


def test_accents_quotes_and_line_breaks_survive_and_formulas_do_not(
    client: Client, auditor: User, contact: Contact
) -> None:
    name = download(client, "subscriber")[0]["nome_su_whatsapp"]
    assert name == " " + contact.profile_name
    assert not name.startswith("=")


def test_filters_apply_and_the_export_is_logged(client: Client, auditor: User, contact: Contact) -> None:
    assert download(client, "subscriber", "?state__exact=active") == []
    entry = LogEntry.objects.get(user=auditor)
    assert "0 righe" in entry.change_message
    assert "state__exact=active" in entry.change_message


def test_only_who_may(client: Client, contact: Contact) -> None:
    user = User.objects.create_user("segreteria", is_staff=True)
    client.force_login(user)
    assert client.get("/admin/subscribers/subscriber/esporta/").status_code == 403


@given(st.text(max_size=30))
def test_no_cell_begins_like_a_formula(text: str) -> None:
    cell = exports.safe(text)
    assert not cell.startswith(exports.DANGEROUS)
    assert cell.strip() == text.strip()


def test_masked_exports_hide_numbers_in_what_people_wrote(client: Client, contact: Contact) -> None:
    message = InboundMessageFactory(contact=contact, text="Iscrizione on 3401112201")
    consent.subscribe(contact, message=message)
    user = User.objects.create_user("archivio", is_staff=True)
    names = ["view_consentevent", "export_consentevent"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    for row in download(client, "consentevent"):
        assert "3401112201" not in "".join(row.values())
        assert row["id_messaggio_whatsapp"] == ""


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
