"""Debian's Chromium, headless: for the tests in a browser, the benchmark and the guide's pictures."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DESK, PHONE = (1440, 900), (390, 844)  # windows
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def launch(playwright: Playwright) -> Browser:
    """Start it; there must be one (`CHROMIUM`). A crowded machine needs more than half a minute for it."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET, timeout=120_000)


MEASURE = """async () => {
    if (document.readyState !== "complete") await new Promise((loaded) => addEventListener("load", loaded));
    return document.documentElement.scrollWidth <= window.innerWidth;
}"""


def fits(page: Page) -> bool:
    """Is the page no wider than its window? Measured once it is loaded: its text stands there before the last
    style sheet, though nothing is painted yet."""
    return bool(page.evaluate(MEASURE))


class SharedBrowser:
    """One Chromium for all the tests of a process, which takes a second of processor to start.

    Between two loans Playwright's event loop does not count as this thread's running one: other tests have
    loops of their own, and Django refuses its database inside one.
    """

    def __init__(self) -> None:
        self.manager = sync_playwright()
        self.playwright: Playwright | None = None
        self.browser: Browser | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def lent(self) -> Iterator[Browser]:
        """For one test; what it leaves open is closed."""
        asyncio._set_running_loop(self.loop)
        try:
            if self.playwright is None:
                self.playwright = self.manager.start()
                self.loop = asyncio.get_running_loop()
            if self.browser is None or not self.browser.is_connected():
                self.browser = launch(self.playwright)
            yield self.browser
            for context in self.browser.contexts:
                context.close()
        finally:
            asyncio._set_running_loop(None)

    def stop(self) -> None:
        if self.playwright is not None:
            asyncio._set_running_loop(self.loop)
            self.playwright.stop()
