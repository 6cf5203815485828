"""What citizens send: drawn again if it is a picture, else kept as it is, with a warning if it may harm."""

import re

from whatsapp.files import isolation, kinds
from whatsapp.files.isolation import Refused
from whatsapp.files.kinds import File
from whatsapp.types import Kind

# After «Questo file».
MACROS = "contiene macro, cioè piccoli programmi che partono quando lo si apre"
OLD_OFFICE = "è in un vecchio formato di Office, che può contenere macro"
OBJECTS = "contiene oggetti incorporati, che possono avviare programmi"
OUTSIDE_TEMPLATE = "quando lo si apre scarica un modello da un altro sito"
ARCHIVE = "è un archivio: che cosa contiene non si può controllare"
PROGRAM = "è un programma o una pagina web"
UNKNOWN = "è di un tipo che WhatsURP non riconosce"
PDF_DOES = {
    "script": "contiene un programma (JavaScript)",
    "launch": "può avviare altri programmi",
    "submit": "può inviare dati a un altro sito",
    "attachment": "contiene altri file",
}
PDF_REFUSED = {
    "password": "è protetto da una password: che cosa contiene non si può controllare",
    "large": "è così complicato che non si può controllare",
    "unreadable": "è rovinato, o non è davvero un PDF: che cosa contiene non si può controllare",
}
NOT_DRAWN = {
    "large": "La foto è troppo grande per mostrarla qui: si può scaricare.",
    "unreadable": "La foto è rovinata e non si può mostrare: si può scaricare.",
}
PARTIAL = "La foto è arrivata incompleta."
ARCHIVES = (kinds.ZIP, b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"MSCF")
PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"<",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"L\x00\x00\x00\x01\x14\x02\x00",
)
MACRO_NAMES = re.compile(r"vbaproject|/activex|^basic/|^scripts/")
BEGINNING = 1024
RELATIONS_LIMIT = 64 * 1024


def examine(content: bytes, name: str = "") -> File:
    """A citizen's file as the staff will find it. Raises OSError: try again later."""
    mime = kinds.sniff(content)
    if mime.startswith("image/"):
        return _picture(content, mime, name)
    return File(content, mime, kinds.family(mime), kinds.name_for(name, mime), warning=caution(content, mime))


def _picture(content: bytes, mime: str, name: str) -> File:
    try:
        drawn = isolation.run("draw", content)
    except Refused as refused:
        note = NOT_DRAWN.get(refused.code, NOT_DRAWN["unreadable"])
        return File(content, mime, Kind.DOCUMENT, kinds.name_for(name, mime), note=note)
    picture, thumbnail = drawn.parts
    taken_at = drawn.facts["taken_at"]
    return File(
        picture,
        "image/jpeg",
        Kind.IMAGE,
        kinds.name_for(name, "image/jpeg"),
        thumbnail=thumbnail,
        note=PARTIAL if drawn.facts["partial"] else "",
        taken_at=(taken_at[0], taken_at[1]) if taken_at else None,
    )


def caution(content: bytes, mime: str) -> str:
    """Why one should think before opening a file, in words that follow «Questo file»; empty: no reason."""
    if mime == kinds.PDF:
        return _caution_about_pdf(content)
    if content.startswith(kinds.OLE):
        return OLD_OFFICE
    if content.startswith(kinds.ZIP) and mime:
        return _caution_about_office(content)
    if mime == kinds.TEXT or mime.startswith(("audio/", "video/")):
        return ""
    if content.startswith(ARCHIVES):
        return ARCHIVE
    beginning = content[:BEGINNING].lstrip(b"\xef\xbb\xbf \t\r\n")
    return PROGRAM if beginning.startswith(PROGRAMS) else UNKNOWN


def _caution_about_pdf(content: bytes) -> str:
    try:
        does = isolation.run("examine_pdf", content).facts["does"]
    except Refused as refused:
        return PDF_REFUSED.get(refused.code, PDF_REFUSED["unreadable"])
    return " e ".join(PDF_DOES[deed] for deed in does)


def _caution_about_office(content: bytes) -> str:
    names = kinds.entries(content)
    lower = [name.lower() for name in names]
    if any(MACRO_NAMES.search(name) for name in lower):
        return MACROS
    if any("/embeddings/" in name for name in lower):
        return OBJECTS
    relations = [name for name in names if name.lower().endswith("settings.xml.rels")]
    if any(b"attachedTemplate" in kinds.entry(content, name, RELATIONS_LIMIT) for name in relations[:10]):
        return OUTSIDE_TEMPLATE
    return ""
