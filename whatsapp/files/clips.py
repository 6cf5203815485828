"""MP4, 3GP and QuickTime files, read box by box: their codecs, and what they say besides the film."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

# Boxes that hold boxes, on the way to what is read here.
CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex"}
# Where cameras write the place, the owner and the like; and room in which anything may stand.
PRIVATE = {b"udta", b"meta", b"uuid", b"free", b"skip", b"wide"}
HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
SOUND_BRANDS = {b"M4A ", b"M4B ", b"F4A "}
H264 = {"avc1", "avc3"}
# Far more than the clips of phones have.
MAX_BOXES = 20_000
MAX_DEPTH = 8
MAX_OFFSETS = 4096
MAX_ENTRIES = 16
# Before the boxes of a sample description: version and flags, the count; of a picture's: its fixed fields.
DESCRIPTIONS, VISUAL_FIELDS = 8, 78


@dataclass(frozen=True)
class Box:
    """A box's type, where it begins, and where its content begins and ends."""

    type: bytes
    at: int
    start: int
    end: int


@dataclass
class Track:
    """A track's handler ("vide", "soun" …) and what its sample descriptions say.

    Attributes:
        profile: H.264's number of it (66 Baseline, 77 Main, 100 High); 0 if unknown.
        reordered: frames are stored in another order than they are shown (B-frames).
    """

    handler: str = ""
    codecs: list[str] = field(default_factory=list)
    profile: int = 0
    reordered: bool = False


class Broken(Exception):
    """More boxes than a clip has, or deeper."""


def kind_of(content: bytes) -> str:
    """The MIME type of a file made of boxes, by its brand; empty for another file."""
    if content[4:8] == b"ftyp":
        return _kind_of_brand(content[8:12])
    # QuickTime's older files have no brand.
    first = next(_boxes(content, 0, len(content)), None)
    return "video/quicktime" if first and first.type in {b"moov", b"mdat", b"wide", b"pnot"} else ""


def _kind_of_brand(brand: bytes) -> str:
    if brand in AVIF_BRANDS:
        return "image/avif"
    if brand in HEIC_BRANDS:
        return "image/heic"
    if brand in SOUND_BRANDS:
        return "audio/mp4"
    if brand.startswith(b"3g"):
        return "video/3gpp"
    return "video/quicktime" if brand == b"qt  " else "video/mp4"


def tracks(content: bytes) -> list[Track]:
    """What a clip is made of; empty if its description is missing. Raises Broken."""
    found: list[Track] = []
    for box in _walk(content):
        if box.type == b"trak":
            found.append(Track())
        elif found:
            _describe(found[-1], box, content)
    return found


def _describe(track: Track, box: Box, content: bytes) -> None:
    """Take over what one of a track's boxes says of it."""
    if box.type == b"hdlr" and not track.handler:
        track.handler = content[box.start + 8 : box.start + 12].decode("latin-1")
    elif box.type == b"stsd":
        for entry in islice(_boxes(content, box.start + DESCRIPTIONS, box.end), MAX_ENTRIES):
            track.codecs.append(entry.type.decode("latin-1"))
            for part in islice(_boxes(content, entry.start + VISUAL_FIELDS, entry.end), MAX_ENTRIES):
                if part.type == b"avcC" and part.end - part.start > 1:
                    track.profile = max(track.profile, content[part.start + 1])
    elif box.type == b"ctts":
        table = content[box.start + 8 : min(box.end, box.start + 8 + 8 * MAX_OFFSETS)]
        offsets = {offset for _, offset in struct.iter_unpack(">II", table[: len(table) // 8 * 8])}
        track.reordered = len(offsets) > 1


def without_private_data(content: bytes) -> bytes:
    """The same clip with its boxes of private data emptied; nothing moves, so no offset changes. Raises
    Broken."""
    cleaned = bytearray(content)
    for box in _walk(content):
        if box.type in PRIVATE:
            cleaned[box.at + 4 : box.at + 8] = b"free"
            cleaned[box.start : box.end] = bytes(box.end - box.start)
    return bytes(cleaned)


def _walk(content: bytes) -> Iterator[Box]:
    """Every box of the file, each before those it holds."""
    spans = [iter(_boxes(content, 0, len(content)))]
    seen = 0
    while spans:
        box = next(spans[-1], None)
        if box is None:
            spans.pop()
            continue
        seen += 1
        if seen > MAX_BOXES or len(spans) > MAX_DEPTH:
            raise Broken
        yield box
        if box.type in CONTAINERS:
            spans.append(_boxes(content, box.start, box.end))


def _boxes(content: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes of one span; they end at the first whose size cannot be."""
    while end - start >= 8:
        size, kind = struct.unpack_from(">I4s", content, start)
        header = 8
        if size == 1 and end - start >= 16:
            (size,) = struct.unpack_from(">Q", content, start + 8)
            header = 16
        if size == 0:
            size = end - start
        if size < header or start + size > end:
            return
        yield Box(kind, start, start + header, start + size)
        start += size
