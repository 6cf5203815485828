"""Places in links and in figures: the pin, not the middle of the window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp.coordinates import points

PIN = (37.652512, 14.639845)


@pytest.mark.parametrize(
    "text",
    [
        "https://www.google.com/maps/place/Piazza/@37.66,14.62,15z/data=!3m1!4b1!4m6!3m5!8m2!3d37.652512!4d14.639845",
        "https://www.google.com/maps/search/?api=1&query=37.652512%2C14.639845",
        "https://maps.google.com/maps?q=37.652512%2C14.639845&z=17&ll=37.66,14.62",
        "https://maps.google.com/?q=37.652512,14.639845",
        "https://maps.google.com/maps?q=loc:37.652512,14.639845",
        "https://www.google.com/maps/search/37.652512,+14.639845?entry=tts",
        "https://www.google.com/maps/place/37.652512,14.639845/@37.66,14.62,15z",
        "https://www.google.com/maps/dir/?api=1&destination=37.652512,14.639845",
        "https://www.google.com/maps/@37.652512,14.639845,17z",
        "https://maps.apple.com/?ll=37.652512,14.639845&q=Via%20Roma&t=m",
        "https://maps.apple.com/?q=37.652512,14.639845&sll=37.66,14.62",
        "https://maps.apple.com/place?coordinate=37.652512,14.639845&name=Via%20Roma",
        "https://www.openstreetmap.org/?mlat=37.652512&mlon=14.639845#map=15/37.66/14.62",
        "https://www.openstreetmap.org/#map=19/37.652512/14.639845",
        "https://osmand.net/go?lat=37.652512&lon=14.639845&z=15",
        "https://waze.com/ul?ll=37.652512%2C14.639845&navigate=yes",
        "geo:37.652512,14.639845?z=19",
        "geo:0,0?q=37.652512,14.639845(Buca)",
        "La buca è qui 37.652512, 14.639845 venite",
        "37,652512 14,639845",
        "37,652512; 14,639845",
        "37,652512, 14,639845",
        "37.652512° N, 14.639845° E",
        "N 37.652512 E 14.639845",
        "lat: 37.652512 lon: 14.639845",
        "Latitudine 37,652512\nLongitudine 14,639845",
        "ho speso 12,50, 37.652512, 14.639845",
    ],
)
def test_the_place_is_read(text: str) -> None:
    assert next(found for found in points(text) if found[0] > 30 and found[1] < 20) == PIN


def test_minutes_and_seconds() -> None:
    [found] = points("37°39'09.0\"N 14°38'23.4\"E")
    assert found == pytest.approx((37.6525, 14.6398333), abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "", "via Roma 12", "https://maps.app.goo.gl/AbCdEf123", "https://goo.gl/maps/xyz", "14 37",
        "1.234.567", "il 12.05.2026 alle 14.30", "tel 0935 71111", "37.652512",
        "IBAN IT60X0542811101000000123456",
    ],
)  # fmt: skip
def test_what_is_no_place_is_none(text: str) -> None:
    assert list(points(text)) == []


@given(st.text(max_size=500))
def test_any_text_has_points_or_none(text: str) -> None:
    for latitude, longitude in points(text):
        assert isinstance(latitude, float)
        assert isinstance(longitude, float)
