"""Greetings and thanks: what opens no report. Pure."""

import re
import unicodedata
from enum import Enum

_GREETING = (
    r"(?:buon ?giorno|buona ?sera|buon ?di|buona ?notte|buon pomeriggio|buona giornata|buona serata"
    r"|buona domenica"
    r"|ciao|salve|saluti|cordiali saluti|hey|ehi|hello|hi|a tutti|signor sindaco|sindaco|urp|comune"
    r"|c e qualcuno"
    r"|ci siete|prova|test|pronto|scusi|scusate|bongiorno|bonasira|sabbenerica|buon natale|auguri|buon anno)"
)
_THANKS = (
    r"(?:grazie|grazi|grz|mille|tante|tanto|molto|infinite|ok|okay|oki|va bene|vabbene|perfetto|ottimo"
    r"|ricevuto|bene"
    r"|benissimo|gentilissimi|gentilissima|gentilissimo|gentili|siete|bravi|bravissimi|si|a voi"
    r"|anticipatamente"
    r"|di cuore|di tutto|ancora|per la risposta|della risposta|per la disponibilita|e|d accordo|complimenti"
    r"|ti ringrazio|vi ringrazio|la ringrazio|ringrazio|certo|capito|prego)"
)
# Whole words, each with a space behind it, and possessive: there is one way to read a text.
_GREETING_ONLY = re.compile(rf"(?:{_GREETING} )++")
_COURTESY_ONLY = re.compile(rf"(?:(?:{_GREETING}|{_THANKS}) )++")
# Characters of a courtesy, and of a text that is looked at.
_LONGEST = 120
LENGTH_LIMIT = 4096
_SIGNS = re.compile(r"[\W_]+")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
_KIND_EMOJI = frozenset("👍👌🙏❤😊🙂😀😃😄😁🤗👏💪✅☺😍🥰😘🌹💐🎉🙌✌🤝💚💙😉🥳")
_KIND_EMOJI_GREETING = frozenset("👋")


class Courtesy(Enum):
    """What a short text is, if it is no report."""

    NONE = "none"
    GREETING = "greeting"
    THANKS = "thanks"
    EMPTY = "empty"


def recognise(text: str) -> Courtesy:
    """Is the whole text a greeting, a thank-you or nothing at all? Anything more is not."""
    if len(text) > LENGTH_LIMIT:
        return Courtesy.NONE
    words = plain(text)
    if words:
        if len(words) > _LONGEST:
            return Courtesy.NONE
        if _GREETING_ONLY.fullmatch(f"{words} "):
            return Courtesy.GREETING
        return Courtesy.THANKS if _COURTESY_ONLY.fullmatch(f"{words} ") else Courtesy.NONE
    signs = {sign for sign in text if unicodedata.category(sign) in {"So", "Sm"}}
    if not signs:
        return Courtesy.EMPTY
    if signs <= _KIND_EMOJI_GREETING:
        return Courtesy.GREETING
    return Courtesy.THANKS if signs <= _KIND_EMOJI | _KIND_EMOJI_GREETING else Courtesy.NONE


def plain(text: str) -> str:
    """Small letters and figures without accents, signs or drawn-out letters, one space between words.

    Of a long text only the beginning.
    """
    text = unicodedata.normalize("NFKD", text[:LENGTH_LIMIT].lower())[:LENGTH_LIMIT]
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    # Letters of any alphabet count: a report in Arabic or Romanian is not empty.
    words = " ".join(_SIGNS.sub(" ", text).split())
    return _DRAWN_OUT.sub(r"\1", words)
