"""axe-core on every page, Django's own included: nothing serious, in light, in dark and on a phone."""

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from playwright.sync_api import Page

from tests import pages
from tests.chromium import fits
from tests.conftest import DESK, PHONE, Visit

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
WHOLE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# What depends on the colours, and on the width; the rest is the same everywhere.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
ROOM = {"runOnly": {"type": "rule", "values": ["target-size", "scrollable-region-focusable"]}}
GRAVE = {"serious", "critical"}
# A colour on its way from the light page to the dark one is no colour of ours.
RUN = """async (options) => {
    document.getAnimations().forEach((animation) => animation.finish());
    return (await axe.run(document, options)).violations.map((rule) => [rule.impact, rule.id,
        rule.nodes.slice(0, 4).map((node) => node.html.slice(0, 150)).join(" … ")]);
}"""


@pytest.fixture
def page(visit: Visit, settings: Any) -> Page:
    """A town that has used the service for months, and somebody who sees all of it."""
    settings.WHATSAPP_API_URL = "http://127.0.0.1:1/v25.0"
    call_command("demo_data", verbosity=0)
    return visit(User.objects.create_superuser("capo"), bypass_csp=True)  # axe brings styles of its own


@pytest.mark.browser
@pytest.mark.timeout(1800)  # two minutes on a free machine
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_nothing_grave_on_any_page(page: Page) -> None:
    found = []
    for _name, path in list(pages.addresses()):
        page.emulate_media(color_scheme="light")
        resize(page, DESK)
        answer = page.goto(path)
        assert answer
        assert answer.status in {200, 403, 404}, (path, answer.status)
        page.evaluate(AXE)
        found += [(path, "", *told) for told in grave(page, WHOLE)]
        page.emulate_media(color_scheme="dark")
        found += [(path, "dark", *told) for told in grave(page, COLOURS)]
        page.emulate_media(color_scheme="light")
        resize(page, PHONE)
        found += [(path, "phone", *told) for told in grave(page, ROOM)]
        if not fits(page):
            found.append((path, "phone", "wider than the window"))
    assert not found, "\n".join(map(str, found))


def resize(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def grave(page: Page, rules: dict[str, Any]) -> list[list[str]]:
    """What axe finds with these rules, as (how grave, rule, where)."""
    return [told for told in page.evaluate(RUN, rules) if told[0] in GRAVE]
