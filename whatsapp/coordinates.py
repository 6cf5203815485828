"""Where a text points to: the pin of a map's link, or coordinates as people write and copy them.

Links of Google Maps, Apple Maps, OpenStreetMap and their kin, `geo:` addresses (RFC 5870), decimal degrees
with points or commas, degrees with minutes and seconds. Nothing is opened: a shortened link says nothing.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

Point = tuple[float, float]  # latitude, longitude

LENGTH_LIMIT = 4096
_NUMBER = r"(-?\d{1,3}\.\d{1,20})"
_PAIR = rf"{_NUMBER}[,;] ?\+?{_NUMBER}"
_DEGREES = r"(-?\d{1,3}[.,]\d{1,20}) ?°? ?"
_NORTH, _EAST = r"(?:N|lat\w{0,9})[ :=.]{0,3}", r"(?:E|lon\w{0,9})[ :=.]{0,3}"
# «37.6525, 14.6398», «37,6525 14,6398», «37.6525° N, 14.6398° E»; looked for at every place, for a price may
# stand before them.
_WRITTEN = (
    rf"(?<![\w.,@!=-])(?=(?:{_NORTH})?{_DEGREES}N?(?: ?[;,/] ?| )\+?(?:{_EAST})?{_DEGREES}E?(?![\w.]?\d))"
)
# The surest first. In a link the pin goes before what is looked for, and both before the middle of the
# window, which may be kilometres away.
_DECIMAL = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"!3d{_NUMBER}!4d{_NUMBER}",
        rf"[?&](?:q|query|daddr|destination)=(?:loc:)?{_PAIR}",
        rf"[?&](?:ll|coordinate)=(?:loc:)?{_PAIR}",
        rf"[?&]m?lat={_NUMBER}&m?lon={_NUMBER}",
        rf"\bgeo:{_PAIR}",
        _WRITTEN,
        rf"[?&](?:sll|center)={_PAIR}",
        rf"#map=\d{{1,2}}(?:\.\d{{1,3}})?/{_NUMBER}/{_NUMBER}",
        rf"@{_PAIR}",
    )
)
# «37°39'09.0"N 14°38'23.4"E»
_MINUTES = r"(\d{1,3}) ?° ?(\d{1,2}) ?['′’] ?(\d{1,2}(?:[.,]\d{1,9})?) ?(?:[\"″”]|'') ?"
_SEXAGESIMAL = re.compile(rf"(?<!\d){_MINUTES}N?[ ,;]{{0,2}}{_MINUTES}E?", re.IGNORECASE)


def points(text: str) -> Iterator[Point]:
    """All points that a text names, the surest first. Whether they are degrees at all is not looked at."""
    text = " ".join(unquote(text[:LENGTH_LIMIT])[:LENGTH_LIMIT].split())
    for match in _SEXAGESIMAL.finditer(text):
        parts = [_number(part) for part in match.groups()]
        yield _degrees(parts[:3]), _degrees(parts[3:])
    for pattern in _DECIMAL:
        for match in pattern.finditer(text):
            yield _number(match[1]), _number(match[2])


def _number(written: str) -> float:
    return float(written.replace(",", "."))


def _degrees(parts: list[float]) -> float:
    degrees, minutes, seconds = parts
    return degrees + minutes / 60 + seconds / 3600
