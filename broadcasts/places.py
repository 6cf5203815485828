"""Coordinates as people copy them from a map."""

from whatsapp import coordinates
from whatsapp.errors import ContentError
from whatsapp.types import Place

# Sicily and its islands, degrees: outside, latitude and longitude are most likely the wrong way round.
LATITUDES = (35.0, 39.0)
LONGITUDES = (11.5, 16.0)


def parse(text: str) -> tuple[float, float]:
    """Latitude and longitude from «37.6525, 14.6398», also with decimal commas, or from a map's link.

    Raises:
        ContentError: no two decimal numbers, or a point outside Sicily.
    """
    point = next(coordinates.points(text), None)
    if point is None:
        raise ContentError(
            "Le coordinate non si leggono: copiale dalla mappa così come sono, per esempio 37.6525, 14.6398. "
            "Da un link abbreviato non si possono leggere."
        )
    latitude, longitude = point
    if not (LATITUDES[0] <= latitude <= LATITUDES[1] and LONGITUDES[0] <= longitude <= LONGITUDES[1]):
        raise ContentError(
            "Il punto non è in Sicilia: scrivi prima la latitudine (37,…), poi la longitudine (14,…)."
        )
    return latitude, longitude


def map_url(place: Place) -> str:
    """The point on OpenStreetMap, for whoever wants to get there."""
    point = f"{place.latitude:.5f}"
    return (
        f"https://www.openstreetmap.org/?mlat={point}&mlon={place.longitude:.5f}"
        f"#map=17/{point}/{place.longitude:.5f}"
    )
