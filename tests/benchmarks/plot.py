"""A plot in text: one bar a second, so that the pace can be seen."""

from collections.abc import Sequence

BARS = " ▁▂▃▄▅▆▇█"
HEIGHT = 6


def draw(values: Sequence[int], title: str) -> str:
    """The values as columns of blocks, the highest as high as the plot."""
    top = max(values)
    rows = []
    for row in reversed(range(HEIGHT)):
        eighths = [round(value / top * HEIGHT * 8) - row * 8 for value in values]
        label = f"{top * (row + 1) / HEIGHT:5.0f} |"
        rows.append(label + "".join(BARS[min(max(one, 0), 8)] for one in eighths))
    return "\n".join([f"{title}: messages in each second, {len(values)} seconds", *rows, ""])
