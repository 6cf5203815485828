"""Debian's Chromium, headless: for the tests in a browser, the benchmark and the guide's pictures."""

import shutil

from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DESK, PHONE = (1440, 900), (390, 844)  # windows
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def launch(playwright: Playwright) -> Browser:
    """Start it; there must be one (`CHROMIUM`)."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)


# In one step, because a page may load itself again between two.
MEASURE = """
document.readyState === "complete" && { fits: document.documentElement.scrollWidth <= window.innerWidth }
"""


def fits(page: Page) -> bool:
    """Is the page no wider than its window? Measured once it is loaded: its text stands there before the last
    style sheet, though nothing is painted yet."""
    return bool(page.wait_for_function(MEASURE).json_value()["fits"])
