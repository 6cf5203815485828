"""Files as phones, scanners and offices make them, and as nobody should."""

import io
import struct
import zipfile
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image

EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def picture(
    size: tuple[int, int] = (64, 48), form: str = "JPEG", *, mode: str = "RGB", **options: Any
) -> bytes:
    """A picture with something on it."""
    image = Image.linear_gradient("L").resize(size).convert(mode)
    output = io.BytesIO()
    image.save(output, form, **options)
    return output.getvalue()


def box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def track(handler: bytes, codec: bytes, *, profile: int = 66, offsets: tuple[int, ...] = ()) -> bytes:
    """A track as its boxes describe it; `offsets`: of its frames, when they are shown in another order."""
    fields = bytes(78) if handler == b"vide" else bytes(28)
    configuration = box(b"avcC", bytes([1, profile, 0, 30])) if codec == b"avc1" else b""
    described = box(b"stsd", struct.pack(">II", 0, 1), box(codec, fields, configuration))
    table = b"".join(struct.pack(">II", 1, offset) for offset in offsets)
    order = box(b"ctts", struct.pack(">II", 0, len(offsets)), table) if offsets else b""
    handled = box(b"hdlr", bytes(8), handler, bytes(13))
    return box(b"trak", box(b"mdia", handled, box(b"minf", box(b"stbl", described, order))))


def clip(*tracks: bytes, brand: bytes = b"mp42", private: bytes = b"", data: bytes = bytes(64)) -> bytes:
    """An MP4, 3GP or MOV; H.264 with AAC unless other tracks are given."""
    tracks = tracks or (track(b"vide", b"avc1"), track(b"soun", b"mp4a"))
    return box(b"ftyp", brand, bytes(4), brand) + box(b"moov", *tracks, private) + box(b"mdat", data)


def pdf(*, within_streams: bool = False, title: str = "", **root: Any) -> bytes:
    """A PDF of one page; `root` goes into its catalogue."""
    document = pikepdf.Pdf.new()
    document.add_blank_page()
    for key, value in root.items():
        document.Root[f"/{key}"] = document.make_indirect(value)
    if title:
        document.docinfo["/Title"] = title
        document.docinfo["/Author"] = "Maria Rossi"
        with document.open_metadata() as metadata:
            metadata["dc:creator"] = ["Maria Rossi"]
    output = io.BytesIO()
    mode = pikepdf.ObjectStreamMode.generate if within_streams else pikepdf.ObjectStreamMode.disable
    document.save(output, object_stream_mode=mode)
    return output.getvalue()


def script() -> Any:
    """A PDF's action that runs a program."""
    return Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def launch() -> Any:
    return Dictionary(S=Name.Launch, F=String("cmd.exe"))


def first_page() -> Any:
    """An action that harms nobody: many programs write it."""
    return Dictionary(S=Name.GoTo, D=Array([0, Name.Fit]))


def zipped(*names: str, **contents: str) -> bytes:
    """An archive: files by name, with a letter in each, or with these contents."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "x")
        for name, content in contents.items():
            archive.writestr(name, content)
    return output.getvalue()


def docx(*more: str) -> bytes:
    return zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml", *more)
