"""Files uploaded by the business and sent by citizens, in memory (fact sheet 2)."""

import base64
import dataclasses
import hashlib
import secrets
import time

from .errors import GraphError

MEGABYTE = 1024 * 1024
KEEP_BYTES = 400 * MEGABYTE  # beyond it the oldest files are forgotten
OFFICE = "application/vnd.openxmlformats-officedocument."
LIMITS = {
    "image": (5 * MEGABYTE, {"image/jpeg", "image/png"}),
    "video": (16 * MEGABYTE, {"video/mp4", "video/3gpp"}),
    "audio": (16 * MEGABYTE, {"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}),
    "sticker": (500 * 1024, {"image/webp"}),
    "document": (
        100 * MEGABYTE,
        {
            "application/pdf", "text/plain", "application/msword", "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint", OFFICE + "wordprocessingml.document",
            OFFICE + "spreadsheetml.sheet", OFFICE + "presentationml.presentation",
        },
    ),
}  # fmt: skip
# Where the signature starts, and what it is: Meta looks into the file and does not believe the declared type.
SIGNATURES = {
    "image/jpeg": (0, b"\xff\xd8\xff"),
    "image/png": (0, b"\x89PNG\r\n\x1a\n"),
    "image/webp": (8, b"WEBP"),
    "video/mp4": (4, b"ftyp"),
    "video/3gpp": (4, b"ftyp"),
    "application/pdf": (0, b"%PDF"),
}


def kind_of(mime_type: str) -> str | None:
    """The message type that carries this MIME type, None when the business may not send it."""
    return next((kind for kind, (_, types) in LIMITS.items() if mime_type in types), None)


@dataclasses.dataclass(slots=True)
class File:
    id: str
    content: bytes
    mime_type: str
    name: str
    from_citizen: bool
    token: str = ""  # last part of the download address
    expires: float = 0.0
    lost: bool = False  # gone for the business; the phone still shows it

    @property
    def kind(self) -> str:
        return kind_of(self.mime_type) or "document"

    def sha256(self) -> bytes:
        return hashlib.sha256(self.content).digest()

    def reference(self) -> dict[str, str]:
        """As in `messages[].image`: there Meta writes the hash in base64, in `GET /<id>` in hex."""
        return {
            "id": self.id,
            "mime_type": self.mime_type,
            "sha256": base64.b64encode(self.sha256()).decode(),
        }


class MediaStore:
    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._bytes = 0

    def get(self, media_id: str) -> File | None:
        return self._files.get(media_id)

    def upload(self, content: bytes, mime_type: str, name: str) -> File:
        """From the business: Meta's types and sizes hold."""
        kind = kind_of(mime_type)
        if kind is None:
            raise GraphError(131053, f"Unsupported mime type {mime_type}")
        limit = LIMITS[kind][0]
        if len(content) > limit:
            raise GraphError(131053, f"File size {len(content)} exceeds the {limit} bytes allowed for {kind}")
        start, signature = SIGNATURES.get(mime_type, (0, b""))
        if not content or content[start : start + len(signature)] != signature:
            raise GraphError(131053, f"The content of the file is not {mime_type}")
        return self.add(content, mime_type, name, from_citizen=False)

    def add(self, content: bytes, mime_type: str, name: str, *, from_citizen: bool) -> File:
        file = File(str(secrets.randbelow(9 * 10**15) + 10**15), content, mime_type, name, from_citizen)
        self._files[file.id] = file
        self._bytes += len(content)
        while self._bytes > KEEP_BYTES and len(self._files) > 1:
            self.delete(next(iter(self._files)))
        return file

    def delete(self, media_id: str) -> bool:
        file = self._files.pop(media_id, None)
        self._bytes -= len(file.content) if file else 0
        return file is not None

    def open_address(self, file: File, seconds: float) -> str:
        """A new address for five minutes, unless told otherwise: the earlier one stops working."""
        file.token, file.expires = secrets.token_urlsafe(24), time.time() + seconds
        return f"/media/{file.id}/{file.token}"

    def at_address(self, media_id: str, token: str) -> File | None:
        file = self._files.get(media_id)
        live = file is not None and not file.lost and file.expires > time.time()
        return file if file and live and secrets.compare_digest(file.token, token) else None

    def spoil(self, *, lose: bool) -> int:
        """The addresses handed out so far expire, or the files are lost; how many there are."""
        for file in self._files.values():
            file.expires, file.lost = 0.0, file.lost or lose
        return len(self._files)
