"""Pictures drawn again as JPEG: upright, in sRGB, reduced, without anything else the file carried.

Runs in a process of its own (`isolation`), where Pillow's global switches concern one picture.
"""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import pillow_heif
from PIL import AvifImagePlugin, ExifTags, Image, ImageCms, ImageFile, ImageOps

from whatsapp.files.isolation import Refused

PICTURE_SIDE = 2048
THUMBNAIL_SIDE = 360
# At least so much is left of the longer side when a large picture is first reduced to a whole fraction.
REDUCED_SIDE = 1920
# A decoder that fails on so many pixels has most likely run out of memory.
MANY_PIXELS = 20_000_000
FORMATS = ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP"]
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
SRGB = ImageCms.createProfile("sRGB")
# Rows of the reduced picture that are made at once: few, for the memory the source needs is already much.
ROWS = 64
# What a mode becomes before pixels of it are averaged; palettes and 16 bits are told apart below.
_AVERAGED = {
    **{mode: mode for mode in ("L", "RGB", "RGBA", "CMYK", "LAB", "YCbCr")},
    **dict.fromkeys(["1"], "L"),
    **dict.fromkeys(["LA", "La", "PA", "RGBa"], "RGBA"),
}

Image.MAX_IMAGE_PIXELS = None  # the limit on memory says it better
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.options.DECODE_THREADS = 1
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.AUX_IMAGES = False
pillow_heif.options.DEPTH_IMAGES = False


@dataclass(frozen=True)
class Drawing:
    """A decoded picture, small enough to work with, and what its file said of it."""

    image: Image.Image
    exif: Image.Exif
    profile: bytes | None
    turned: bool = False  # the decoder has already applied the orientation
    partial: bool = False


def draw(file: BinaryIO) -> tuple[dict[str, Any], list[bytes]]:
    """The picture and its thumbnail as JPEG, with the facts `taken_at` ([latitude, longitude], or None) and
    `partial` (the end of the file is missing). Raises Refused, among others."""
    head = file.read(12)
    file.seek(0)
    is_heif = head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS
    drawing = _read_heif(file) if is_heif else _read(file)
    image = _in_srgb(drawing.image, drawing.profile)
    image.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    if not drawing.turned:
        image = _upright(image, drawing.exif)
    parts = [_jpeg(image), _jpeg(ImageOps.contain(image, (THUMBNAIL_SIDE, THUMBNAIL_SIDE)))]
    return {"taken_at": _position(drawing.exif), "partial": drawing.partial}, parts


def _read(file: BinaryIO) -> Drawing:
    try:
        return _decode(file)
    except OSError as error:
        if "truncated" not in str(error):
            raise
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    file.seek(0)
    drawing = _decode(file, partial=True)
    if len(drawing.image.convert("RGB").getcolors(2) or [None, None]) == 1:
        raise Refused("unreadable")  # one colour: no part of it was there
    return drawing


def _decode(file: BinaryIO, *, partial: bool = False) -> Drawing:
    with Image.open(file, formats=FORMATS) as picture:
        exif, profile = _exif(picture), picture.info.get("icc_profile")
        # A JPEG is decoded at a half, a quarter or an eighth where that is large enough.
        size = picture.size
        picture.draft(picture.mode, _contained(size))
        with _decoding(size):
            picture.load()
        width = picture.width
        image = _reduced(picture.size, lambda top, bottom: picture.crop((0, top, width, bottom)))
    return Drawing(image, exif, profile, partial=partial)


def _read_heif(file: BinaryIO) -> Drawing:
    """From the decoder's own memory, strip by strip: a copy of the whole would double what it costs."""
    picture = pillow_heif.open_heif(file)
    with _decoding(picture.size):
        pixels = memoryview(picture.data)
    stride, mode, width = picture.stride, picture.mode, picture.size[0]

    def strip(top: int, bottom: int) -> Image.Image:
        rows = pixels[top * stride : bottom * stride]
        return Image.frombytes(mode, (width, bottom - top), bytes(rows), "raw", mode, stride, 1)

    exif = Image.Exif()
    exif.load(picture.info.get("exif") or b"")
    return Drawing(_reduced(picture.size, strip), exif, picture.info.get("icc_profile"), turned=True)


