"""How soon a report is answered, stands on the open list, and rings who is on duty: everything runs."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.results import Line, Size, percentile, shown
from tests.chromium import launch
from tests.journeys.town import PASSWORD, Phone, Town

# WhatsApp takes about ten messages a minute to one telephone: more runs would measure that.
RUNS = {Size.FULL: 9, Size.QUICK: 5, Size.TINY: 1}
DUTY = (
    "insert into whatsapp_staffphone (user_id, contact_id, on_duty) select u.id, c.id, true"
    " from auth_user u, whatsapp_contact c where u.username = 'segreteria' and c.phone = %s"
)


def measure(size: Size) -> list[Line]:
    """From the moment the simulated WhatsApp is told to send, so with its own delay of 50 ms."""
    folder = Path(tempfile.mkdtemp(prefix="whatsurp-desk-"))
    town = Town("desk", broker=4, media=folder)
    try:
        town.start()
        with sync_playwright() as playwright:
            page = launch(playwright).new_page()
            page.goto(f"{town.site}/admin/")
            page.fill("#id_username", "segreteria")
            page.fill("#id_password", PASSWORD)
            page.click("[type=submit]")
            page.goto(f"{town.site}/admin/reports/report/")
            return _figures(town, page, RUNS[size])
    finally:
        town.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _figures(town: Town, page: Page, runs: int) -> list[Line]:
    duty = Phone(town, town.control("phones", name="Di turno", number="+393401113399")["id"])
    duty.send(type="text", text="Prova")
    duty.wait_for("segnala")
    town.sql(DUTY, "+393401113399")
    on_page, answered, called = [], [], []
    for number in range(runs):
        made = town.control("phones", name=f"Ada {number}", number=f"+39340111{number:04}")
        phone = Phone(town, made["id"])
        began = time.monotonic()
        phone.send(type="text", text=f"Odore di gas fortissimo in via Cavour {number + 10}")
        waits: list[tuple[list[float], Callable[[], bool]]] = [
            (answered, lambda phone=phone: bool(phone.received())),
            (on_page, lambda number=number: page.get_by_text(f"via Cavour {number + 10}").count() > 0),
            (called, lambda number=number: _calls(duty) > number),
        ]
        while waits:
            for pair in list(waits):
                times, ready = pair
                if ready():
                    times.append(time.monotonic() - began)
                    waits.remove(pair)
            assert time.monotonic() - began < 60, "something never came"
            page.wait_for_timeout(20)
    return [
        _line("report to the citizen's first answer", "seconds", answered),
        _line("report to the staff's open list", "3 s", on_page),
        _line("danger to the telephone of who is on duty", "10 s", called),
    ]


def _calls(duty: Phone) -> int:
    return sum("pericolo" in bubble.get("text", "") for bubble in duty.received())


def _line(figure: str, target: str, times: list[float]) -> Line:
    worst = percentile(times, 1)
    return Line(figure, target, f"{shown(times, 's', 2)}, slowest {worst:.2f}", count=len(times))
