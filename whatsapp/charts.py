"""The geometry of small plots drawn as SVG: sizes are attributes, since the policy allows no inline style."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Units of the viewBox: about a card's width in pixels, so that the labels keep the size of the text around.
WIDTH, HEIGHT = 380, 190
LEFT, RIGHT, TOP, BOTTOM = 40, 16, 16, 28


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    label: str
    value: float
    shown: bool  # the label below the axis; not all fit


@dataclass(frozen=True)
class Line:
    """A line over a filled ground, with its horizontal grid."""

    width: int
    height: int
    base: float
    dots: list[Dot]
    grid: list[tuple[float, int]]  # y, value

    @property
    def path(self) -> str:
        """For `<polyline points>`."""
        return " ".join(f"{dot.x},{dot.y}" for dot in self.dots)

    @property
    def area(self) -> str:
        """For `<polygon points>`: the ground below the line."""
        first, last = self.dots[0], self.dots[-1]
        return f"{first.x},{self.base} {self.path} {last.x},{self.base}"


def line(series: Sequence[tuple[str, float | None]]) -> Line | None:
    """A line through the series (label, value), at least two points; the axis begins at zero. None is a gap,
    which the line crosses."""
    values = [value for _label, value in series if value is not None]
    if len(values) < 2:
        return None
    top = ceiling(max(values))
    step = (WIDTH - LEFT - RIGHT) / (len(series) - 1)
    height = HEIGHT - TOP - BOTTOM
    every = -(-len(series) // 8)
    dots = [
        Dot(
            round(LEFT + step * number, 1),
            round(TOP + height * (1 - value / top), 1),
            label,
            value,
            (len(series) - 1 - number) % every == 0,
        )
        for number, (label, value) in enumerate(series)
        if value is not None
    ]
    return Line(WIDTH, HEIGHT, TOP + height, dots, _grid(top))


@dataclass(frozen=True)
class Column:
    """One of a group of bars; `rank` is its place in the group, which gives its colour."""

    x: float
    y: float
    width: float
    height: float
    rank: int


@dataclass(frozen=True)
class Group:
    label: str
    middle: float
    values: tuple[int, ...]
    columns: list[Column]


@dataclass(frozen=True)
class Columns:
    """Groups of bars side by side, with their horizontal grid."""

    width: int
    height: int
    groups: list[Group]
    grid: list[tuple[float, int]]  # y, value


def columns(series: Sequence[tuple[str, tuple[int, ...]]]) -> Columns | None:
    """A group of bars for each (label, values); the axis begins at zero. None: there is nothing to see."""
    most = max((value for _label, values in series for value in values), default=0)
    if not most:
        return None
    top, height = ceiling(most), HEIGHT - TOP - BOTTOM
    step = (WIDTH - LEFT - RIGHT) / len(series)
    groups = []
    for number, (label, values) in enumerate(series):
        wide = 0.7 * step / len(values)
        begin = LEFT + step * (number + 0.15)
        bars = [
            Column(
                round(begin + wide * rank, 1),
                round(TOP + height * (1 - value / top), 1),
                round(wide, 1),
                round(height * value / top, 1),
                rank,
            )
            for rank, value in enumerate(values)
        ]
        groups.append(Group(label, round(LEFT + step * (number + 0.5), 1), values, bars))
    return Columns(WIDTH, HEIGHT, groups, _grid(top))


def _grid(top: int) -> list[tuple[float, int]]:
    height = HEIGHT - TOP - BOTTOM
    return [(round(TOP + height * (1 - part / 2), 1), top * part // 2) for part in range(3)]


def ceiling(value: float) -> int:
    """The round, even number at or above the value that ends an axis: 2, 4, 6, 10, 20, 40, 60, 100…"""
    power = 1
    while True:
        for step in (2, 4, 6, 10):
            if step * power >= value:
                return step * power
        power *= 10


@dataclass(frozen=True)
class Segment:
    """A piece of a bar 100 units long."""

    label: str
    count: int
    colour: str  # of `.wu-fill--…`
    x: float
    width: float


def segments(parts: Iterable[tuple[str, int, str]], total: int | None = None) -> list[Segment]:
    """Pieces laid end to end, from (label, count, colour); those of nought are left out."""
    parts = list(parts)
    whole = total or sum(count for _label, count, _colour in parts)
    laid: list[Segment] = []
    x = 0.0
    for label, count, colour in parts:
        if count:
            laid.append(Segment(label, count, colour, round(x, 2), round(100 * count / whole, 2)))
            x += 100 * count / whole
    return laid
