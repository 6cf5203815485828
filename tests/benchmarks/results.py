"""How much is measured, a figure's line in the table, and the arithmetic they share."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from statistics import median


class Size(StrEnum):
    """TINY shows in seconds that a figure can be measured; what it measures then means nothing."""

    FULL = "full"
    QUICK = "quick"
    TINY = "tiny"


@dataclass(frozen=True)
class Line:
    """`ratio_kept` is None for absolute figures, which depend on the machine and never fail the run.

    `count` says on how many messages, people, pages or rows it was measured. Raises ValueError: on none.
    """

    figure: str
    target: str
    measured: str
    ratio_kept: bool | None = None
    _: KW_ONLY
    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"{self.figure}: measured on nothing")


def sustained(times: Sequence[float]) -> float:
    """Messages a second between the first and the last tenth: without start and end."""
    tenth = len(times) // 10
    middle = times[tenth : len(times) - tenth]
    return (len(middle) - 1) / (middle[-1] - middle[0])


def windows(times: Sequence[float]) -> list[int]:
    """How many fall in each whole second after the first, without the last, unfinished one."""
    counted = [0] * (int(times[-1] - times[0]) + 1)
    for at in times:
        counted[int(at - times[0])] += 1
    return counted[:-1]


def busiest_second(times: Sequence[float]) -> int:
    """The most that fall in any second, wherever it begins."""
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which this part of them lies."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def shown(values: Sequence[float], unit: str, digits: int = 0) -> str:
    """The median, and the runs behind it."""
    runs = ", ".join(f"{value:.{digits}f}" for value in values)
    return f"{median(values):.{digits}f} {unit} (runs: {runs})"
