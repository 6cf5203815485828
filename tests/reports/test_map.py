"""The staff's map: its page, and the points it asks for."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from reports import mapping
from reports.models import Report, ReportCategory
from reports.states import State
from tests.factories.reports import ReportFactory
from tests.factories.town import many_reports

PAGE, POINTS = "admin:reports_report_map", "admin:reports_report_map_points"
TOWN = "14.5,37.5,14.9,37.8"
SECRET = "ZZSEGRETO"


@pytest.fixture
def staff(client: Client) -> User:
    user = User.objects.create_user("lucia", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_report"))
    client.force_login(user)
    return user


def placed(latitude: float = 37.65, longitude: float = 14.64, **told: Any) -> Report:
    made: Report = ReportFactory(latitude=latitude, longitude=longitude, inside_town=True, **told)
    return made


def points(client: Client, zoom: int = 18, bbox: str = TOWN, **filters: Any) -> Any:
    answer = client.get(reverse(POINTS), {"bbox": bbox, "zoom": zoom, **filters})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/geo+json"
    return json.loads(answer.content)


def numbers(found: Any) -> set[str]:
    return {one["properties"]["number"] for one in found["features"]}


@pytest.mark.django_db
def test_a_point_says_what_its_popup_shows_and_no_more(client: Client, staff: User) -> None:
    report = placed(summary=SECRET, address=SECRET, level=3, contact__profile_name=SECRET)
    (found,) = points(client)["features"]
    assert found["geometry"] == {"type": "Point", "coordinates": [14.64, 37.65]}
    assert found["properties"] == {
        "number": report.number, "category": "senza categoria", "state": "ricevuta", "open": True, "level": 3,
        "level_name": "seria", "received": "oggi", "url": f"/admin/reports/report/{report.pk}/change/",
    }  # fmt: skip
    assert SECRET not in json.dumps(found)


@pytest.mark.django_db
def test_from_afar_those_together_are_a_group_with_the_highest_level(client: Client, staff: User) -> None:
    for level in (1, 4, 2):
        placed(37.65 + level / 100_000, level=level)
    alone = placed(37.55, level=1)
    group, single = points(client, zoom=11)["features"]
    assert group["properties"] == {"count": 3, "level": 4, "level_name": "pericolo"}
    west, south, east, north = group["bbox"]
    assert (west, east) == (14.64, 14.64)
    assert south < group["geometry"]["coordinates"][1] < north
    assert single["properties"]["number"] == alone.number
    assert len(points(client, zoom=17)["features"]) == 4


@pytest.mark.django_db
def test_only_what_lies_in_the_rectangle(client: Client, staff: User) -> None:
    inside = placed()
    placed(37.7)
    ReportFactory()
    for zoom in (9, 18):
        assert numbers(points(client, zoom, bbox="14.63,37.64,14.65,37.66")) == {inside.number}
    assert points(client, tranne=inside.pk, bbox="14.63,37.64,14.65,37.66")["features"] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "received taken late old"),
        ({"aperta": "attesa"}, "received late old"),
        ({"aperta": "scadute"}, "late"),
        ({"aperta": "no"}, "resolved"),
        ({"aperta": "tutte"}, "received taken late old resolved"),
        ({"gravita": "4"}, "taken"),
        ({"giorni": "30"}, "received taken late"),
        ({"category__id__exact": "strade"}, "taken"),
        ({"office__id__exact": "strade"}, "taken"),
    ],
    ids=str,
)  # fmt: skip
def test_filters(client: Client, staff: User, filters: dict[str, str], expected: str) -> None:
    roads, now = ReportCategory.objects.get(slug="strade"), timezone.now()
    made = {
        "received": placed(),
        "taken": placed(state=State.TAKEN, level=4, category=roads, office=roads.office),
        "late": placed(due_on=timezone.localdate() - timedelta(days=1)),
        "old": placed(opened_at=now - timedelta(days=40)),
        "resolved": placed(state=State.RESOLVED, closed_at=now),
    }
    pk = {"category__id__exact": roads.pk, "office__id__exact": roads.office_id}
    chosen = {name: pk.get(name, value) for name, value in filters.items()}
    assert numbers(points(client, **chosen)) == {made[name].number for name in expected.split()}
    html = client.get(reverse(PAGE), chosen).content.decode()
    on_the_list = client.get(list_link(html))
    assert {row.number for row in on_the_list.context["cl"].result_list} == {
        made[n].number for n in expected.split()
    }


def list_link(html: str) -> str:
    """The address behind «Apri l'elenco con questi filtri»."""
    before = html.split("Apri l'elenco con questi filtri")[0]
    return before.rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    ["", "bbox=1,2,3&zoom=9", "bbox=a,b,c,d&zoom=9", f"bbox={TOWN}&zoom=x", "bbox=nan,nan,nan,nan&zoom=9",
     "bbox=14,38,15,37&zoom=9", "bbox=-999,0,999,1&zoom=9", "bbox=inf,0,inf,0&zoom=1"],
)  # fmt: skip
def test_nonsense_is_refused(client: Client, staff: User, query: str) -> None:
    assert client.get(f"{reverse(POINTS)}?{query}").status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", ["aperta=boh", "gravita=9", "giorni=x", "category__id__exact=a", "tranne=x"]
)
def test_a_filter_that_is_none_narrows_nothing(client: Client, staff: User, query: str) -> None:
    placed()
    assert client.get(f"{reverse(PAGE)}?{query}").status_code == 200
    name, value = query.split("=")
    assert len(points(client, **{name: value})["features"]) == 1


