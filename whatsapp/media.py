"""Files: nothing from outside is trusted. The real type is read from the bytes, pictures are drawn anew."""

import hashlib
import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import filetype
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from PIL import ExifTags, Image

from whatsapp import signals
from whatsapp.errors import ContentError
from whatsapp.models import Media
from whatsapp.types import Kind

MB = 1024 * 1024
# What the provider takes (fact sheet 2.2); pictures are scaled instead of refused.
LIMITS = {Kind.IMAGE: 5 * MB, Kind.VIDEO: 16 * MB, Kind.AUDIO: 16 * MB, Kind.DOCUMENT: 100 * MB}
INBOUND_LIMIT = 25 * MB
UPLOAD_LIMIT = 40 * MB
TYPES = {
    "image/jpeg": Kind.IMAGE,
    "image/png": Kind.IMAGE,
    "video/mp4": Kind.VIDEO,
    "video/3gpp": Kind.VIDEO,
    "application/pdf": Kind.DOCUMENT,
}
_SUFFIXES = {
    **dict.fromkeys(["jpg", "jpeg", "png"], Kind.IMAGE),
    **dict.fromkeys(["mp4", "3gp", "mov"], Kind.VIDEO),
    "pdf": Kind.DOCUMENT,
}
_USUAL = {Kind.IMAGE: "jpg", Kind.VIDEO: "mp4", Kind.DOCUMENT: "pdf"}
_ITALIAN: dict[str, str] = {Kind.IMAGE: "file di immagine", Kind.VIDEO: "video", Kind.DOCUMENT: "PDF"}
_SMALLER = (
    "Accorcialo o salvalo in qualità più bassa; oppure mettilo sul sito e scrivi l'indirizzo nel testo."
)
# Kept as they are: nothing of ours opens them, the staff download them.
DOCUMENTS = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
}
_MIME_OF = {suffix: mime for mime, suffix in DOCUMENTS.items()}
# Office's files are archives: a folder in the new ones, a stream's name in the old ones tells which.
_FOLDERS = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_STREAMS = {"WordDocument": "doc", "Workbook": "xls", "PowerPoint Document": "ppt"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
INBOUND_TYPES = {
    **TYPES,
    **dict.fromkeys(DOCUMENTS, Kind.DOCUMENT),
    "image/webp": Kind.IMAGE,
    **{f"audio/{name}": Kind.AUDIO for name in ("ogg", "mpeg", "mp4", "m4a", "aac", "amr")},
}
# EXIF's orientations 2-8, and what undoes each.
_T = Image.Transpose
_TURNS: dict[Any, Image.Transpose] = dict(
    enumerate([_T.FLIP_LEFT_RIGHT, _T.ROTATE_180, _T.FLIP_TOP_BOTTOM, _T.TRANSPOSE, _T.ROTATE_270,
               _T.TRANSVERSE, _T.ROTATE_90], 2)
)  # fmt: skip
PICTURE_SIDE = 2048
THUMBNAIL_SIDE = 360
# A picture bomb is small in bytes and huge in pixels.
PIXEL_LIMIT = 50_000_000


@dataclass(frozen=True)
class Picture:
    """A picture drawn anew as JPEG, upright and without metadata, and its small version.

    Attributes:
        taken_at: where its EXIF said it was taken (latitude, longitude), if it said so credibly.
    """

    content: bytes
    thumbnail: bytes
    taken_at: tuple[float, float] | None = None


def sniff(content: bytes) -> str:
    """The MIME type by content, empty if unknown. Names and declared types are never believed."""
    if content.startswith(b"PK\x03\x04"):
        return _MIME_OF.get(_archive(content), "")
    if content.startswith(_OLE):
        found = (suffix for name, suffix in _STREAMS.items() if name.encode("utf-16-le") in content)
        return _MIME_OF.get(next(found, ""), "")
    kind = filetype.guess(content[:8192])
    if kind:
        return str(kind.mime)
    return "text/plain" if _is_text(content) else ""


def _archive(content: bytes) -> str:
    """What an archive is: docx, xlsx, pptx, odt, ods, or nothing of these."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "mimetype" in names:  # OpenDocument
                with archive.open("mimetype") as file:
                    return DOCUMENTS.get(file.read(100).decode("ascii", "ignore"), "")
    except Exception:  # made by a stranger to break us, or just broken: the library raises a dozen classes
        return ""
    return next(
        (suffix for folder, suffix in _FOLDERS.items() if any(n.startswith(folder) for n in names)), ""
    )


def _is_text(content: bytes) -> bool:
    """Words and nothing else: a page or a script is a program for whoever opens it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    readable = all(character.isprintable() or character in "\r\n\t" for character in text)
    return bool(text.strip()) and readable and not text.lstrip().startswith(("<", "#!"))


def redraw(content: bytes) -> Picture:
    """Decode a picture and draw it anew: whatever else the file carried (EXIF, position, scripts) is gone.
    Raises ContentError: not a picture, or too many pixels."""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG", "PNG", "WEBP"]) as picture:
            if picture.width * picture.height > PIXEL_LIMIT:
                raise ContentError("L'immagine è troppo grande: più di 50 milioni di punti.")
            turn, taken_at = _exif(picture)
            drawn = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    except ContentError:
        raise
    except Exception as error:  # a decoder fed by strangers raises whatever it likes
        raise ContentError("Il file non è un'immagine leggibile: usa una foto JPEG o PNG.") from error
    drawn.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    if drawn.mode == "RGBA":  # JPEG has no transparency: what is clear becomes white, as on paper
        drawn = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB")
    upright = drawn.transpose(turn) if turn is not None else drawn
    return Picture(_jpeg(upright, PICTURE_SIDE), _jpeg(upright, THUMBNAIL_SIDE), taken_at)


def _exif(picture: Image.Image) -> tuple[Image.Transpose | None, tuple[float, float] | None]:
    """How to turn a picture upright, and where it was taken. What is wrong with the data costs only them."""
    try:
        exif = picture.getexif()
        turn = _TURNS.get(exif.get(ExifTags.Base.Orientation))
    except Exception:
        return None, None
    try:
        position = exif.get_ifd(ExifTags.IFD.GPSInfo)
        latitude = _degrees(position[ExifTags.GPS.GPSLatitude], position[ExifTags.GPS.GPSLatitudeRef], "NS")
        longitude = _degrees(
            position[ExifTags.GPS.GPSLongitude], position[ExifTags.GPS.GPSLongitudeRef], "EW"
        )
    except Exception:
        return turn, None
    # 0/0 is a camera that does not know, not a picture from the sea off Ghana.
    credible = abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0, 0)
    return turn, (latitude, longitude) if credible else None


