"""In which alphabet a list was saved: told apart by what Italian names can be, or asked.

Libraries that guess need long texts, and a list has a few accents. The same bytes are «Nicolò» in one
alphabet and «Nicol˜» in another: a wrong guess would put wrong names into the register.
"""

import codecs
import re

import filetype

# What programs in Italy save text in when it is not Unicode -> how a person may know it.
ALPHABETS = {
    "cp1252": "Windows",
    "mac_roman": "Mac (Excel per Mac, «CSV Macintosh»)",
    "cp850": "DOS (programmi molto vecchi)",
}
SAVE_AS = (
    "Apri l'elenco con Excel o LibreOffice, scegli «Salva con nome», formato «CSV UTF-8», e carica quello."
)
MOST_WORDS, LONGEST_WORD, SAMPLES = 500, 80, 4
SHORTEST_UTF_16 = 16  # bytes; with fewer the zeros prove nothing
# A letter or sign that no Italian word has where it stands; how much better the best alphabet must be.
IMPOSSIBLE, CLEARLY = 10, 3
_WORD = re.compile(rb"[A-Za-z'\x80-\xff]+")
_ITALIAN_SMALL, _ITALIAN_CAPITAL, _ITALIAN_SIGNS = "àèéìòù", "ÀÈÉÌÒÙ", "’°ªº€\xa0"
# UTF-8 read as Windows's and saved again («NicolÃ²»), and letters that are lost.
_SPOILT = re.compile("Ã[\x80-\xbf‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|\N{REPLACEMENT CHARACTER}")


class Unreadable(ValueError):
    """The whole file is refused; the text says why and what to do, in Italian."""


class Doubtful(Unreadable):
    """Only a person can tell the alphabet.

    Attributes:
        samples: alphabet -> how some of the list's words would be read.
    """

    def __init__(self, samples: dict[str, list[str]]) -> None:
        super().__init__(
            "Non è chiaro con quale alfabeto è stato salvato l'elenco: scegli la riga in cui le parole sono "
            "scritte bene e indica di nuovo il file. Se nessuna va bene: "
            f"{SAVE_AS[0].lower()}{SAVE_AS[1:]}"
        )
        self.samples = samples


def decode(data: bytes, alphabet: str = "") -> str:
    """The file's text.

    Args:
        alphabet: one of `ALPHABETS`, if a person has chosen.

    Raises:
        Unreadable: it is no text.
        Doubtful: a person must choose.
    """
    if data.startswith(b"%PDF"):
        raise _no_text(data)
    wide = _utf_16(data)
    if b"\0" in data and not wide:
        raise _no_text(data)
    text = _decoded(data, wide or "utf-8-sig")
    if text is None and not wide:
        text = data.decode(alphabet or _told_apart(data), errors="replace")
    if text is None or "\0" in text:
        raise Unreadable(f"I caratteri del file non si leggono. {SAVE_AS}")
    return text


def is_spoilt(text: str) -> bool:
    """Were letters lost or changed before the list was saved?"""
    return _SPOILT.search(text) is not None


def _no_text(data: bytes) -> Unreadable:
    kind = filetype.guess_extension(data)
    return Unreadable(f"Non è un elenco in formato testo{f', ma un file {kind}' if kind else ''}. {SAVE_AS}")


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _utf_16(data: bytes) -> str:
    """The kind of UTF-16, by its mark or because every other byte is a zero; empty if it is none."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = data[:2000]
    if len(sample) < SHORTEST_UTF_16:
        return ""
    for encoding, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        high, low = sample[first::2], sample[1 - first :: 2]
        if high.count(0) >= 0.8 * len(high) and low.count(0) == 0:
            return encoding
    return ""


def _told_apart(data: bytes) -> str:
    """The alphabet in which the words with accents are Italian, if it is clearly better than the others."""
    words = _accented(data)
    costs = {name: sum(_cost(word, name) for word in words) for name in ALPHABETS}
    best, second, *_ = sorted(costs, key=lambda name: costs[name])
    if costs[best] < IMPOSSIBLE and costs[second] - costs[best] >= CLEARLY:
        return best
    raise Doubtful({name: [_read(word, name) for word in words[:SAMPLES]] for name in ALPHABETS})


def _accented(data: bytes) -> list[bytes]:
    """The first different words that are not plain ASCII."""
    words: dict[bytes, None] = {}
    for match in _WORD.finditer(data):
        if not match[0].isascii():
            words[match[0][:LONGEST_WORD]] = None
        if len(words) == MOST_WORDS:
            break
    return list(words)


def _read(word: bytes, alphabet: str) -> str:
    return word.decode(alphabet, errors="replace")


def _cost(word: bytes, alphabet: str) -> int:
    """0: as Italian writes it; 1 for each letter of another language; 10 for what stands in no word."""
    text = _read(word, alphabet)
    pairs = zip(f" {text}", text, strict=False)
    return sum(_cost_of(letter, before) for before, letter in pairs if not letter.isascii())


def _cost_of(letter: str, before: str) -> int:
    if letter in _ITALIAN_SMALL or letter in _ITALIAN_SIGNS:
        return 0
    if letter.isupper() and before.islower():
        return IMPOSSIBLE
    if letter in _ITALIAN_CAPITAL:
        return 0
    return 1 if letter.isalpha() and letter < "ƀ" else IMPOSSIBLE
