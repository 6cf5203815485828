"""What a file is, by its bytes: names and declared types are never believed."""

import codecs
import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass

import filetype

from whatsapp.files import clips
from whatsapp.types import Kind

PDF = "application/pdf"
TEXT = "text/plain"
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
# The suffixes a file of a type may have; the first is given to one that has another.
SUFFIXES = {
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/apng": ("png", "apng"),
    "image/heic": ("heic", "heif"),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
    "image/gif": ("gif",),
    "image/tiff": ("tif", "tiff"),
    "image/bmp": ("bmp",),
    "video/mp4": ("mp4", "m4v"),
    "video/3gpp": ("3gp", "3gpp", "3g2"),
    "video/quicktime": ("mov", "qt"),
    "video/webm": ("webm",),
    "audio/ogg": ("ogg", "oga", "opus"),
    "audio/mpeg": ("mp3",),
    "audio/mp4": ("m4a", "mp4"),
    "audio/aac": ("aac",),
    "audio/amr": ("amr",),
    PDF: ("pdf",),
    TEXT: ("txt",),
    "application/msword": ("doc", "dot"),
    "application/vnd.ms-excel": ("xls", "xlt"),
    "application/vnd.ms-powerpoint": ("ppt", "pps"),
    f"{_OPEN_XML}wordprocessingml.document": ("docx", "docm", "dotx", "dotm"),
    f"{_OPEN_XML}spreadsheetml.sheet": ("xlsx", "xlsm", "xltx", "xltm"),
    f"{_OPEN_XML}presentationml.presentation": ("pptx", "pptm", "ppsx", "ppsm"),
    f"{_OPEN_DOCUMENT}text": ("odt",),
    f"{_OPEN_DOCUMENT}spreadsheet": ("ods",),
    f"{_OPEN_DOCUMENT}presentation": ("odp",),
}
MIME_OF = {suffixes[0]: mime for mime, suffixes in SUFFIXES.items()}
# Office's files are archives: a folder in the new ones, a stream's name in the old ones tells which.
FOLDERS = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
STREAMS = {"WordDocument": "doc", "Workbook": "xls", "PowerPoint Document": "ppt"}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"
# Readers of PDFs look for the beginning this far into the file.
PDF_WITHIN = 1024
MAX_ENTRIES = 20_000
NAME_LENGTH = 120
PIECE = 64 * 1024
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')


@dataclass(frozen=True)
class File:
    """A file as it is kept.

    Attributes:
        note: what is missing of it, in Italian, for the staff.
        warning: why one should think before opening it, in Italian: "contiene macro …".
        taken_at: where a picture says that it was taken: WGS84 latitude and longitude.
    """

    content: bytes
    mime_type: str
    kind: Kind
    name: str = ""
    thumbnail: bytes = b""
    note: str = ""
    warning: str = ""
    taken_at: tuple[float, float] | None = None


def sniff(content: bytes) -> str:
    """The MIME type, empty if it is none we know."""
    if content.startswith(ZIP):
        return _archive(content)
    if content.startswith(OLE):
        streams = [suffix for name, suffix in STREAMS.items() if name.encode("utf-16-le") in content]
        return MIME_OF[streams[0]] if streams else ""
    if boxes := clips.kind_of(content):
        return boxes
    kind = filetype.guess(content[:8192])
    if kind:
        return str(kind.mime)
    if b"%PDF-" in content[:PDF_WITHIN]:
        return PDF
    return TEXT if is_text(content) else ""


def family(mime: str) -> Kind:
    """How WhatsApp calls what has this type."""
    families = {"image": Kind.IMAGE, "video": Kind.VIDEO, "audio": Kind.AUDIO}
    return families.get(mime.partition("/")[0], Kind.DOCUMENT)


def entries(content: bytes) -> list[str]:
    """The names in an archive; none if it is broken or has absurdly many."""
    if content.count(b"PK\x01\x02") > MAX_ENTRIES:
        return []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()
    except Exception:  # made by a stranger to break us, or just broken: the library raises a dozen classes
        return []


def entry(content: bytes, name: str, limit: int) -> bytes:
    """The first `limit` bytes of an archive's file, empty if it cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(name) as file:
            return file.read(limit)
    except Exception:  # as above
        return b""


def _archive(content: bytes) -> str:
    names = entries(content)
    if "mimetype" in names:  # OpenDocument
        declared = entry(content, "mimetype", 100).decode("ascii", "ignore")
        return declared if declared.startswith(_OPEN_DOCUMENT) and declared in SUFFIXES else ""
    for folder, suffix in FOLDERS.items():
        if any(name.startswith(folder) for name in names):
            return MIME_OF[suffix]
    return ""


def is_text(content: bytes) -> bool:
    """Words and nothing else, in UTF-8, UTF-16 or as Windows writes them: a page or a script is a program."""
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ["utf-16"] if is_utf16 else ["utf-8-sig", "cp1252"]
    return any(_reads_as(content, encoding) for encoding in encodings)


def _reads_as(content: bytes, encoding: str) -> bool:
    """Decoded piece by piece, for characters take up to four times the memory of their bytes."""
    decoder = codecs.getincrementaldecoder(encoding)()
    begun = False
    try:
        for start in range(0, len(content), PIECE):
            text = decoder.decode(content[start : start + PIECE], final=start + PIECE >= len(content))
            if _CONTROLS.search(text):
                return False
            words = text.lstrip()
            if not begun and words.startswith(("<", "#!", "{\\rtf")):
                return False
            begun = begun or bool(words)
    except UnicodeDecodeError:
        return False
    return begun


def name_for(name: str, mime: str) -> str:
    """A sender's name for a file, harmless on any computer and with a suffix that fits what the file is."""
    visible = "".join(c if unicodedata.category(c)[0] != "C" else "" for c in name[: 4 * NAME_LENGTH])
    clean = " ".join(_FORBIDDEN.sub("_", visible).split()).strip(". ")
    if not clean or mime not in SUFFIXES:
        return _cut(clean)
    stem, _, suffix = clean.rpartition(".")
    if stem and suffix.lower() in SUFFIXES[mime]:
        return _cut(clean)
    if stem and any(suffix.lower() in suffixes for suffixes in SUFFIXES.values()):
        clean = stem
    return _cut(f"{clean}.{SUFFIXES[mime][0]}")


def _cut(name: str) -> str:
    """Short enough to be stored, its suffix included."""
    stem, point, suffix = name.rpartition(".")
    if len(name) <= NAME_LENGTH or not stem:
        return name[:NAME_LENGTH]
    suffix = suffix[:20]
    return f"{stem[: NAME_LENGTH - 1 - len(suffix)]}{point}{suffix}"


def kind_of_name(name: str) -> Kind | None:
    """What a name says that the file is, if it says so."""
    suffix = name.rpartition(".")[2].lower()
    for mime, suffixes in SUFFIXES.items():
        if suffix in suffixes:
            return family(mime)
    return None