def _degrees(parts: Sequence[Any], side: str, sides: str) -> float:
    """Degrees, minutes and seconds as a signed number. Raises ValueError, among others."""
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or min(degrees, minutes, seconds) < 0 or max(minutes, seconds) > 60:
        raise ValueError("not a position")
    return -value if sides.index(side) else value


def _jpeg(picture: Image.Image, side: int) -> bytes:
    picture = picture.copy()
    picture.thumbnail((side, side))
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=85, optimize=True)
    return output.getvalue()


def save_outgoing(upload: UploadedFile[Any]) -> Media:
    """Check and keep a file the staff want to send: JPEG or PNG, MP4 or 3GP, PDF (fact sheet 2.2).

    Of a clip only the container is looked at, and whether it is HEVC: phones write it, WhatsApp refuses it.

    Raises:
        ContentError: another kind of file, over the provider's limit, or a picture that is not one.
    """
    size = upload.size or 0
    if size > UPLOAD_LIMIT:
        raise ContentError(
            f"Il file è di {_megabytes(size)}: il massimo è {_megabytes(UPLOAD_LIMIT)}. {_SMALLER}"
        )
    content = upload.read(8192)  # enough to tell what it is: a clip too long is not read at all
    mime = sniff(content)
    kind = TYPES.get(mime)
    if kind is None:
        raise ContentError("Questo tipo di file non si può inviare: usa JPEG o PNG, un video MP4 o un PDF.")
    if kind != Kind.IMAGE and size > LIMITS[kind]:
        raise ContentError(
            f"Il file è di {_megabytes(size)}: per {kind.label} WhatsApp accetta al massimo "
            f"{_megabytes(LIMITS[kind])}. {_SMALLER}"
        )
    content += upload.read()
    if kind == Kind.VIDEO and b"avc1" not in content and (b"hvc1" in content or b"hev1" in content):
        raise ContentError(
            "Il video è nel formato HEVC (H.265), che WhatsApp non apre: salvalo come MP4 H.264 e riprova."
        )
    return store(Media(kind=kind, filename=_named(upload.name or "", kind)), content, mime)


