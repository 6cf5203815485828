"""Telephone numbers: E.164 inside, masked wherever a person does not need them whole."""

import re
import unicodedata
from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumberType

# A long run of digits is a number, or a WhatsApp id, which contains one in clear.
_DIGITS = re.compile(r"\+?\d{8,15}")
_MESSAGE_ID = re.compile(r"wamid\.[A-Za-z0-9+/=_-]+")
_WRITTEN = re.compile(r"\+?[\d\s./()–-]{6,}")
# Digits that WhatsApp's own id of a number may leave out, or add, after the first group: numbering plans
# changed, and old accounts kept their id. Brazil and Argentina: the 9 of mobiles; Mexico: the 1; Ivory Coast
# and Benin: the prefix of 2021 and 2024.
_VARIABLE = {
    re.compile(r"(\+55\d\d)(9)?([6-9]\d{7})"): "9",
    re.compile(r"(\+52)(1)?([2-9]\d{9})"): "1",
    re.compile(r"(\+54)(9)?(\d{10})"): "9",
    re.compile(r"(\+225)(01)?(\d[0-3]\d{6})"): "01",
    re.compile(r"(\+225)(05)?(\d[4-6]\d{6})"): "05",
    re.compile(r"(\+225)(07)?(\d[7-9]\d{6})"): "07",
    re.compile(r"(\+229)(01)?(\d{8})"): "01",
}
# Two spellings of one number end alike.
_SAME_END = 7
# What spreadsheets make of a long number: 3,93401E+11, and 3401112233.0.
_RUINED = re.compile(r"\A[\d.,]++ ?E ?\+?\d+", re.IGNORECASE)
_DECIMALS = re.compile(r"(\+?\d{8,15})[.,]0{1,4}")
# Take no room although Unicode does not call them so: fillers and selectors that come with pasted text.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_ITALIAN_MOBILE = re.compile(r"\+393\d{8}")
# TIM's first ranges: only there numbers of nine figures, given out in the nineties, are still in use.
_NINE_FIGURES = re.compile(r"\+393(?:3\d|60|68)\d{6}")
# In some countries, as in the United States, nothing tells a mobile from a landline.
_KINDS: dict[int, Literal["mobile", "landline"]] = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "landline",
}


def normalise(text: str, *, region: str = "IT") -> str | None:
    """The number in E.164 (`+393401112233`), or None if it cannot be one.

    A number as WhatsApp writes it (`wa_id`: digits without `+`) must get its `+` first: see `from_wa_id`.
    """
    try:
        number = phonenumbers.parse(visible(text), region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def written(text: str) -> str | None:
    """The number in E.164 if the text is nothing but one: `normalise` finds it inside a formula too.

    What spreadsheets put in front or behind, and our own CSV, is taken off.
    """
    number = visible(text).strip().lstrip("'").removeprefix("tel:")
    if with_decimals := _DECIMALS.fullmatch(number):
        number = with_decimals[1]
    return normalise(number) if _WRITTEN.fullmatch(number) else None


def visible(text: str) -> str:
    """The text without the characters that take no room: direction marks, joiners, fillers, selectors."""
    return "".join(c for c in _BLANK.sub("", text) if unicodedata.category(c) != "Cf")


def is_ruined(text: str) -> bool:
    """Has a spreadsheet turned the number into a power of ten? Its last figures are lost."""
    return _RUINED.fullmatch(text.strip()) is not None


def lacks_a_figure(number: str) -> bool:
    """Is this an Italian mobile in E.164 with nine figures, outside the ranges that ever had them?

    Italian mobiles have ten. `phonenumbers` takes nine everywhere, as the numbering plan allows them.
    """
    return bool(_ITALIAN_MOBILE.fullmatch(number)) and not _NINE_FIGURES.fullmatch(number)


def kind(number: str) -> Literal["mobile", "landline", "other"]:
    """What a number in E.164 is, by its country's numbering plan: `other` is toll-free, unassigned, ..."""
    return _KINDS.get(phonenumbers.number_type(phonenumbers.parse(number)), "other")


def spellings(number: str) -> list[str]:
    """The number in E.164 first, then the other way in which WhatsApp or paper may write the same line."""
    for pattern, inserted in _VARIABLE.items():
        if match := pattern.fullmatch(number):
            head, middle, tail = match.groups()
            return [number, f"{head}{tail}" if middle else f"{head}{inserted}{tail}"]
    return [number]


def may_be_same(one: str, other: str) -> bool:
    """Could these two numbers in E.164 be spellings of one? Of one country, and with the same end."""
    if one[-_SAME_END:] != other[-_SAME_END:]:
        return False
    try:
        return phonenumbers.parse(one).country_code == phonenumbers.parse(other).country_code
    except phonenumbers.NumberParseException:
        return False


def from_wa_id(wa_id: str | None) -> str | None:
    """E.164 from the digits of a webhook's `from` or `wa_id` (fact sheet 1.1: they come without `+`)."""
    digits = re.sub(r"[^0-9]", "", wa_id or "")
    return f"+{digits}" if 6 <= len(digits) <= 15 and digits[0] != "0" else None


def mask(phone: str | None) -> str:
    """`+39340****233`: enough to recognise a number one knows, not enough to call it."""
    if not phone:
        return "numero nascosto"
    return f"{phone[:6]}{'*' * max(len(phone) - 9, 2)}{phone[-3:]}"


def masked(text: str) -> str:
    """The text with every telephone number and WhatsApp message id made unreadable."""
    text = _MESSAGE_ID.sub("wamid.***", text)
    return _DIGITS.sub(lambda match: f"{match[0][:4]}***{match[0][-2:]}", text)
