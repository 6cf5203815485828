import pytest

from regalbuto_urp import context


@pytest.mark.parametrize(
    ("number", "read"),
    [("+393665340900", "366 53 40 900"), ("+15550001111", "+15550001111"), ("", "")],
)
def test_number_as_people_read_it(number: str, read: str) -> None:
    assert context.readable(number) == read
