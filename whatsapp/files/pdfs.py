"""What a PDF does besides being read, and a PDF without what it says about its author.

Runs in a process of its own (`isolation`).
"""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from whatsapp.files.isolation import Refused

# An action's kind, as it stands in a file -> what we call it.
ACTIONS = {
    "/JavaScript": "script",
    "/Rendition": "script",
    "/RichMediaExecute": "script",
    "/Launch": "launch",
    "/GoToE": "attachment",
    "/ImportData": "launch",
    "/SubmitForm": "submit",
}
# A key that means the same wherever it stands.
KEYS = {
    "/JS": "script",
    "/XFA": "script",
    "/RichMediaContent": "script",
    "/EF": "attachment",
    "/EmbeddedFiles": "attachment",
}
PRIVATE = ("/Metadata", "/PieceInfo")


def examine(file: BinaryIO) -> tuple[dict[str, Any], list[bytes]]:
    """The fact `does`: what of "script", "launch", "submit" and "attachment" it contains, in object streams
    too. Raises Refused: "password", "unreadable"."""
    with _open(file) as pdf:
        return {"does": sorted(_deeds(pdf))}, []


def clean(file: BinaryIO) -> tuple[dict[str, Any], list[bytes]]:
    """The same document without author, programs' names, dates and private data, written again from its
    first byte on; the fact `signed` and no part for one whose signature that would break.

    Raises Refused as `examine`.
    """
    with _open(file) as pdf:
        does = sorted(_deeds(pdf))
        if any(_is_signature(item) for item in _dictionaries(pdf)):
            return {"does": does, "signed": True}, []
        for item in _dictionaries(pdf):
            for key in PRIVATE:
                if key in item:
                    del item[key]
        if Name.Info in pdf.trailer:
            del pdf.trailer.Info
        output = io.BytesIO()
        pdf.save(output, fix_metadata_version=False)
    return {"does": does, "signed": False}, [output.getvalue()]


def _open(file: BinaryIO) -> Pdf:
    try:
        pdf = Pdf.open(file)
    except pikepdf.PasswordError as error:
        raise Refused("password") from error
    if not len(pdf.pages):
        raise Refused("unreadable")
    return pdf


def _deeds(pdf: Pdf) -> set[str]:
    does: set[str] = set()
    for item in _dictionaries(pdf):
        does.update(KEYS[key] for key in KEYS if key in item)
        kind = item.get("/S")
        if isinstance(kind, Name) and str(kind) in ACTIONS:
            does.add(ACTIONS[str(kind)])
    return does


def _is_signature(item: Any) -> bool:
    return "/ByteRange" in item and "/Contents" in item


def _dictionaries(pdf: Pdf) -> Iterator[Any]:
    """Every dictionary of the file once, direct ones included, the trailer's too."""
    waiting: list[Any] = [*pdf.objects, pdf.trailer]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Dictionary | Stream):
            yield item
            waiting += [value for value in item.values() if _is_direct(value)]
        elif isinstance(item, Array):
            waiting += [value for value in item if _is_direct(value)]


def _is_direct(value: Any) -> bool:
    return isinstance(value, Object) and not value.is_indirect