@given(st.text(max_size=40), st.text(max_size=5))
def test_a_view_is_one_or_is_refused(bbox: str, zoom: str) -> None:
    try:
        view = mapping.read_view(bbox, zoom)
    except ValueError:
        return
    assert 0 <= view.zoom <= mapping.FURTHEST


@pytest.mark.django_db
def test_as_many_queries_for_two_thousand_as_for_ten_and_a_bounded_answer(
    client: Client, staff: User
) -> None:
    def queries() -> list[int]:
        counts = []
        for address in (
            f"{reverse(POINTS)}?aperta=tutte&bbox={TOWN}&zoom=12",
            f"{reverse(POINTS)}?aperta=tutte&bbox={TOWN}&zoom=19",
            reverse(PAGE),
            reverse("admin:reports_report_changelist"),
            reverse("admin:reports_report_statistics"),
        ):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            counts.append(len(captured))
        return counts

    many_reports(10)
    queries()
    few = queries()
    many_reports(2000, seed=2)
    assert queries() == few
    found = points(client, zoom=19, aperta="tutte")
    assert (len(found["features"]), found["left_out"]) == (mapping.MOST, True)
    for zoom in (8, 12, 15):
        assert len(points(client, zoom=zoom, aperta="tutte")["features"]) <= mapping.MOST
    placed_there = Report.objects.filter(latitude__isnull=False).count()
    groups = points(client, zoom=9, aperta="tutte", bbox="14.0,37.0,15.5,38.5")["features"]
    assert sum(one["properties"].get("count", 1) for one in groups) == placed_there


@pytest.mark.django_db
def test_the_page_counts_what_it_cannot_show(client: Client, staff: User) -> None:
    placed()
    ReportFactory()
    ReportFactory()
    html = client.get(reverse(PAGE)).content.decode()
    assert "<strong>1</strong> segnalazione sulla mappa, <strong>2</strong> senza un punto" in html
    assert "Nessuna segnalazione" in client.get(reverse(PAGE), {"gravita": "4"}).content.decode()


@pytest.mark.django_db
def test_the_boundary_and_the_background_if_one_is_set(client: Client, staff: User, settings: Any) -> None:
    url = reverse("admin:reports_report_map_boundary")
    told = json.loads(client.get(url).content)
    assert (told["type"], told["tiles"]) == ("FeatureCollection", "")
    settings.MAP_TILES = "https://tiles.example.org/{z}/{x}/{y}.png"
    told = json.loads(client.get(url).content)
    assert (told["tiles"], told["attribution"]) == (settings.MAP_TILES, settings.MAP_ATTRIBUTION)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["map", "map_points", "map_boundary", "statistics", "export"])
def test_only_who_may_see_reports(client: Client, name: str) -> None:
    url = reverse(f"admin:reports_report_{name}")
    assert client.get(url).status_code == 302
    client.force_login(User.objects.create_user("altro", is_staff=True))
    assert client.get(url).status_code == 403
