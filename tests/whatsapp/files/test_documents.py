"""Documents of citizens, kept and warned of; those of the town, without what they say about their author."""

import io
from typing import Any

import pikepdf
import pytest
from pikepdf import Dictionary, Name, String

from tests.files import OLE, clip, docx, first_page, launch, pdf, picture, script, zipped
from whatsapp.errors import ContentError
from whatsapp.files import incoming, kinds, outgoing
from whatsapp.types import Kind

TEMPLATE = '<Relationship Type="x/attachedTemplate" Target="http://evil.example/t.dotm"/>'


def protected() -> bytes:
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as document:
        document.save(output, encryption=pikepdf.Encryption(owner="a", user="b"))
    return output.getvalue()


def signed() -> bytes:
    signature = Dictionary(Type=Name.Sig, ByteRange=pikepdf.Array([0, 1, 2, 3]), Contents=String("x"))
    return pdf(title="Ordinanza", Sig=signature)


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        (docx("word/vbaProject.bin"), incoming.MACROS),
        (zipped("xl/workbook.xml", "xl/vbaProject.bin"), incoming.MACROS),
        (docx("word/activeX/activeX1.bin"), incoming.MACROS),
        (docx("word/embeddings/oleObject1.bin"), incoming.OBJECTS),
        (
            zipped("word/document.xml", **{"word/_rels/settings.xml.rels": TEMPLATE}),
            incoming.OUTSIDE_TEMPLATE,
        ),
        (zipped("Basic/Standard/a.xml", mimetype="application/vnd.oasis.opendocument.text"), incoming.MACROS),
        (OLE + "WordDocument".encode("utf-16-le"), incoming.OLD_OFFICE),
        (OLE + b" setup.msi", incoming.OLD_OFFICE),
        (pdf(OpenAction=script()), incoming.PDF_DOES["script"]),
        (pdf(within_streams=True, OpenAction=script()), incoming.PDF_DOES["script"]),
        (pdf(AA=Dictionary(WC=launch())), incoming.PDF_DOES["launch"]),
        (pdf(Names=Dictionary(EmbeddedFiles=Dictionary())), incoming.PDF_DOES["attachment"]),
        (pdf(AcroForm=Dictionary(XFA=String("x"))), incoming.PDF_DOES["script"]),
        (protected(), incoming.PDF_REFUSED["password"]),
        (b"%PDF-1.7\n" + b"rubbish" * 30, incoming.PDF_REFUSED["unreadable"]),
        (zipped("virus.exe"), incoming.ARCHIVE),
        (b"PK\x03\x04 rotto", incoming.ARCHIVE),
        (b"MZ\x90\x00", incoming.PROGRAM),
        (b"#!/bin/sh\nrm -rf /", incoming.PROGRAM),
        (b" <svg onload=alert(1)>", incoming.PROGRAM),
        (b"{\\rtf1 hello}", incoming.UNKNOWN),
        (b"\x00\x01\x02 what is this", incoming.UNKNOWN),
    ],
)
def test_what_may_harm_is_kept_with_a_warning(content: bytes, warning: str) -> None:
    file = incoming.examine(content, "modulo")
    assert (file.warning, file.content) == (warning, content)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (pdf(), "modulo.pdf"),
        (pdf(OpenAction=first_page()), "modulo.pdf"),
        (b"\n" + pdf(), "modulo.pdf"),
        (b"\xef\xbb\xbf junk of a scanner\r\n" + pdf(), "modulo.pdf"),
        (docx(), "modulo.docx"),
        ("Perché la buca è lì?\r\n".encode("cp1252"), "modulo.txt"),
        ("Famiglia 👨‍👩‍👧 in via Roma".encode(), "modulo.txt"),
        ("Caffè".encode("utf-16"), "modulo.txt"),
        (clip(brand=b"qt  "), "modulo.mov"),
        (clip(brand=b"3gp5"), "modulo.3gp"),
    ],
)
def test_what_is_harmless_is_kept_as_it_came(content: bytes, name: str) -> None:
    file = incoming.examine(content, "modulo")
    assert (file.warning, file.content, file.name) == ("", content, name)


def test_a_picture_that_cannot_be_drawn_is_kept_for_download() -> None:
    broken = picture((300, 200))[:150]
    file = incoming.examine(broken, "foto.jpg")
    assert (file.kind, file.content, file.name) == (Kind.DOCUMENT, broken, "foto.jpg")
    assert file.note == incoming.NOT_DRAWN["unreadable"]


@pytest.mark.parametrize(
    ("given", "mime", "name"),
    [
        ("Modulo di richiesta.pdf", kinds.PDF, "Modulo di richiesta.pdf"),
        ("../../etc/passwd", kinds.TEXT, "_.._etc_passwd.txt"),
        ("foto\u202egpj.exe", "", "fotogpj.exe"),
        ("avviso.bat", kinds.TEXT, "avviso.bat.txt"),
        ("foto.HEIC", "image/jpeg", "foto.jpg"),
        ("scansione.jpg", kinds.PDF, "scansione.pdf"),
        ("a\x00b\r\nc.pdf", kinds.PDF, "abc.pdf"),
        ("", kinds.PDF, ""),
        ("...", kinds.PDF, ""),
    ],
)
def test_names_are_harmless_and_fit(given: str, mime: str, name: str) -> None:
    assert kinds.name_for(given, mime) == name


def test_a_long_name_keeps_its_suffix() -> None:
    name = kinds.name_for("x" * 300 + ".pdf", kinds.PDF)
    assert len(name) <= kinds.NAME_LENGTH
    assert name.endswith(".pdf")


class TestSent:
    def test_a_pdf_loses_its_author_and_still_opens(self) -> None:
        file = outgoing.prepare(b"\n" + pdf(title="Bozza"), "ordinanza.pdf")
        assert file.content.startswith(b"%PDF-")
        with pikepdf.open(io.BytesIO(file.content)) as sent:
            assert len(sent.pages) == 1
            assert not sent.docinfo
            assert "/Metadata" not in sent.Root
        assert b"Maria" not in file.content

    def test_a_signed_pdf_goes_as_it_is_and_says_so(self) -> None:
        content = signed()
        file = outgoing.prepare(content, "ordinanza.pdf")
        assert (file.content, file.note) == (content, outgoing.SIGNED)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (pdf(OpenAction=script()), "contiene un programma"),
            (protected(), "password"),
            (b"%PDF-1.7\nrubbish", "rovinato"),
            (docx(), "non si può inviare"),
        ],
    )
    def test_what_phones_would_warn_of_is_refused(self, content: bytes, reason: str) -> None:
        with pytest.raises(ContentError, match=reason):
            outgoing.prepare(content)

    @pytest.mark.parametrize("form", ["WEBP", "AVIF", "GIF"])
    def test_pictures_of_every_format_go_as_jpeg(self, form: str) -> None:
        file: Any = outgoing.prepare(picture((64, 48), form), f"foto.{form.lower()}")
        assert (file.mime_type, file.name) == ("image/jpeg", "foto.jpg")
