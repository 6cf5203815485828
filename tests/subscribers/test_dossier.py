"""The pages of a person: who may open them, what they show, what is written down of it."""

import hashlib
import json
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from subscribers import consent, identities, openings, rights
from subscribers.models import ConsentEvent
from subscribers.rights import Request
from tests.factories.broadcasts import UserFactory
from tests.factories.reports import report_of
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp.models import Contact, Mail

pytestmark = pytest.mark.django_db
SEARCH = "/admin/subscribers/subscriber/fascicolo/"
ASKED = {"check": "di persona allo sportello, con un documento", "reason": "modulo del 3 marzo"}


@pytest.fixture
def person() -> Contact:
    person = ContactFactory(phone="+393401112201", profile_name="Niccolò D'Urso", reachable=True)
    consent.subscribe(person, message=InboundMessageFactory(contact=person, text="Iscrizione on"))
    report_of("Perdita in via Roma 12", contact=person)
    return person


def logged_in(client: Client, *, role: str = "", can: tuple[str, ...] = ()) -> Client:
    user = UserFactory(can=can)
    user.groups.set(Group.objects.filter(name=role))
    client.force_login(user)
    return client


@pytest.fixture
def chief(client: Client) -> Client:
    return logged_in(client, role="Approvazione")


def page(client: Client, url: str, **data: str) -> str:
    answer = client.post(url, data, follow=True) if data else client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_person_is_found_by_the_whole_number_only(chief: Client, person: Contact) -> None:
    assert "Perdita in via Roma 12" in page(chief, SEARCH, number="340 111 2201")
    assert "non è un numero" in page(chief, SEARCH, number="2201")
    assert "non si conserva nulla" in page(chief, SEARCH, number="+39 340 999 9999")


def test_each_opening_is_logged_without_personal_data(chief: Client, person: Contact) -> None:
    assert chief.get(f"{SEARCH}{person.pk}/").status_code == 200
    entry = LogEntry.objects.get(action=LogEntry.Action.ACCESS)
    assert (entry.object_repr, entry.changes) == (str(person.pk), None)
    assert entry.actor


@pytest.mark.parametrize("kind", ["json", "print"])
def test_a_copy_wants_a_reason_and_is_logged_as_an_export(chief: Client, person: Contact, kind: str) -> None:
    url = f"{SEARCH}{person.pk}/copia/"
    for refused in (chief.get(url), chief.post(url, {"kind": kind})):
        assert "3401112201" not in refused.content.decode()
        assert "Perdita in via Roma" not in refused.content.decode()
    assert not LogEntry.objects.filter(action=LogEntry.Action.ACCESS).exists()
    copied = chief.post(url, {"kind": kind, "reason": "richiesta del 3 marzo"})
    assert "Perdita in via Roma 12" in copied.content.decode()
    entry = LogEntry.objects.get(action=LogEntry.Action.ACCESS)
    kept = entry.additional_data
    assert (kept["reason"], kept["person"], kept["completed"]) == ("richiesta del 3 marzo", person.pk, True)
    assert kept["sha256"] == hashlib.sha256(copied.content).hexdigest()
    assert "Niccolò" not in str(kept)


def test_the_json_is_whole(chief: Client, person: Contact) -> None:
    answer = chief.post(f"{SEARCH}{person.pk}/copia/", {"kind": "json", "reason": "richiesta del 3 marzo"})
    assert "attachment" in answer["Content-Disposition"]
    told = json.loads(answer.content)
    assert told["fascicolo"] == str(person.subject_id)
    assert told["Contatto"][0]["numero"] == "+393401112201"
    assert [event["evento"] for event in told["Registro dei consensi"]] == ["iscrizione"]


def test_who_opens_many_within_an_hour_is_told_to_the_administrators(
    chief: Client, django_capture_on_commit_callbacks: Any
) -> None:
    boss = User.objects.create_user("andrea", email="andrea@comune.example", is_staff=True)
    boss.groups.add(Group.objects.get(name="Amministratori"))
    people = ContactFactory.create_batch(openings.MOST + 2)
    with django_capture_on_commit_callbacks(execute=True):
        for person in people[: openings.MOST]:
            chief.get(f"{SEARCH}{person.pk}/")
            chief.get(f"{SEARCH}{person.pk}/")
    assert not Mail.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        for person in people[openings.MOST :]:
            chief.get(f"{SEARCH}{person.pk}/")
    letter = Mail.objects.get()
    assert (letter.subject, letter.address) == ("WhatsURP: molti fascicoli aperti", "andrea@comune.example")
    client = Client()
    client.force_login(boss)
    assert "Molti fascicoli aperti" in page(client, "/admin/")
    assert "più di 20 fascicoli" in page(client, "/admin/auditlog/logentry/")


def test_an_auditor_reads_and_changes_nothing(client: Client, person: Contact) -> None:
    auditor = logged_in(client, role="Revisori")
    html = page(auditor, f"{SEARCH}{person.pk}/")
    assert "+393401112201" in html  # a right of theirs
    assert "Registro dei consensi" in html
    assert "Perdita in via Roma" not in html  # what citizens write in confidence is not
    assert "Cancella i dati" not in html
    for act in ("cancella", "rettifica", "opposizione"):
        assert auditor.get(f"{SEARCH}{person.pk}/{act}/").status_code == 403


