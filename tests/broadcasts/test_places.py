import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts import places
from whatsapp.errors import ContentError


@pytest.mark.parametrize(
    "text",
    [
        "37.6525, 14.6398",
        "37.6525,14.6398",
        " 37,6525  14,6398 ",
        "37.6525° N, 14.6398° E",
        "https://www.google.com/maps/@37.6525,14.6398,17z",
    ],
)
def test_coordinates_as_people_copy_them(text: str) -> None:
    assert places.parse(text) == (37.6525, 14.6398)


@given(st.floats(36, 38.9), st.floats(11.6, 15.9))
def test_every_point_of_sicily_is_read_back(latitude: float, longitude: float) -> None:
    found = places.parse(f"{latitude:.6f}, {longitude:.6f}")
    assert found == (float(f"{latitude:.6f}"), float(f"{longitude:.6f}"))


@pytest.mark.parametrize("text", ["", "piazza", "37, 14", "37.65"])
def test_what_is_not_a_point_is_refused(text: str) -> None:
    with pytest.raises(ContentError, match="non si leggono"):
        places.parse(text)


@pytest.mark.parametrize("text", ["14.6398, 37.6525", "45.4642, 9.1900", "999.0, 14.6"])
def test_a_point_elsewhere_is_most_likely_a_mistake(text: str) -> None:
    with pytest.raises(ContentError, match="non è in Sicilia"):
        places.parse(text)
