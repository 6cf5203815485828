"""A list of people as offices keep it: text with separators, in any of the usual encodings and orders."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import filetype

from whatsapp import phones

MOST_ROWS, MOST_BYTES = 60_000, 20 * 1024 * 1024
SEPARATORS = ";,\t|"
SAVE_AS = (
    "Apri l'elenco con Excel o LibreOffice, scegli «Salva con nome», formato «CSV UTF-8», e carica quello."
)
_NUMBER = r"(n|no|nr|num|numero)?(di)?"
# What a column may be called, without blanks, marks and accents; of two with numbers the first kind is taken.
_HEADERS = {
    "number": [
        rf"{_NUMBER}(tel|telefono)?(cel|cell|cellulare|mobile|whatsapp)",
        rf"{_NUMBER}(tel|telefono|phone|phonenumber|recapito|recapitotelefonico)",
        r"numero|number",
    ],
    "name": [r"nome|nominativo|nomee?cognome|cognomee?nome|name|fullname|nomesuwhatsapp"],
    "surname": [r"cognome|surname|lastname"],
    "date": [r"(data|date|del|della|dell|di|il|firma|firmato|consenso|modulo|iscrizione|iscritto|dal)+"],
}


class Unreadable(ValueError):
    """The whole file is refused; the text says why and what to do, in Italian."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row as it was written. `line` is counted from 1, the header's included."""

    line: int
    number: str
    name: str = ""
    date: str = ""


def read(data: bytes) -> list[Line]:
    """The rows that are not blank. Raises Unreadable: it is no list of numbers, or too long."""
    if len(data) > MOST_BYTES:
        raise Unreadable(f"Il file supera {MOST_BYTES // 1024**2} MB: dividilo in più elenchi.")
    text = _decode(data)
    separator = max(SEPARATORS, key=lambda one: _quality(text, one))
    records = _records(text, separator)
    first_line, first = next(records, (0, []))
    if not first:
        raise Unreadable("Il file è vuoto: controlla di aver scelto quello giusto.")
    columns = _columns(first)
    if "number" not in columns:
        raise Unreadable(
            "Non trovo la colonna con i numeri: la prima riga deve avere i nomi delle colonne, e una si deve "
            "chiamare «telefono», «cellulare» o «numero»."
        )
    found = [] if _is_header(first) else [_line(first_line, first, columns)]
    for number, cells in records:
        if len(found) == MOST_ROWS:
            raise Unreadable(f"L'elenco ha più di {MOST_ROWS} righe: dividilo in più file.")
        found.append(_line(number, cells, columns))
    if not found:
        raise Unreadable("Sotto i nomi delle colonne non c'è nessuna riga.")
    return found


def _decode(data: bytes) -> str:
    """UTF-8 or UTF-16 if it says so or can be nothing else, else what Windows writes in Italy."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if data.startswith(b"%PDF") or (b"\0" in data and not wide):
        kind = filetype.guess_extension(data)
        raise Unreadable(
            f"Non è un elenco in formato testo{f', ma un file {kind}' if kind else ''}. {SAVE_AS}"
        )
    for encoding in ["utf-16"] if wide else ["utf-8-sig", "cp1252"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unreadable(f"I caratteri del file non si leggono. {SAVE_AS}")


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line it begins on. Raises Unreadable: quotes do not match."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Unreadable(
                f"Dalla riga {line} le virgolette non tornano e le righe si confondono: correggila, oppure "
                "salva di nuovo l'elenco come CSV."
            ) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _quality(text: str, separator: str) -> tuple[int, int]:
    """How well a separator fits: columns understood, then cells, of the first row."""
    try:
        _, cells = next(_records(text, separator))
    except (Unreadable, StopIteration):
        return 0, 0
    return len(_columns(cells)), len(cells)


def _is_header(cells: list[str]) -> bool:
    return phones.written(cells[0]) is None


def _columns(cells: list[str]) -> dict[str, int]:
    """Where each column is; without a header the first holds the numbers, and the rest is not looked at."""
    if not _is_header(cells):
        return {"number": 0}
    plain = (unicodedata.normalize("NFKD", cell).casefold() for cell in cells)
    keys = ["".join(re.findall("[a-z]", cell)) for cell in plain]
    found = {}
    for column, kinds in _HEADERS.items():
        places = (place for kind in kinds for place, key in enumerate(keys) if re.fullmatch(kind, key))
        if (place := next(places, None)) is not None:
            found[column] = place
    return found


def _line(line: int, cells: list[str], columns: dict[str, int]) -> Line:
    def cell(column: str) -> str:
        place = columns.get(column, len(cells))
        return cells[place].strip() if place < len(cells) else ""

    name = f"{cell('name')} {cell('surname')}".strip()
    return Line(line=line, number=cell("number"), name=name, date=cell("date"))
