"""Files in and out: examined (`whatsapp.files`), scanned for viruses and kept, or rejected with a reason."""

import hashlib
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from whatsapp import antivirus, signals
from whatsapp.errors import ContentError
from whatsapp.files import incoming, kinds, outgoing
from whatsapp.files.kinds import File
from whatsapp.models import Media
from whatsapp.types import Kind

MB = 1024 * 1024
# What the provider takes; pictures are scaled instead of refused.
LIMITS = {Kind.IMAGE: 5 * MB, Kind.VIDEO: 16 * MB, Kind.AUDIO: 16 * MB, Kind.DOCUMENT: 100 * MB}
INBOUND_LIMIT = 25 * MB
UPLOAD_LIMIT = 40 * MB
_ITALIAN: dict[str, str] = {Kind.IMAGE: "file di immagine", Kind.VIDEO: "video", Kind.DOCUMENT: "PDF"}
_SMALLER = (
    "Accorcialo o salvalo in qualità più bassa; oppure mettilo sul sito e scrivi l'indirizzo nel testo."
)
WAITING = "L'antivirus non risponde: il file si potrà aprire dopo il controllo, che riprova da solo."


def save_outgoing(upload: UploadedFile[Any], *, for_subscribers: bool = False) -> Media:
    """Check and keep a file the staff want to send: a picture, MP4 or 3GP, PDF.

    Args:
        for_subscribers: it goes to everybody, so all who write or approve broadcasts may open it.

    Raises:
        ContentError: another kind of file, over the provider's limit, or one that phones do not open.
    """
    size = upload.size or 0
    if size > UPLOAD_LIMIT:
        raise ContentError(
            f"Il file è di {_megabytes(size)}: il massimo è {_megabytes(UPLOAD_LIMIT)}. {_SMALLER}"
        )
    content = upload.read(8192)  # enough to tell what it is: a clip too long is not read at all
    mime = kinds.sniff(content)
    if refusal := outgoing.refusal(mime):
        raise ContentError(refusal)
    kind = kinds.family(mime)
    if kind != Kind.IMAGE and size > LIMITS[kind]:
        raise ContentError(
            f"Il file è di {_megabytes(size)}: per {kind.label} WhatsApp accetta al massimo "
            f"{_megabytes(LIMITS[kind])}. {_SMALLER}"
        )
    content += upload.read()
    file = outgoing.prepare(content, upload.name or "")
    _scan_outgoing(content, file)
    return _store(Media(inbound=False, for_subscribers=for_subscribers), file)


def _scan_outgoing(content: bytes, file: File) -> None:
    if not antivirus.enabled():
        return
    try:
        virus = antivirus.scan(content)
    except antivirus.NotScannable:
        return
    except antivirus.Unavailable as error:
        if file.kind == Kind.IMAGE:  # drawn again: nothing of the original is left
            return
        raise ContentError(
            "L'antivirus non risponde, e il file non si può controllare: riprova fra qualche minuto, o manda "
            "una foto. Se continua, avvisa l'amministratore."
        ) from error
    if virus:
        raise ContentError(f"L'antivirus ha trovato un virus in questo file ({virus}): non si può inviare.")


def remark(upload: UploadedFile[Any], media: Media) -> str:
    """What became of a file on its way in, in Italian: a wrong name, a picture made smaller. Else empty."""
    named = kinds.kind_of_name(upload.name or "")
    if named and named != media.kind:
        return (
            f"«{upload.name}» in realtà è un {_ITALIAN[media.kind]}: parte come {_ITALIAN[media.kind]}, con "
            f"il nome «{media.filename}». Se volevi un altro file, sceglilo di nuovo."
        )
    if media.reason:
        return media.reason
    if media.kind == Kind.IMAGE and (upload.size or 0) > 2 * media.size:
        return f"La foto è stata ridotta da {_megabytes(upload.size or 0)} a {_megabytes(media.size)}."
    return ""


def keep_inbound(media: Media, content: bytes) -> Media:
    """Keep what a citizen sent; only what is empty, too large or infected is rejected, with the reason. The
    message it came with stays either way."""
    if len(content) > INBOUND_LIMIT:
        return reject(
            media,
            f"file troppo grande ({_megabytes(len(content))}: il massimo è {_megabytes(INBOUND_LIMIT)})",
        )
    if not content:
        return reject(media, "file vuoto")
    file = incoming.examine(content, media.filename)
    media = _store(media, file, status=Media.Status.SCANNING)
    return scan(media, content)


def scan(media: Media, content: bytes) -> Media:
    """Have a stored file scanned, and open it to the staff if it is clean, or if there is no antivirus."""
    virus = ""
    try:
        virus = antivirus.scan(content) if antivirus.enabled() else ""
    except antivirus.NotScannable:
        media.warning = media.warning or antivirus.NOT_SCANNABLE
    except antivirus.Unavailable:
        if media.kind != Kind.IMAGE:  # a picture was drawn again: nothing of the original is left
            media.reason = WAITING
            media.save(update_fields=["reason"])
            return media
    if virus:
        return reject(media, f"contiene un virus ({virus})")
    media.status = Media.Status.FETCHED
    if media.reason == WAITING:
        media.reason = ""
    media.save()
    return media


def _store(media: Media, file: File, status: str = Media.Status.FETCHED) -> Media:
    """Write the bytes of an examined file, and what is known of it."""
    suffix = kinds.SUFFIXES.get(file.mime_type, ("bin",))[0]
    media.kind, media.filename, media.mime_type = file.kind, file.name, file.mime_type
    media.size, media.sha256 = len(file.content), hashlib.sha256(file.content).hexdigest()
    media.reason, media.warning, media.status = file.note, file.warning, status
    if media.inbound and file.taken_at:
        media.latitude, media.longitude = file.taken_at
    if file.thumbnail:
        media.thumbnail.save("thumbnail.jpg", ContentFile(file.thumbnail), save=False)
    media.file.save(f"file.{suffix}", ContentFile(file.content), save=False)
    media.save()
    return media


@transaction.atomic
def reject(media: Media, reason: str) -> Media:
    """Mark a file as not available, for good; the apps above tell the person who sent it."""
    media.status, media.reason = Media.Status.REJECTED, reason[:200]
    media.save()
    signals.media_rejected.send(Media, media=media)
    return media


def _megabytes(size: int) -> str:
    return f"{size / MB:.1f} MB".replace(".", ",")
