"""Plots stay inside their frame, whatever the figures."""

from hypothesis import given
from hypothesis import strategies as st

from whatsapp import charts

FIGURES = st.integers(min_value=0, max_value=10_000_000)


@given(st.lists(FIGURES, min_size=2, max_size=40))
def test_line_stays_inside_its_frame(values: list[int]) -> None:
    line = charts.line([(str(n), value) for n, value in enumerate(values)])
    assert line is not None
    assert all(0 <= dot.x <= line.width and charts.TOP <= dot.y <= line.base for dot in line.dots)
    assert line.grid[-1][1] >= max(values)
    assert line.dots[-1].shown
    assert sum(dot.shown for dot in line.dots) <= 8


def test_a_gap_has_no_dot_and_moves_no_other() -> None:
    whole, broken = (
        charts.line([("a", 2), ("b", 0.5), ("c", 1)]),
        charts.line([("a", 2), ("b", None), ("c", 1)]),
    )
    assert whole
    assert broken
    assert broken.dots == [whole.dots[0], whole.dots[2]]


def test_line_needs_two_points() -> None:
    assert charts.line([("gen", None), ("feb", 3), ("mar", None)]) is None
    assert charts.line([]) is None
    assert charts.line([("gen", 3)]) is None


@given(st.lists(FIGURES, max_size=8))
def test_segments_fill_the_bar_and_no_more(counts: list[int]) -> None:
    laid = charts.segments([("x", count, "blue") for count in counts])
    assert [segment.count for segment in laid] == [count for count in counts if count]
    assert sum(segment.width for segment in laid) <= 100.1
    assert all(segment.x <= 100 for segment in laid)


def test_segments_of_a_known_total_leave_room() -> None:
    (segment,) = charts.segments([("consegnati", 25, "green")], total=100)
    assert (segment.x, segment.width) == (0, 25)


@given(st.lists(st.tuples(st.text(max_size=3), st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)))))
def test_no_bar_leaves_the_plot(series: list[tuple[str, tuple[int, int]]]) -> None:
    plot = charts.columns(series)
    assert (plot is None) == (not any(value for _label, values in series for value in values))
    for group in plot.groups if plot else []:
        for bar in group.columns:
            assert bar.y >= 0
            assert bar.y + bar.height <= plot.height - charts.BOTTOM + 0.2
            assert bar.x >= charts.LEFT
            assert bar.x + bar.width <= plot.width - charts.RIGHT + 0.3
