"""Where it is: inside the town's boundary or not, and addresses as people write them. Pure."""

import json
import random
import re
from functools import cache
from pathlib import Path

from subscribers.phrases import NAMES
from whatsapp import coordinates

Point = tuple[float, float]  # longitude, latitude: GeoJSON's order

BOUNDARY_FILE = Path(__file__).parent / "data" / "regalbuto-confine.geojson"
# In a text with one space between its words
_ADDRESS = re.compile(
    r"\b(?:via|viale|v\.le|vicolo|corso|c\.so|piazza|p\.zza|p\.za|piazzetta|largo|contrada|c\.da|c/da|c\.tra"
    r"|salita|scalinata|cortile|traversa|ss|s\.s\.|sp|s\.p\.)(?![^\W\d_])"
    r" ?(?:\d{1,4} ?)?[^\W\d_][\w.'’]*(?: [^\W\d_][\w.'’]*){0,5}"
    r"(?:,? ?(?:n\.?|n°|numero|civico)? ?\d{1,3}(?: ?/ ?[a-zA-Z]\b|[a-zA-Z]\b)?)?"
    r"|\b(?:ss|s\.s\.|sp|s\.p\.) ?\d{1,3}\b",
    re.IGNORECASE,
)
# Where an address ends for people who write without capitals or commas.
_NOT_IN_A_NAME = re.compile(
    r" (?:c['’ ]?[eè]|ci|[eè]|non|nn|che|vicino|davanti|dietro|di fronte|accanto|all['’]altezza|angolo|sono"
    r"|si|da|manca\w*|perde|tutt\w|ancora|al|alla|all|in|un|una|il|la|lo|le|gli|per|con|e|ha|hanno|mi|prima|dopo"
    r"|qualcuno|lampion\w|lampeggi\w*|buca|buche|perdita|puzza|fumo|gas|va|verso|sembra|pieno|piena|senza"
    r"|rott\w|spent\w|chius\w)(?: |$).*",
    re.IGNORECASE,
)
_ADDRESS_LIMIT = 80
# Degrees around the town's rectangle, about 20 kilometres: what lies further away is no place of a report.
NEAR = 0.2
WORDS_BESIDE = 3
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
# What may stand in a street's name before the one word that tells it from others.
_PARTICLES = frozenset([
    "di", "de", "del", "dello", "della", "dei", "degli", "delle", "dell'", "d'", "la", "lo",
    "le", "i", "gli",
])  # fmt: skip
_SAINTS = frozenset([
    "san", "santo", "santa", "sant'", "beato", "beata",
])  # fmt: skip
_TITLES = frozenset([
    "don", "donna", "suor", "padre", "fra", "papa", "madonna", "maria", "re", "regina",
    "principe", "conte", "duca", "barone", "monsignor", "cardinale", "vescovo", "canonico",
    "generale", "colonnello", "capitano", "maggiore", "maresciallo", "dottor", "dott.",
    "professor", "prof.", "avvocato", "avv.", "onorevole", "on.", "cavaliere", "cav.",
    "senatore", "presidente", "fratelli", "f.lli", "vittorio", "piano", "monte", "case",
    "ponte", "fonte", "fontana", "serra", "vallone", "bivio", "spirito", "via", "piazza",
    "corso",
])  # fmt: skip
_STATE_ROAD = re.compile(r"(?:ss|s\.s\.|sp|s\.p\.) ?\d{1,3}\b", re.IGNORECASE)
_INITIALS = re.compile(r"[a-z]{1,2}|(?:[a-z]\.){1,3}|[ivx]{1,6}", re.IGNORECASE)


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


def find_point(text: str) -> tuple[float, float] | None:
    """Latitude and longitude of the point in or near the town that a text names, or whose link it holds."""
    longitudes, latitudes = zip(*boundary(), strict=True)
    south, north = min(latitudes) - NEAR, max(latitudes) + NEAR
    west, east = min(longitudes) - NEAR, max(longitudes) + NEAR
    for latitude, longitude in coordinates.points(text):
        if south <= latitude <= north and west <= longitude <= east:
            return latitude, longitude
    return None


def is_point(text: str) -> bool:
    """Is this a place and hardly anything else («sono qui https://maps…»)?"""
    said = _WORD.findall(_LINK.sub(" ", text[: coordinates.LENGTH_LIMIT]))
    return len(said) <= WORDS_BESIDE and find_point(text) is not None


def find_address(text: str) -> str:
    """The first thing in a text that looks like an address («via Roma 12»), or nothing."""
    if (match := _ADDRESS.search(" ".join(text.split()))) is None:
        return ""
    words = _NOT_IN_A_NAME.sub("", match[0]).strip()
    return words.rstrip(" ,.")[:_ADDRESS_LIMIT] if " " in words else ""


def find_street(text: str) -> str:
    """The street of the first address in a text («via Roma 12, Anna Verdi» -> «via Roma»), or nothing.

    Only what a street's name is made of: its kind, particles, titles, a first name, and one word more.
    Whatever follows may be about a person, and is left out.
    """
    address = find_address(text)
    if road := _STATE_ROAD.match(address):
        return road[0]
    kind, *words = address.partition(",")[0].split() or [""]
    kept, before, has_first_name = 0, "", False
    for place, word in enumerate(words, 1):
        plain = word.casefold().replace("’", "'")
        if plain in _PARTICLES:
            continue
        if place > 1 and not plain[0].isalpha():
            break
        kept = place
        is_first_name = plain in NAMES and not has_first_name
        if before in _SAINTS or not (is_first_name or _leads(plain)):
            break
        before, has_first_name = plain, has_first_name or is_first_name
    return " ".join([kind, *words[:kept]]).rstrip(".") if kept else ""


def _leads(word: str) -> bool:
    """May the word that tells a street from others still come after this one?"""
    return word in _TITLES | _SAINTS or word.isdecimal() or _INITIALS.fullmatch(word) is not None
