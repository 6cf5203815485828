"""What citizens might have photographed, drawn: simple, recognisable, each a little different."""

import io
import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 880, 660
Colour = tuple[int, int, int]
Point = tuple[float, float]
ASPHALT: Colour = (104, 106, 110)
STONE: Colour = (196, 178, 148)
WALLS: list[Colour] = [(222, 196, 150), (232, 214, 180), (205, 160, 120), (226, 184, 160), (240, 226, 200)]
SKIES: list[Colour] = [(150, 196, 232), (176, 208, 236), (196, 204, 212), (240, 206, 170)]


def draw(subject: str, rng: Random) -> bytes:
    """A JPEG of the subject, one of `SUBJECTS`."""
    picture = SUBJECTS[subject](rng)
    output = io.BytesIO()
    _grain(picture, rng).save(output, "JPEG", quality=88)
    return output.getvalue()


def _grain(picture: Image.Image, rng: Random) -> Image.Image:
    """A phone's noise, so that it does not look like a diagram."""
    small = Image.frombytes("L", (WIDTH // 2, HEIGHT // 2), rng.randbytes(WIDTH * HEIGHT // 4))
    noise = small.resize((WIDTH, HEIGHT)).convert("RGB")
    return Image.blend(picture.filter(ImageFilter.GaussianBlur(0.7)), noise, 0.06)


def _shade(colour: Colour, change: int) -> Colour:
    red, green, blue = (max(0, min(255, part + change)) for part in colour)
    return red, green, blue


def _blob(
    rng: Random, x: float, y: float, width: float, height: float, roughness: float = 0.22
) -> list[Point]:
    """An irregular closed outline around a point."""
    steps = 22
    return [
        (
            x + math.cos(2 * math.pi * step / steps) * width * (1 + rng.uniform(-roughness, roughness)),
            y + math.sin(2 * math.pi * step / steps) * height * (1 + rng.uniform(-roughness, roughness)),
        )
        for step in range(steps)
    ]


def _street(rng: Random, *, night: bool = False) -> tuple[Image.Image, ImageDraw.ImageDraw, int]:
    """Sky, a row of houses and the road in front of them; returns also where the road begins."""
    sky = (22, 30, 56) if night else rng.choice(SKIES)
    picture = Image.new("RGB", (WIDTH, HEIGHT), sky)
    pen = ImageDraw.Draw(picture)
    horizon = rng.randint(300, 350)
    hill = [
        (0, horizon - rng.randint(60, 120)),
        (WIDTH * rng.uniform(0.3, 0.7), horizon - rng.randint(150, 220)),
    ]
    pen.polygon([(0, horizon), *hill, (WIDTH, horizon - 50), (WIDTH, horizon)], _shade(sky, -28))
    left = -rng.randint(0, 60)
    while left < WIDTH:
        left = _house(pen, rng, left, horizon, night=night)
    road = (52, 54, 62) if night else ASPHALT
    pen.rectangle((0, horizon, WIDTH, horizon + 26), _shade(road, 40))
    pen.rectangle((0, horizon + 26, WIDTH, HEIGHT), road)
    return picture, pen, horizon + 26


def _house(pen: ImageDraw.ImageDraw, rng: Random, left: int, ground: int, *, night: bool) -> int:
    width, height = rng.randint(130, 210), rng.randint(130, 240)
    wall = _shade(rng.choice(WALLS), -120 if night else 0)
    pen.rectangle((left, ground - height, left + width, ground), wall)
    pen.rectangle((left, ground - height - 10, left + width, ground - height), _shade(wall, -60))
    for row in range(2):
        for column in range(2):
            x, y = left + 25 + column * (width - 80), ground - height + 28 + row * 85
            lit = night and rng.random() < 0.4
            pane = (250, 214, 120) if lit else (70, 92, 110) if not night else (28, 34, 50)
            if y + 50 < ground:
                pen.rectangle((x, y, x + 34, y + 48), pane, outline=_shade(wall, -70), width=4)
    return left + width


def _pothole(rng: Random) -> Image.Image:
    picture, pen, road = _street(rng)
    for start in range(-100, WIDTH, 190):
        pen.polygon(
            [(start, road + 62), (start + 90, road + 62), (start + 84, road + 74), (start - 6, road + 74)],
            (225, 225, 220),
        )
    for _ in range(rng.randint(1, 3)):
        x, y = rng.uniform(220, WIDTH - 220), rng.uniform(road + 130, HEIGHT - 90)
        wide = rng.uniform(90, 190)
        pen.polygon(_blob(rng, x, y, wide, wide * 0.38), _shade(ASPHALT, 22))
        pen.polygon(_blob(rng, x, y + 4, wide * 0.88, wide * 0.32), (62, 58, 54))
        pen.polygon(_blob(rng, x, y + 12, wide * 0.68, wide * 0.22), (38, 35, 33))
        if rng.random() < 0.5:
            pen.polygon(_blob(rng, x, y + 16, wide * 0.5, wide * 0.13, 0.1), (120, 138, 150))
        for _ in range(12):
            sx, sy = x + rng.uniform(-1.5, 1.5) * wide, y + rng.uniform(-0.5, 0.7) * wide
            if sy > road:
                pen.ellipse((sx, sy, sx + rng.randint(4, 14), sy + rng.randint(3, 9)), (84, 82, 80))
    return picture


def _lamp(rng: Random) -> Image.Image:
    picture, pen, road = _street(rng, night=True)
    for _ in range(40):
        x, y = rng.randint(0, WIDTH), rng.randint(0, 140)
        pen.point([(x, y), (x + 1, y)], (220, 224, 240))
    dead = rng.choice([0, 1])
    for number, x in enumerate((rng.randint(170, 300), rng.randint(560, 700))):
        if number != dead:
            _light(picture, (x + 74, 128), road)
            pen = ImageDraw.Draw(picture)
        pen.rectangle((x - 6, 90, x + 6, road + 90), (20, 22, 26))
        pen.rectangle((x, 84, x + 86, 94), (20, 22, 26))
        head = (70, 74, 80) if number == dead else (255, 238, 170)
        pen.polygon([(x + 52, 94), (x + 98, 94), (x + 92, 114), (x + 58, 114)], head)
    return picture


def _light(picture: Image.Image, lamp: Point, road: int) -> None:
    """The cone of a lamp that works, over what is already drawn."""
    glow = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(glow)
    x, y = lamp
    pen.polygon([(x - 12, y - 16), (x + 12, y - 16), (x + 190, road + 190), (x - 190, road + 190)], 90)
    pen.ellipse((x - 200, road + 130, x + 200, road + 250), 90)
    glow = glow.filter(ImageFilter.GaussianBlur(22))
    picture.paste(Image.new("RGB", picture.size, (255, 224, 140)), (0, 0), glow)


def _bins(rng: Random) -> Image.Image:
    picture, pen, road = _street(rng)
    colours: list[Colour] = [(30, 110, 70), (40, 90, 160), (200, 170, 40), (120, 80, 50), (70, 74, 80)]
    rng.shuffle(colours)
    for number in range(3):
        x, top = 130 + number * 215 + rng.randint(-15, 15), road - rng.randint(70, 95)
        bin_colour = colours[number]
        bags = [(x + 40, top - 8), (x + 95, top - 20), (x + 135, top - 4)]
        for bag in bags[: rng.randint(1, 3)]:
            _bag(pen, rng, *bag)
        pen.polygon([(x, top), (x + 170, top), (x + 154, top + 200), (x + 16, top + 200)], bin_colour)
        pen.rectangle((x - 6, top - 4, x + 176, top + 16), _shade(bin_colour, -30))
        pen.ellipse((x + 24, top + 188, x + 52, top + 216), (30, 30, 30))
        pen.ellipse((x + 118, top + 188, x + 146, top + 216), (30, 30, 30))
    for _ in range(rng.randint(4, 8)):
        _bag(pen, rng, rng.randint(60, WIDTH - 60), road + rng.randint(150, 240))
    return picture


def _bag(pen: ImageDraw.ImageDraw, rng: Random, x: float, y: float) -> None:
    colour = rng.choice([(28, 28, 32), (220, 222, 226), (60, 120, 190), (240, 210, 70)])
    size = rng.uniform(34, 52)
    pen.polygon(_blob(rng, x, y, size, size * 0.85, 0.12), colour)
    pen.polygon(
        [
            (x - 10, y - size * 0.8),
            (x + 10, y - size * 0.8),
            (x + 16, y - size * 1.15),
            (x - 14, y - size * 1.1),
        ],
        colour,
    )


def _leak(rng: Random) -> Image.Image:
    picture, pen, road = _street(rng)
    x, y = rng.uniform(300, WIDTH - 300), road + rng.uniform(90, 140)
    water: Colour = (124, 160, 184)
    run = WIDTH if rng.random() < 0.5 else 0
    pen.polygon([(x - 60, y), (x + 60, y), (run, HEIGHT - 30), (run, HEIGHT - 190)], water)
    pen.polygon(_blob(rng, x, y + 26, 210, 64, 0.14), water)
    pen.polygon(_blob(rng, x, y + 22, 150, 40, 0.14), _shade(water, 26))
    for _ in range(10):
        wave = y + rng.uniform(-10, 60)
        start = x + rng.uniform(-170, 90)
        pen.arc((start, wave, start + 80, wave + 14), 190, 350, _shade(water, 60), 3)
    pen.ellipse((x - 44, y - 14, x + 44, y + 18), (70, 70, 74), outline=(48, 48, 50), width=5)
    for number in range(rng.randint(5, 9)):
        reach, height = rng.uniform(-90, 90), rng.uniform(60, 150)
        pen.line(
            [(x, y), (x + reach * 0.5, y - height), (x + reach, y - height * 0.4)],
            _shade(water, 70),
            5 - number % 3,
            joint="curve",
        )
    return picture


def _tree(rng: Random) -> Image.Image:
    picture, pen, road = _street(rng)
    y = road + rng.uniform(100, 170)
    bark: Colour = (94, 70, 48)
    tip, root = (WIDTH - 190, y - 20), (40, y + 70)
    if rng.random() < 0.5:
        tip, root = (190, y - 20), (WIDTH - 40, y + 70)
    pen.polygon(
        [(root[0], root[1] - 34), (root[0], root[1] + 30), (tip[0], tip[1] + 10), (tip[0], tip[1] - 8)], bark
    )
    for step in range(5):
        share = 0.35 + step * 0.12
        start = (root[0] + (tip[0] - root[0]) * share, root[1] + (tip[1] - root[1]) * share)
        end = (start[0] + rng.uniform(-60, 60), start[1] + rng.choice([-1, 1]) * rng.uniform(70, 130))
        pen.line([start, end], bark, 9)
    for _ in range(46):
        share = rng.uniform(0.35, 1.05)
        x = root[0] + (tip[0] - root[0]) * share + rng.uniform(-50, 50)
        leaf = _shade((62, 116, 56), rng.randint(-26, 34))
        pen.polygon(_blob(rng, x, y + rng.uniform(-95, 95), rng.uniform(22, 46), rng.uniform(16, 34)), leaf)
    return picture


def _wall(rng: Random) -> Image.Image:
    """A façade whose cornice is coming down."""
    wall = rng.choice(WALLS)
    picture = Image.new("RGB", (WIDTH, HEIGHT), wall)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, WIDTH, 70), rng.choice(SKIES))
    pen.rectangle((0, 70, WIDTH, 104), _shade(wall, -40))
    for left in (120, 560):
        pen.rectangle((left, 190, left + 190, 470), (74, 96, 84), outline=_shade(wall, -70), width=14)
        pen.line([(left + 95, 190), (left + 95, 470)], (54, 74, 64), 6)
    x = rng.uniform(360, 520)
    pen.polygon(_blob(rng, x, 96, 120, 46), STONE)
    pen.polygon(_blob(rng, x + 8, 104, 92, 30), (150, 112, 88))
    for _ in range(3):
        crack: list[Point] = [(x + rng.uniform(-60, 60), 130)]
        while crack[-1][1] < rng.uniform(380, 520):
            crack.append((crack[-1][0] + rng.uniform(-36, 36), crack[-1][1] + rng.uniform(24, 52)))
        pen.line(crack, (70, 56, 46), 4, joint="curve")
    pen.rectangle((0, 560, WIDTH, HEIGHT), _shade(ASPHALT, 40))
    for _ in range(26):
        sx, sy = x + rng.uniform(-200, 200), rng.uniform(565, 640)
        pen.polygon(
            _blob(rng, sx, sy, rng.uniform(6, 26), rng.uniform(5, 18)), _shade(STONE, rng.randint(-40, 10))
        )
    return picture


SUBJECTS: dict[str, Callable[[Random], Image.Image]] = {
    "buca": _pothole,
    "lampione": _lamp,
    "rifiuti": _bins,
    "perdita": _leak,
    "albero": _tree,
    "muro": _wall,
}
