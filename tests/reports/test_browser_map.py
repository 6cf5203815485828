"""The map in a real browser, by keyboard, under the site's strict policy."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from reports.models import Report
from tests.chromium import fits
from tests.conftest import Visit
from tests.factories.reports import ReportFactory

HOSTILE = '<img src="x" onerror="alert(1)">'
SMALL_MAP = """(attributes) => {
    const form = document.createElement("form");
    form.innerHTML = '<input name="latitude"><input name="longitude"><div id="small" data-map></div>';
    document.querySelector("#content").prepend(form);
    const box = document.querySelector("#small");
    Object.assign(box.dataset, attributes);
    return new TownMap(box).start();
}"""


@pytest.fixture
def page(visit: Visit, size: tuple[int, int], live_server: Any) -> Iterator[Page]:
    """Logged in; whatever goes to another host fails the test."""
    page = visit(User.objects.create_superuser("capo"), size)
    elsewhere: list[str] = []
    page.on("request", lambda sent: sent.url.startswith(live_server.url) or elsewhere.append(sent.url))
    yield page
    assert elsewhere == []


def placed(latitude: float, longitude: float = 14.64, **told: Any) -> Report:
    made: Report = ReportFactory(latitude=latitude, longitude=longitude, inside_town=True, **told)
    return made


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_from_the_town_to_one_case_by_keyboard(page: Page) -> None:
    here = [placed(37.65, level=4), placed(37.65, level=1), placed(37.6502, level=2)]
    Report.objects.filter(pk=here[0].pk).update(number=HOSTILE[:12])
    placed(37.7)
    page.goto("/admin/reports/report/mappa/")
    status = page.locator("[data-map-status]")
    expect(status).to_have_text("4 segnalazioni in questa parte della mappa.")
    group = page.get_by_role("button", name="3 segnalazioni, la più grave: pericolo")
    group.press("Enter")
    expect(status).to_have_text("3 segnalazioni in questa parte della mappa.")
    expect(page.locator("[data-map]")).to_be_focused()  # the group is no more, its place on the page is kept
    both = page.get_by_role("button", name=HOSTILE[:12])
    both.press("Enter")
    link = page.get_by_role("link", name=f"Segnalazione {HOSTILE[:12]}")
    expect(link).to_be_focused()
    expect(page.locator(".leaflet-popup p")).to_have_count(2)
    assert fits(page)
    page.keyboard.press("Escape")
    expect(both).to_be_focused()
    both.press(" ")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/report/{here[1].pk}/change/")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_small_map_shows_what_is_around_and_takes_a_place(page: Page) -> None:
    report, close = placed(37.65), placed(37.6505)
    placed(37.7)
    page.goto("/admin/reports/report/mappa/?gravita=4")
    points = f"/admin/reports/report/mappa/dati/?aperta=tutte&tranne={report.pk}"
    boundary = "/admin/reports/report/mappa/confine/"
    given = {"lat": "37.65", "lon": "14.64", "pick": "", "pointsUrl": points, "boundaryUrl": boundary}
    page.evaluate(SMALL_MAP, given)
    small = page.locator("#small")
    pins = small.get_by_role("button", name="Segnalazione")
    expect(pins).to_have_count(1)
    expect(small.get_by_role("button", name=f"Segnalazione {close.number}")).to_be_visible()
    latitude, longitude = page.locator("[name=latitude]"), page.locator("[name=longitude]")
    expect(latitude).to_have_value("")
    small.click(position={"x": 20, "y": 200})
    assert float(longitude.input_value()) < 14.64
    small.press("Enter")
    expect(latitude).to_have_value("37.650000")
    expect(longitude).to_have_value("14.640000")


@pytest.mark.parametrize(
    ("tiles", "allowed"),
    [
        ("", None),
        ("https://tile.example.org/{z}/{x}/{y}.png", "tile.example.org"),
        ("https://{s}.tile.example.org/{z}/{x}/{y}.png", "*.tile.example.org"),
        ("/tiles/{z}/{x}/{y}.png", None),
    ],
)
def test_the_policy_lets_the_background_in_and_nothing_else(tiles: str, allowed: str | None) -> None:
    policy = "settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['img-src'][3:]"
    ask = f"from django.conf import settings; print({policy})"
    told = subprocess.run(
        [sys.executable, "-c", ask],
        env={**os.environ, "MAP_TILES": tiles, "DJANGO_SETTINGS_MODULE": "regalbuto_urp.settings"},
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert told.stdout.strip() == str([allowed] if allowed else [])
