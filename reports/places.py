"""Where it is: inside the town's boundary or not, and addresses as people write them. Pure."""

import json
import random
import re
from functools import cache
from pathlib import Path

Point = tuple[float, float]  # longitude, latitude: GeoJSON's order

BOUNDARY_FILE = Path(__file__).parent / "data" / "regalbuto-confine.geojson"
_ADDRESS = re.compile(
    r"\b(?:via|viale|v\.le|vicolo|corso|c\.so|piazza|p\.zza|p\.za|piazzetta|largo|contrada|c\.da|c/da|c\.tra|salita"
    r"|scalinata|cortile|traversa|ss|s\.s\.|sp|s\.p\.)(?![^\W\d_])\s*(?:\d+\s*)?[^\W\d_][\w.'’]*(?:\s+[^\W\d_][\w.'’]*){0,5}"
    r"(?:,?\s*(?:n\.?|n°|numero|civico)?\s*\d{1,3}(?:\s*/\s*[a-zA-Z]\b|[a-zA-Z]\b)?)?"
    r"|\b(?:ss|s\.s\.|sp|s\.p\.)\s*\d{1,3}\b",
    re.IGNORECASE,
)
# Where an address ends for people who write without capitals or commas.
_NOT_IN_A_NAME = re.compile(
    r"\s+(?:c['’ ]?[eè]|ci|[eè]|non|nn|che|vicino|davanti|dietro|di fronte|accanto|all['’]altezza|angolo"
    r"|sono|si"
    r"|da|manca\w*|perde|tutt\w|ancora|al|alla|all|in|un|una|il|la|lo|le|gli|per|con|e|ha|hanno|mi|prima"
    r"|dopo|qualcuno"
    r"|lampion\w|lampeggi\w*|buca|buche|perdita|puzza|fumo|gas|va|verso|sembra|pieno|piena|senza|rott\w|spent\w"
    r"|chius\w)(?:\s|$).*",
    re.IGNORECASE | re.DOTALL,
)
_ADDRESS_LIMIT = 80


@cache
def boundary() -> tuple[Point, ...]:
    """The corners of the town's boundary, as in the file (one polygon without holes)."""
    data = json.loads(BOUNDARY_FILE.read_text(encoding="utf-8"))
    return tuple((x, y) for x, y, *_ in data["features"][0]["geometry"]["coordinates"][0])


def inside_town(latitude: float, longitude: float) -> bool:
    """Is the point within the boundary? Ray casting: an odd number of sides lies east of an inner point."""
    inside = False
    corners = boundary()
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        crosses = (y1 > latitude) != (y2 > latitude)
        if crosses and longitude < x1 + (latitude - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def random_point_inside(rng: random.Random) -> tuple[float, float]:
    """Latitude and longitude of a point within the boundary, for practice data."""
    xs, ys = zip(*boundary(), strict=True)
    while True:
        longitude, latitude = rng.uniform(min(xs), max(xs)), rng.uniform(min(ys), max(ys))
        if inside_town(latitude, longitude):
            return latitude, longitude


def valid(latitude: float, longitude: float) -> bool:
    """Can these be degrees at all? (Not a number is refused too.)"""
    return -90 <= latitude <= 90 and -180 <= longitude <= 180


def find_address(text: str) -> str:
    """The first thing in a text that looks like an address («via Roma 12»), or nothing."""
    if (match := _ADDRESS.search(text)) is None:
        return ""
    words = _NOT_IN_A_NAME.sub("", match[0])
    return " ".join(words.split()).rstrip(" ,.")[:_ADDRESS_LIMIT] if " " in words.strip() else ""
