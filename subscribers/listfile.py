"""A list of people as offices and phone books keep it: text with separators, in any of the usual orders.

The reader knows `sep=;` in the first line, title rows above the column names, the column names of exports
from Google, Outlook and iPhone, several numbers of one person, and lists without column names.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice

from subscribers import decoding
from subscribers.decoding import Doubtful, Unreadable
from whatsapp import phones

__all__ = ["Doubtful", "Line", "Unreadable", "read"]

MOST_ROWS, MOST_BYTES = 60_000, 20 * 1024 * 1024
SEPARATORS = ";,\t|"
# The first rows, in which the column names are expected; the most columns; the longest name of a column.
HEAD_ROWS, MOST_COLUMNS, LONGEST_NAME = 20, 200, 60
_SEPARATOR_LINE = re.compile(rf'"?sep=([{SEPARATORS}])"?[^\S\r\n]*(?:\r\n|\r|\n)', re.IGNORECASE)
_SEVERAL = ":::"  # between the numbers of one person, in Google's exports
_NUMBER = r"(n|no|nr|num|numero)?(di)?"
_OF_PHONE = r"(value|valore)?"
# The names of columns, without blanks, marks and accents, the best name first. Of several columns with
# numbers the first mobile of a row counts.
_HEADERS = {
    "number": [
        rf"{_NUMBER}(tel|telefono|phone)?(cel|cell|cellulare|mobile|cellphone|mobilephone|iphone|whatsapp)"
        r"(whatsapp|iphone|personale|privato)?",
        rf"{_NUMBER}(tel|telefono|phone|phonenumber|recapito|recapitotelefonico|primaryphone){_OF_PHONE}",
        r"numero|number",
    ],
    "name": [
        r"givenname|firstname",
        r"nome|nominativo|nomee?cognome|cognomee?nome|name|fullname|displayname|nomecompleto|nomesuwhatsapp",
    ],
    "surname": [r"cognome|surname|lastname|familyname"],
    "date": [r"(data|date|del|della|dell|di|il|firma|firmato|consenso|modulo|iscrizione|iscritto|dal)+"],
}
Columns = dict[str, list[int]]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row as it was written. `line` is counted from 1, what stands above the list included."""

    line: int
    number: str
    name: str = ""
    date: str = ""


def read(data: bytes, alphabet: str = "") -> list[Line]:
    """The rows that are not blank.

    Args:
        alphabet: one of `decoding.ALPHABETS`, if a person has chosen.

    Raises:
        Unreadable: it is no list of numbers, or too long.
        Doubtful: a person must choose the alphabet.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(f"Il file supera {MOST_BYTES // 1024**2} MB: dividilo in più elenchi.")
    records = _opened(decoding.decode(data, alphabet))
    head = list(islice(records, HEAD_ROWS))
    if not head:
        raise Unreadable("Il file è vuoto: controlla di aver scelto quello giusto.")
    begin, columns = _layout([cells for _, cells in head])
    if not columns:
        raise Unreadable(
            "Non trovo la colonna con i numeri: sopra i numeri ci devono essere i nomi delle colonne, e una "
            "si deve chiamare «telefono», «cellulare» o «numero»."
        )
    lines: list[Line] = []
    for line, cells in chain(head[begin:], records):
        if len(lines) == MOST_ROWS:
            raise Unreadable(f"L'elenco ha più di {MOST_ROWS} righe: dividilo in più file.")
        lines.append(_line(line, cells, columns))
    if not lines:
        raise Unreadable("Sotto i nomi delle colonne non c'è nessuna riga.")
    return lines


def _opened(text: str) -> Iterator[tuple[int, list[str]]]:
    """The file's records with the separator that its first line names, or that fits best."""
    if text[:20].lstrip().upper().startswith("BEGIN:VCARD"):
        raise Unreadable("È una rubrica in formato vCard: esportala di nuovo come CSV e carica quello.")
    declared = _SEPARATOR_LINE.match(text)
    if declared:
        return _records(text[declared.end() :], declared[1], first_line=2)
    separator = max(SEPARATORS, key=lambda one: _quality(text, one))
    return _records(text, separator)


def _records(text: str, separator: str, first_line: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line it begins on. Raises Unreadable: quotes do not match."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + first_line
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Unreadable(
                f"Dalla riga {line} le virgolette non tornano e le righe si confondono: correggila, oppure "
                "salva di nuovo l'elenco come CSV."
            ) from error
        if cells is None:
            return
        cells = cells[:MOST_COLUMNS]
        if any(cell.strip() for cell in cells):
            yield line, cells


def _quality(text: str, separator: str) -> tuple[int, int]:
    """How well a separator fits: columns understood, then the most cells of a row."""
    head: list[list[str]] = []
    with suppress(Unreadable):  # what stands before the quotes that do not match tells enough
        for _, cells in islice(_records(text, separator), HEAD_ROWS):
            head.append(cells)
    _, columns = _layout(head)
    return sum(map(len, columns.values())), max(map(len, head), default=0)


def _layout(head: list[list[str]]) -> tuple[int, Columns]:
    """The place of the first row of people, and the columns; none if no column holds numbers.

    Rows above the column names are titles. The search ends at the first row with a mobile number, so that
    no person is taken for a title.
    """
    begin, best = 0, Columns()
    for place, cells in enumerate(head):
        columns = _columns(cells)
        if "number" in columns and len(columns) > len(best):
            begin, best = place + 1, columns
        if any(map(_is_mobile, cells)):
            break
    if best:
        return begin, best
    return _without_names(head)


def _without_names(head: list[list[str]]) -> tuple[int, Columns]:
    """A list without column names: the first column holds the numbers, and the rest is not looked at."""
    for place, cells in enumerate(head):
        if phones.written(cells[0]) or phones.is_ruined(cells[0]):
            return place, {"number": [0]}
        if sum(bool(cell.strip()) for cell in cells) > 1:  # no title: perhaps names we do not know
            break
    return 0, {}


def _columns(cells: list[str]) -> Columns:
    """Kind of column -> where it is."""
    plain = (unicodedata.normalize("NFKD", cell[:LONGEST_NAME]).casefold() for cell in cells)
    keys = ["".join(re.findall("[a-z]", cell)) for cell in plain]
    columns = Columns()
    for column, kinds in _HEADERS.items():
        places = [place for kind in kinds for place, key in enumerate(keys) if re.fullmatch(kind, key)]
        if places:
            columns[column] = places
    return columns


def _line(line: int, cells: list[str], columns: Columns) -> Line:
    def written(column: str) -> list[str]:
        places = columns.get(column, [])
        return [cells[place].strip() for place in places if place < len(cells)]

    def first(column: str) -> str:
        return next(iter(written(column)), "")

    numbers = [part.strip() for cell in written("number") for part in cell.split(_SEVERAL)]
    name = f"{first('name')} {first('surname')}".strip()
    return Line(line=line, number=_chosen(numbers), name=name, date=first("date"))


def _chosen(numbers: list[str]) -> str:
    """The first mobile of a person's numbers, else the first number."""
    filled = [number for number in numbers if number]
    if len(filled) < 2:
        return "".join(filled)
    return next(filter(_is_mobile, filled), filled[0])


def _is_mobile(text: str) -> bool:
    number = phones.written(text)
    return number is not None and phones.kind(number) == "mobile"
