"""What leaves of the reports: useful, and nothing of the person."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports import casework
from reports.models import Report, ReportCategory, ReportEvent
from reports.states import State
from tests.factories.reports import ReportFactory, report_of
from tests.factories.whatsapp import ContactFactory

pytestmark = pytest.mark.django_db
URL = "/admin/reports/report/esporta/"
REASON = "dati aperti di ottobre"


@pytest.fixture
def secretary(client: Client) -> User:
    user = User.objects.create_user("lucia", is_staff=True)
    user.groups.add(Group.objects.get(name="Segnalazioni"))
    client.force_login(user)
    return user


def take(client: Client, kind: str = "csv", query: str = "", **chosen: Any) -> str:
    answer = client.post(URL + query, {"reason": REASON, "kind": kind, **chosen})
    assert answer.status_code == 200
    assert f'.{kind}"' in answer["Content-Disposition"]
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def rows(client: Client, **chosen: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(take(client, **chosen), newline=""), delimiter=";"))


def features(client: Client, **chosen: Any) -> list[dict[str, Any]]:
    found = json.loads(take(client, "geojson", **chosen))
    assert found["type"] == "FeatureCollection"
    listed: list[dict[str, Any]] = found["features"]
    return listed


def test_a_closed_case_in_the_names_other_programs_know(client: Client, secretary: User) -> None:
    now = timezone.now().replace(microsecond=0)
    roads = ReportCategory.objects.get(slug="strade")
    report = ReportFactory(
        category=roads, office=roads.office, address="via Roma 12", latitude=37.65371, longitude=14.63957,
        inside_town=True, level=3, opened_at=now - timedelta(days=4),
        answered_at=now - timedelta(days=3, hours=12),
        due_on=timezone.localdate(), state=State.RESOLVED, closed_at=now, rating=4,
    )  # fmt: skip
    (row,) = rows(client)
    assert row == {
        "service_request_id": report.number,
        "status": "closed",
        "status_notes": "risolta",
        "service_name": "Strade e marciapiedi",
        "service_code": "strade",
        "categoria_modello_comuni": "Strade, marciapiedi, segnaletica e viabilità",
        "agency_responsible": "Ufficio tecnico",
        "requested_datetime": timezone.localtime(report.opened_at).isoformat(),
        "updated_datetime": timezone.localtime(report.opened_at).isoformat(),
        "expected_datetime": row["expected_datetime"],
        "address": "via Roma",
        "zipcode": "94017",
        "lat": "37.654",
        "long": "14.64",
        "nel_territorio": "sì",
        "gravita": "seria",
        "giorni_alla_prima_risposta": "0.5",
        "giorni_alla_chiusura": "4.0",
        "voto": "4",
    }
    assert row["expected_datetime"].startswith(f"{timezone.localdate()}T23:59:59+0")
    (feature,) = features(client)
    assert feature["geometry"] == {"type": "Point", "coordinates": [14.64, 37.654]}
    assert feature["properties"]["voto"] == 4
    assert set(feature["properties"]) == set(row) - {"lat", "long"}


def test_what_is_not_known_is_empty(client: Client, secretary: User) -> None:
    report = ReportFactory()
    (row,) = rows(client)
    told = ("service_code", "address", "zipcode", "lat", "nel_territorio", "giorni_alla_chiusura", "voto")
    assert [row[name] for name in told] == [""] * len(told)
    assert row["status"] == "open"
    assert row["expected_datetime"].startswith(str(report.goal_on))
    (feature,) = features(client)
    assert feature["geometry"] is None
    Report.objects.all().delete()
    assert rows(client) == features(client) == []


def test_the_lists_filters_and_dates_hold_for_both(client: Client, secretary: User) -> None:
    now = timezone.now()
    danger, old = ReportFactory(level=4), ReportFactory(level=4, opened_at=now - timedelta(days=9))
    ReportFactory(level=4, state=State.RESOLVED, closed_at=now)
    ReportFactory()
    query = "?aperta=si&gravita=4"
    assert {row["service_request_id"] for row in rows(client, query=query)} == {danger.number, old.number}
    since = str(timezone.localdate() - timedelta(days=1))
    assert [one["id"] for one in features(client, query=query, start=since)] == [danger.number]
    line = LogEntry.objects.latest("pk")
    assert (line.actor, line.object_repr) == (secretary, "Esportazione GEOJSON: segnalazioni")
    told = line.additional_data
    assert (told["reason"], told["rows"], told["completed"]) == (REASON, 1, True)
    assert "gravità: pericolo" in told["filters"]


def test_the_page_asks_the_form_and_speaks_of_no_numbers(client: Client, secretary: User) -> None:
    html = client.get(URL).content.decode()
    assert "GeoJSON, per le mappe" in html
    assert "non ci sono dati personali" in html
    assert 'name="whole"' not in html
    assert 'name="day"' not in html
    assert "mascherati" not in html
    assert "Correggi" in client.post(URL, {"reason": REASON, "kind": "xlsx"}).content.decode()
    assert "Correggi" in client.post(URL, {"kind": "csv"}).content.decode()


def test_who_may_only_read_takes_nothing_home(client: Client) -> None:
    reader = User.objects.create_user("lettore", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename="view_report"))
    client.force_login(reader)
    assert client.get(URL).status_code == 403
    html = client.get("/admin/reports/report/").content.decode()
    assert "Statistiche" in html
    assert "Esporta" not in html


MARK = "Zqx{}yw"
WORDS = st.text("abcdefg ,.;-'\"\n=+@", min_size=0, max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=WORDS, after=WORDS, door=st.integers(1, 999), street=st.booleans(),
    sep=st.sampled_from(["", ",", " firmato", ", casa di", ". Sono", " da", "/b"]),
)  # fmt: skip
def test_nothing_of_the_person_leaves(
    client: Client, secretary: User, before: str, after: str, door: int, street: bool, sep: str
) -> None:
    """A mark in all that comes from the citizen or speaks of them: none is in a file."""
    marks = {name: MARK.format(name) for name in ("text", "name", "note", "owed", "answer", "place")}
    contact = ContactFactory(reachable=True, profile_name=before + marks["name"], username=marks["name"])
    report = report_of(f"Buca {before}{marks['text']}{after}", contact=contact)
    place = f"via Roma {door}{sep} {marks['place']}" if street else before + marks["place"] + after
    Report.objects.filter(pk=report.pk).update(
        owed=marks["owed"], address=place, latitude=37.653712, longitude=14.639573, inside_town=True,
        reasons=[(marks["text"], 1)],
    )  # fmt: skip
    report.events.create(kind=ReportEvent.Kind.NOTED, actor=secretary, text=before + marks["note"])
    casework.answer(report, secretary, marks["answer"])
    for kind in ("csv", "geojson"):
        listed = client.post("/admin/reports/report/", {"q": report.number}).headers["Location"]
        told = take(client, kind, f"?{listed.split('?')[1]}")
        assert report.number in told
        assert "Zqx" not in told
        for secret in (
            contact.phone[3:],
            contact.subject_id,
            report.token,
            f"Roma {door}",
            "37.6537",
            "14.6395",
        ):
            assert str(secret) not in told
        (line,) = (line for line in told.splitlines() if report.number in line)
        assert ("via Roma" in line) is street