def test_who_may_not_see_whole_numbers_sees_none(client: Client, person: Contact) -> None:
    can = ("view_subscriber", "view_consentevidence", "rights_subscriber")
    reader = logged_in(client, can=can)
    assert "3401112201" not in reader.get(f"{SEARCH}{person.pk}/").content.decode()
    for kind in ("json", "print"):
        copied = reader.post(f"{SEARCH}{person.pk}/copia/", {"kind": kind, "reason": "richiesta"})
        assert "3401112201" not in copied.content.decode()


@pytest.mark.parametrize("role", ["", "Segnalazioni"])
def test_whoever_may_not_open_it_does_not(client: Client, person: Contact, role: str) -> None:
    stranger = logged_in(client, role=role)
    for part in ("", f"{person.pk}/", f"{person.pk}/copia/", f"{person.pk}/cancella/"):
        assert stranger.get(SEARCH + part).status_code == 403
    assert not LogEntry.objects.filter(action=LogEntry.Action.ACCESS).exists()


def test_the_ways_to_it(client: Client, person: Contact) -> None:
    chief = logged_in(client, role="Approvazione")
    link = f"{SEARCH}{person.pk}/"
    assert link in page(chief, f"/admin/subscribers/subscriber/{person.subscriber.pk}/change/")
    assert link in page(chief, f"/admin/whatsapp/contact/{person.pk}/change/")
    assert SEARCH in page(chief, "/admin/subscribers/subscriber/")
    clerk = logged_in(client, role="Segnalazioni")
    assert link not in page(clerk, f"/admin/subscribers/subscriber/{person.subscriber.pk}/change/")
    assert SEARCH not in page(clerk, "/admin/subscribers/subscriber/")


class TestErasure:
    def test_it_wants_reason_identity_and_a_tick(self, chief: Client, person: Contact) -> None:
        url = f"{SEARCH}{person.pk}/cancella/"
        assert "segnalazione aperta" in page(chief, url)
        for missing in ("check", "reason", "sure"):
            page(
                chief,
                url,
                **{name: value for name, value in (ASKED | {"sure": "on"}).items() if name != missing},
            )
            person.refresh_from_db()
            assert person.phone
        html = page(chief, url, **ASKED, sure="on")
        assert "resta la prova minima" in html
        assert "Perdita in via Roma" not in html
        person.refresh_from_db()
        assert person.phone is None

    def test_the_erased_are_found_by_their_number(self, chief: Client, person: Contact) -> None:
        rights.erase(person, Request("urp", "richiesta", "allo sportello"))
        html = page(chief, SEARCH, number="3401112201")
        assert "Dati cancellati il" in html
        assert "Registra un" not in html
        assert str(ConsentEvent.objects.latest("sequence").get_kind_display()) in html
        assert "Niccolò" not in html

    def test_two_people_of_one_number_are_both_shown(self, chief: Client, person: Contact) -> None:
        rights.erase(person, Request("urp", "richiesta", "allo sportello"))
        ContactFactory(phone="+393401112201", profile_name="Nuova Titolare")
        html = page(chief, SEARCH, number="3401112201")
        assert "Nuova Titolare" in html
        assert "dati cancellati il" in html


def test_an_objection_is_registered_and_shown(chief: Client, person: Contact) -> None:
    url = f"{SEARCH}{person.pk}/opposizione/"
    assert "obbligatorio" in page(chief, url, **ASKED)
    html = page(chief, url, **ASKED, text="Non voglio essere contattato.")
    assert "Opposizione al trattamento registrata il" in html
    assert not consent.is_subscribed(person)
    assert ("Opposizione", "registrata: vedi il fascicolo") in identities.describe(person)
    proof = ConsentEvent.objects.get(kind="objection").evidence
    assert "Non voglio essere contattato" in proof.text
    assert "allo sportello" in proof.text


def test_a_rectification_is_refused_in_words_or_done(chief: Client) -> None:
    person = ContactFactory(phone="+393401112202", profile_name="Rosi")
    url = f"{SEARCH}{person.pk}/rettifica/"
    assert "Non è cambiato nulla" in page(chief, url, **ASKED, name="Rosi")
    assert "Dati rettificati" in page(chief, url, **ASKED, name="Rossi", phone="340 111 2203")
    person.refresh_from_db()
    assert (person.profile_name, person.phone) == ("Rossi", "+393401112203")
    told = LogEntry.objects.filter(action=LogEntry.Action.UPDATE).values_list("object_repr", "changes")
    assert "Rossi" not in str(list(told))
    assert "34011122" not in str(list(told))


def test_an_unknown_act_or_person_is_not_found(chief: Client, person: Contact) -> None:
    assert chief.get(f"{SEARCH}{person.pk}/altro/").status_code == 404
    assert chief.get(f"{SEARCH}999999/").status_code == 404


def test_the_number_of_queries_does_not_grow(chief: Client, person: Contact) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(chief, f"{SEARCH}{person.pk}/")
        return len(queries)

    asked()
    before = asked()
    for n in range(5):
        report_of(f"Buca in via Garibaldi {n}", contact=person)
    assert asked() == before