@contextmanager
def _decoding(size: tuple[int, int]) -> Iterator[None]:
    """What a decoder says that ran out of memory is as good as any other error."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        if "truncated" not in str(error) and size[0] * size[1] > MANY_PIXELS:
            raise Refused("large") from error
        raise


def _contained(size: tuple[int, int]) -> tuple[int, int]:
    """The size at which a picture just fits."""
    scale = min(1.0, PICTURE_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _reduced(size: tuple[int, int], strip: Callable[[int, int], Image.Image]) -> Image.Image:
    """The picture at a whole fraction of its size, in a mode whose pixels can be averaged.

    Args:
        strip: gives the rows from one number to another, full width.
    """
    width, height = size
    factor = max(1, max(size) // REDUCED_SIDE)
    rows = ROWS * factor
    reduced: Image.Image | None = None
    for top in range(0, height, rows):
        piece = _averaged(strip(top, min(top + rows, height))).reduce(factor)
        if reduced is None:
            reduced = Image.new(piece.mode, (math.ceil(width / factor), math.ceil(height / factor)))
        reduced.paste(piece, (0, top // factor))
    if reduced is None:
        raise Refused("unreadable")
    return reduced


def _averaged(image: Image.Image) -> Image.Image:
    """In 8 bits a channel, without a palette."""
    if image.mode.startswith("I"):  # 16 bits of grey, which a plain conversion would cut off at white
        return image.convert("I").point(lambda value: value * (1 / 257) + 0).convert("L")
    if image.mode == "F":
        return image.convert("L")
    if image.mode in _AVERAGED:
        return image if image.mode == _AVERAGED[image.mode] else image.convert(_AVERAGED[image.mode])
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """As a screen without colour management shows it; what is transparent becomes white, as on paper."""
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, SRGB, outputMode="RGB")
            return converted or image.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a broken profile, or one of another kind of picture: the colours stay as they are
    return image.convert("RGB")


def _upright(image: Image.Image, exif: Image.Exif) -> Image.Image:
    try:
        image.getexif()[ExifTags.Base.Orientation] = exif.get(ExifTags.Base.Orientation, 1)
        return ImageOps.exif_transpose(image)
    except Exception:  # data that no camera writes: it costs only the turn
        return image


def _exif(picture: Image.Image) -> Image.Exif:
    try:
        return picture.getexif()
    except Exception:  # data that no camera writes
        return Image.Exif()


def _position(exif: Image.Exif) -> tuple[float, float] | None:
    """Where the picture was taken, as WGS84 degrees, if it says so credibly."""
    try:
        position = exif.get_ifd(ExifTags.IFD.GPSInfo)
        latitude = _degrees(position[ExifTags.GPS.GPSLatitude], position[ExifTags.GPS.GPSLatitudeRef], "NS")
        longitude = _degrees(
            position[ExifTags.GPS.GPSLongitude], position[ExifTags.GPS.GPSLongitudeRef], "EW"
        )
    except Exception:  # missing, or data that no camera writes
        return None
    # 0/0 is a camera that does not know, not a picture from the sea off Ghana.
    credible = abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0, 0)
    return (latitude, longitude) if credible else None


def _degrees(parts: Sequence[Any], side: str, sides: str) -> float:
    """Degrees, minutes and seconds as a signed number. Raises ValueError, among others."""
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or min(degrees, minutes, seconds) < 0 or max(minutes, seconds) > 60:
        raise ValueError("not a position")
    return -value if sides.index(side) else value


def _jpeg(image: Image.Image) -> bytes:
    output = io.BytesIO()
    image.save(output, "JPEG", quality=85, optimize=True)
    return output.getvalue()
