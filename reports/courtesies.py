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
_GREETING_ONLY = re.compile(rf"(?:{_GREETING}\s*)+")
_COURTESY_ONLY = re.compile(rf"(?:(?:{_GREETING}|{_THANKS})\s*)+")
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
    words = plain(text)
    if words:
        if len(words) > 120:
            return Courtesy.NONE
        if _GREETING_ONLY.fullmatch(words):
            return Courtesy.GREETING
        return Courtesy.THANKS if _COURTESY_ONLY.fullmatch(words) else Courtesy.NONE
    signs = {sign for sign in text if unicodedata.category(sign) in {"So", "Sm"}}
    if not signs:
        return Courtesy.EMPTY
    if signs <= _KIND_EMOJI_GREETING:
        return Courtesy.GREETING
    return Courtesy.THANKS if signs <= _KIND_EMOJI | _KIND_EMOJI_GREETING else Courtesy.NONE


def plain(text: str) -> str:
    """Small letters and figures without accents, signs or drawn-out letters, one space between words."""
    text = unicodedata.normalize("NFKD", text.lower())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    # Letters of any alphabet count: a report in Arabic or Romanian is not empty.
    words = " ".join(re.sub(r"[\W_]+", " ", text).split())
    return re.sub(r"([a-z])\1{2,}", r"\1", words)