def _named(name: str, kind: Kind) -> str:
    """The file's name; one that says it is something else would not open on the phones."""
    stem, _, suffix = name.rpartition(".")
    said = _SUFFIXES.get(suffix.lower())
    return (f"{stem[:115]}.{_USUAL[kind]}" if said and said != kind else name)[:120]


def remark(upload: UploadedFile[Any], media: Media) -> str:
    """What became of a file on its way in, in Italian: a wrong name, a picture made smaller. Else empty."""
    if media.filename != (upload.name or "")[:120]:
        return (
            f"«{upload.name}» in realtà è un {_ITALIAN[media.kind]}: parte come {_ITALIAN[media.kind]}, con "
            f"il nome «{media.filename}». Se volevi un altro file, sceglilo di nuovo."
        )
    if media.kind == Kind.IMAGE and (upload.size or 0) > 2 * media.size:
        return f"La foto è stata ridotta da {_megabytes(upload.size or 0)} a {_megabytes(media.size)}."
    return ""


def store(media: Media, content: bytes, mime: str) -> Media:
    """Write the bytes of a checked file; pictures are drawn anew and get a thumbnail. Raises ContentError: a
    picture that cannot be read."""
    suffix = DOCUMENTS.get(mime) or mime.rsplit("/", 1)[-1]
    if media.kind == Kind.IMAGE:
        picture = redraw(content)
        content, mime, suffix = picture.content, "image/jpeg", "jpg"
        media.thumbnail.save("thumbnail.jpg", ContentFile(picture.thumbnail), save=False)
        if media.inbound and picture.taken_at:
            media.latitude, media.longitude = picture.taken_at
    media.mime_type, media.size = mime, len(content)
    media.sha256 = hashlib.sha256(content).hexdigest()
    media.status = Media.Status.FETCHED
    media.file.save(f"file.{suffix}", ContentFile(content), save=False)
    media.save()
    return media


def keep_inbound(media: Media, content: bytes) -> Media:
    """Keep what a citizen sent, or reject it with a reason; the message it came with stays either way."""
    if len(content) > INBOUND_LIMIT:
        return reject(
            media,
            f"file troppo grande ({_megabytes(len(content))}: il massimo è {_megabytes(INBOUND_LIMIT)})",
        )
    mime = sniff(content)
    kind = INBOUND_TYPES.get(mime)
    if kind is None:
        return reject(
            media,
            "file di un tipo non ammesso (si accettano foto, video, audio, PDF, testo, documenti di Office)",
        )
    media.kind = kind
    try:
        return store(media, content, mime)
    except ContentError as error:
        return reject(media, str(error))


@transaction.atomic
def reject(media: Media, reason: str) -> Media:
    """Mark a file as not available, for good; the apps above tell whoever sent it."""
    media.status, media.reason = Media.Status.REJECTED, reason[:200]
    media.save()
    signals.media_rejected.send(Media, media=media)
    return media


def _megabytes(size: int) -> str:
    return f"{size / MB:.1f} MB".replace(".", ",")
