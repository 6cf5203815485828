"""Somebody at a browser, whose clicks and fields are counted; a camera for the guide's pictures."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from regalbuto_urp.run import DEMO_PASSWORD
from tests.chromium import fits
from tests.guide.practice import Practice

PATIENCE = 90_000  # milliseconds: workers, receipts and a machine that does something else
MARGIN = 10  # pixels around what a picture shows
# The archives' list beside every page would take a quarter of each picture.
CLOSE_SIDEBAR = 'localStorage.setItem("django.admin.navSidebarIsOpen", "false");'


@dataclass(frozen=True)
class Count:
    """Presses of the mouse's button (what is chosen from a list is one), and fields typed into."""

    clicks: int = 0
    fields: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.clicks + other.clicks, self.fields + other.fields)

    def __sub__(self, other: "Count") -> "Count":
        return Count(self.clicks - other.clicks, self.fields - other.fields)


class Camera:
    """Takes pictures into a folder, small ones: few colours, WebP without loss."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(
        self, page: Page, name: str, *, of: Locator | None = None, mark: Locator | None = None, most: int = 0
    ) -> None:
        """The part `of` the page, down to `most` pixels, or the window's; `mark` is ringed."""
        page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
        box = _frame(page, of)
        box["height"] = min(box["height"], most or box["height"])
        image = Image.open(io.BytesIO(page.screenshot(full_page=True, clip=box))).convert("RGB")
        if mark and (ring := mark.bounding_box()):
            left, top = ring["x"] - box["x"] - 6, ring["y"] - box["y"] - 6
            corners = (left, top, left + ring["width"] + 12, top + ring["height"] + 12)
            ImageDraw.Draw(image).rounded_rectangle(corners, 8, outline="#c2185b", width=3)
        few = image.quantize(method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.convert("RGB").save(self.folder / f"{name}.webp", lossless=True, quality=100, method=6)


def _frame(page: Page, of: Locator | None) -> Any:
    size = page.viewport_size
    assert size
    box = of.bounding_box() if of else None
    if box is None:
        return {"x": 0, "y": 0, **size}
    left, top = max(0, box["x"] - MARGIN), max(0, box["y"] - MARGIN)
    width = min(size["width"] - left, box["width"] + 2 * MARGIN)
    return {"x": left, "y": top, "width": width, "height": box["height"] + 2 * MARGIN}


class Person:
    """Finds things by role and by what they are called, as people do."""

    def __init__(
        self, browser: Browser, town: Practice, username: str, size: tuple[int, int], camera: Camera | None
    ) -> None:
        self.town, self.username, self.camera = town, username, camera
        self.done = Count()
        width, height = size
        self.context = browser.new_context(
            base_url=town.site, viewport={"width": width, "height": height}, locale="it-IT"
        )
        self.refused: list[str] = []  # by the Content-Security-Policy: mistakes of ours
        self.context.on("console", self._listen)
        if camera:
            self.context.add_init_script(CLOSE_SIDEBAR)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)

    def _listen(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.refused.append(message.text)

    # --- Counted -----------------------------------------------------------------------------------

    def click(
        self, name: str | re.Pattern[str], role: Any = "button", *, within: Locator | None = None
    ) -> None:
        self.done += Count(clicks=1)
        self.find(name, role, within=within).click()

    def fill(self, label: str, text: str, *, within: Locator | None = None) -> None:
        self.done += Count(fields=1)
        self.find(label, "textbox", within=within).fill(text)

    def choose(self, label: str, option: str) -> None:
        self.done += Count(clicks=1)
        self.page.get_by_label(label).select_option(label=option)

    def tick(self, label: str) -> None:
        self.done += Count(clicks=1)
        self.page.get_by_label(label).check()

    # --- Not counted -------------------------------------------------------------------------------

    def find(
        self, name: str | re.Pattern[str], role: Any = "button", *, within: Locator | None = None
    ) -> Locator:
        place = within or self.page
        exact = role != "textbox"  # Django writes a colon after a field's name
        return place.get_by_role(role, name=name, exact=exact).first

    def card(self, heading: str) -> Locator:
        """A part of the page, by its heading."""
        title = self.page.get_by_role("heading", name=heading)
        return self.page.locator("section").filter(has=title).first

    @property
    def body(self) -> Locator:
        """The page without its head."""
        return self.page.locator("#content")

    def go_home(self) -> None:
        self.page.goto("/admin/")

    def reads(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=PATIENCE)

    def look(self, name: str, **frame: Any) -> None:
        """The page is as it should be; a picture of it, if anybody wants one. Wait for the page before."""
        if mark := frame.get("mark"):
            expect(mark).to_be_visible(timeout=PATIENCE)
        assert self.refused == []
        assert fits(self.page), name
        if self.camera:
            self.camera.take(self.page, name, **frame)

    # --- Getting in --------------------------------------------------------------------------------

    def enter(self, *, look: bool = False) -> None:
        """Password, and the code if one is asked for."""
        self.go_home()
        self.give_password(look=look)
        expect(self.page.get_by_role("heading", name="Che cosa c'è da fare")).to_be_visible()

    def give_password(self, *, look: bool = False) -> None:
        self.fill("Nome utente", self.username)
        self.done += Count(fields=1)
        self.page.get_by_label("Password").fill(DEMO_PASSWORD)  # which has no role
        if look:
            self.look("accesso", of=self.body)
        with self.page.expect_navigation():
            self.click("Accedi")
        if self.page.get_by_role("heading", name="Inserisci il codice").is_visible():
            self.fill("Codice", self.town.code())
            if look:
                self.look("codice", of=self.body)
            self.click("Continua")
