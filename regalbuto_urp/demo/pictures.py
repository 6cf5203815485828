"""What citizens might have photographed, drawn from `scenes.toml`: recognisable, each a little different."""

import io
import math
from random import Random
from typing import Any

from PIL import Image, ImageColor, ImageDraw, ImageFilter

from regalbuto_urp.demo import stories

WIDTH, HEIGHT = 880, 660
GROUND = 350  # where the road begins
CORNERS = 22  # of a rounded outline
SUBJECTS: dict[str, dict[str, Any]] = stories.read("scenes")
WALLS = ("#dec496", "#e8d6b4", "#cda078", "#e2b8a0", "#f0e2c8")
SKIES = ("#96c4e8", "#b0d0ec", "#c4ccd4", "#f0ceaa")


def draw(subject: str, rng: Random) -> bytes:
    """A JPEG of the subject, one of `SUBJECTS`."""
    scene = SUBJECTS[subject]
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    pen = ImageDraw.Draw(picture, "RGBA")
    _street(pen, rng, night=scene.get("night", False))
    for thing in scene["things"]:
        for _ in range(rng.randint(*thing["count"])):
            _thing(pen, rng, thing)
    output = io.BytesIO()
    # A phone's noise, so that it does not look like a diagram.
    grain = Image.frombytes("L", (WIDTH // 2, HEIGHT // 2), rng.randbytes(WIDTH * HEIGHT // 4))
    noise = grain.resize((WIDTH, HEIGHT)).convert("RGB")
    soft = picture.filter(ImageFilter.GaussianBlur(0.7))
    Image.blend(soft, noise, 0.06).save(output, "JPEG", quality=88)
    return output.getvalue()


def _thing(pen: ImageDraw.ImageDraw, rng: Random, thing: dict[str, Any]) -> None:
    """Its parts, at one place, in one size and one shade."""
    x, y, size = (rng.uniform(*thing[name]) for name in ("x", "y", "size"))
    shade, colour = rng.randint(*thing.get("shade", (0, 0))), rng.choice(thing.get("colours", [""]))
    for part in thing["parts"]:
        outline = part.get("corners") or _blob(rng, *part["blob"])
        points = [(x + size * right, y + size * down) for right, down in outline]
        pen.polygon(points, _shaded(part.get("colour", colour), shade + part.get("shade", 0)))


def _blob(rng: Random, x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    """An irregular closed outline around a point."""
    turns = [2 * math.pi * step / CORNERS for step in range(CORNERS)]
    return [
        (
            x + math.cos(turn) * width * rng.uniform(0.84, 1.16),
            y + math.sin(turn) * height * rng.uniform(0.84, 1.16),
        )
        for turn in turns
    ]


def _shaded(colour: str, change: int) -> tuple[int, ...]:
    """Lighter or darker; how clear it is stays."""
    red, green, blue, *clear = ImageColor.getrgb(colour)
    return (*(max(0, min(255, part + change)) for part in (red, green, blue)), *clear)


def _street(pen: ImageDraw.ImageDraw, rng: Random, *, night: bool) -> None:
    """Sky, a hill, a row of houses and the road in front of them."""
    sky, dark = ("#161e38", -120) if night else (rng.choice(SKIES), 0)
    pen.rectangle((0, 0, WIDTH, GROUND), sky)
    pen.polygon(_blob(rng, WIDTH * rng.uniform(0.2, 0.8), GROUND, 620, 190), _shaded(sky, -28))
    left = -rng.randint(0, 60)
    while left < WIDTH:
        width, roof = rng.randint(130, 210), GROUND - rng.randint(130, 240)
        wall = rng.choice(WALLS)
        pen.rectangle((left, roof, left + width, GROUND), _shaded(wall, dark))
        pen.rectangle((left, roof - 10, left + width, roof), _shaded(wall, dark - 60))
        for x in (left + 25, left + width - 55):
            for y in range(roof + 28, GROUND - 50, 85):
                lit = night and rng.random() < 0.4
                pen.rectangle((x, y, x + 34, y + 48), "#fad678" if lit else _shaded("#465c6e", dark // 3))
        left += width
    pen.rectangle((0, GROUND, WIDTH, HEIGHT), _shaded("#909296", dark // 2))
    pen.rectangle((0, GROUND + 26, WIDTH, HEIGHT), _shaded("#686a6e", dark // 2))
