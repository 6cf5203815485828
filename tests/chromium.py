"""Debian's Chromium, headless: for the tests in a browser and for the guide's pictures."""

import shutil

from playwright.sync_api import Browser, Playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DESK, PHONE = (1440, 900), (390, 844)  # windows
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def launch(playwright: Playwright) -> Browser:
    """Start it; there must be one (`CHROMIUM`)."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
