"""Files: nothing from outside is trusted. The real type is read from the bytes, pictures are drawn anew."""

import hashlib
import io
from dataclasses import dataclass
from typing import Any

import filetype
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from PIL import Image, ImageOps

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
INBOUND_TYPES = {
    **TYPES,
    "image/webp": Kind.IMAGE,
    "audio/ogg": Kind.AUDIO,
    "audio/mpeg": Kind.AUDIO,
    "audio/mp4": Kind.AUDIO,
    "audio/m4a": Kind.AUDIO,
    "audio/aac": Kind.AUDIO,
    "audio/amr": Kind.AUDIO,
}
PICTURE_SIDE = 2048
THUMBNAIL_SIDE = 360
# A picture bomb is small in bytes and huge in pixels.
PIXEL_LIMIT = 50_000_000


@dataclass(frozen=True)
class Picture:
    """A picture drawn anew as JPEG, upright and without metadata, and its small version."""

    content: bytes
    thumbnail: bytes


def sniff(content: bytes) -> str:
    """The MIME type by content, empty if unknown. Names and declared types are never believed."""
    kind = filetype.guess(content[:8192])
    return str(kind.mime) if kind else ""


def redraw(content: bytes) -> Picture:
    """Decode a picture and draw it anew: whatever else the file carried (EXIF, position, scripts) is gone.

    Raises:
        ContentError: not a picture, or too many pixels.
    """
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG", "PNG", "WEBP"]) as picture:
            if picture.width * picture.height > PIXEL_LIMIT:
                raise ContentError("L'immagine è troppo grande: più di 50 milioni di punti.")
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, ContentError):
            raise
        raise ContentError("Il file non è un'immagine leggibile: usa una foto JPEG o PNG.") from error
    return Picture(_jpeg(upright, PICTURE_SIDE), _jpeg(upright, THUMBNAIL_SIDE))


def _jpeg(picture: Image.Image, side: int) -> bytes:
    picture = picture.copy()
    picture.thumbnail((side, side))
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=85, optimize=True)
    return output.getvalue()


def save_outgoing(upload: UploadedFile[Any]) -> Media:
    """Check and keep a file the staff want to send: JPEG or PNG, MP4 or 3GP, PDF.

    Raises:
        ContentError: another kind of file, over the provider's limit, or a picture that is not one.
    """
    if (upload.size or 0) > UPLOAD_LIMIT:
        raise ContentError(
            f"Il file è di {_megabytes(upload.size or 0)}: il massimo è {_megabytes(UPLOAD_LIMIT)}."
        )
    content = upload.read()
    mime = sniff(content)
    kind = TYPES.get(mime)
    if kind is None:
        raise ContentError("Questo tipo di file non si può inviare: usa JPEG o PNG, un video MP4 o un PDF.")
    if kind != Kind.IMAGE and len(content) > LIMITS[kind]:
        raise ContentError(
            f"Il file è di {_megabytes(len(content))}: per {kind.label} WhatsApp accetta al massimo "
            f"{_megabytes(LIMITS[kind])}."
        )
    media = Media(kind=kind, filename=(upload.name or "")[:120])
    return store(media, content, mime)


def store(media: Media, content: bytes, mime: str) -> Media:
    """Write the bytes of a checked file; pictures are drawn anew and get a thumbnail.

    Raises:
        ContentError: a picture that cannot be read.
    """
    suffix = mime.rsplit("/", 1)[-1]
    if media.kind == Kind.IMAGE:
        picture = redraw(content)
        content, mime, suffix = picture.content, "image/jpeg", "jpg"
        media.thumbnail.save("thumbnail.jpg", ContentFile(picture.thumbnail), save=False)
    media.mime_type, media.size = mime, len(content)
    media.sha256 = hashlib.sha256(content).hexdigest()
    media.status = Media.Status.FETCHED
    media.file.save(f"file.{suffix}", ContentFile(content), save=False)
    media.save()
    return media


def keep_inbound(media: Media, content: bytes) -> Media:
    """Keep what a citizen sent, or reject it with a reason; the message it came with stays either way."""
    mime = sniff(content)
    kind = INBOUND_TYPES.get(mime)
    if kind is None or len(content) > INBOUND_LIMIT:
        return reject(media, "file di un tipo non ammesso" if kind is None else "file troppo grande")
    media.kind = kind
    try:
        return store(media, content, mime)
    except ContentError as error:
        return reject(media, str(error))


def reject(media: Media, reason: str) -> Media:
    """Mark a file as not available, for good."""
    media.status, media.reason = Media.Status.REJECTED, reason[:200]
    media.save()
    return media


def _megabytes(size: int) -> str:
    return f"{size / MB:.1f} MB".replace(".", ",")
