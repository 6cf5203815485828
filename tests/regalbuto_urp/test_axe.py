"""axe-core on every page, Django's own included: nothing serious, in light, in dark and on a phone."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, Page

from tests import pages

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
WHOLE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# What depends on colours and width; the rest is the same everywhere.
VISIBLE = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "target-size", "scrollable-region-focusable"]}
}
GRAVE = {"serious", "critical"}
# A colour on its way from the light page to the dark one is no colour of ours.
RUN = """async (options) => {
    document.getAnimations().forEach((animation) => animation.finish());
    return (await axe.run(document, options)).violations.map((rule) => [rule.impact, rule.id,
        rule.nodes.slice(0, 4).map((node) => node.html.slice(0, 150)).join(" … ")]);
}"""
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def page(
    browser: Browser, live_server: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Iterator[Page]:
    """A town that has used the service for months, and its administrator's browser."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright runs a loop of its own
    settings.WHATSAPP_API_URL = "http://127.0.0.1:1/v25.0"
    call_command("demo_data", verbosity=0)
    client = Client()
    client.force_login(User.objects.get(username="amministratore"))
    context = browser.new_context(base_url=live_server.url, locale="it-IT")
    cookie: Any = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    context.add_cookies([cookie])
    yield context.new_page()
    context.close()
    connection.close()  # inside Playwright's loop it is another one, which would hold the test database


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("part", [0, 1])  # for two processes
def test_nothing_grave_on_any_page(page: Page, part: int) -> None:
    found = []
    for _name, path in list(pages.addresses())[part::2]:
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(DESK)  # type: ignore[arg-type]
        answer = page.goto(path)
        assert answer
        assert answer.status in {200, 403, 404}, (path, answer.status)
        page.evaluate(AXE)
        found += [(path, "", *told) for told in grave(page, WHOLE)]
        page.emulate_media(color_scheme="dark")
        found += [(path, "dark", *told) for told in grave(page, VISIBLE)]
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        found += [(path, "phone", *told) for told in grave(page, VISIBLE)]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append((path, "phone", "wider than the window"))
    assert not found, "\n".join(map(str, found))


def grave(page: Page, rules: dict[str, Any]) -> list[list[str]]:
    """What axe finds with these rules, as (how grave, rule, where)."""
    return [told for told in page.evaluate(RUN, rules) if told[0] in GRAVE]
