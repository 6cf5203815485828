"""The second factor: the telephone that gives the codes, and the backup codes for when it is lost."""

import secrets
from base64 import b32encode
from typing import Any

import segno
from django.db import transaction
from django.utils import timezone
from django_otp.models import VerifyNotAllowed
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from regalbuto_urp.access import journal, mail

CODES, CODE_DIGITS = 10, 10


class Refused(Exception):
    """The code is not accepted; the text says why and what to do."""


def is_verified(user: Any) -> bool:
    """Has this session given a code?"""
    return bool(user.is_verified())


def must_verify(user: Any) -> bool:
    """Has this person a telephone whose code this session has not given yet?"""
    return not is_verified(user) and phone(user) is not None


def phone(user: Any) -> TOTPDevice | None:
    """The app that gives this person's codes."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def begin(user: Any) -> TOTPDevice:
    """A secret to be put into the app; the same one until it is confirmed."""
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "telefono"})
    return device


def picture(device: TOTPDevice) -> str:
    """The secret as a QR code, for an `img`."""
    return segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=2, light="white")


def secret(device: TOTPDevice) -> str:
    """The secret to be typed, in groups of four, where no camera can read the QR code."""
    text = b32encode(device.bin_key).decode()
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def confirm(user: Any, code: str) -> TOTPDevice:
    """Register the app that shows this code as the person's second factor. Raises Refused.

    The person gets an e-mail, because a thief of the password could register a telephone too.
    """
    device = begin(user)
    _try(device, code)
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    mail.tell(user, "registrato un telefono per i codici", actor=user)
    return device


def verify(user: Any, code: str) -> TOTPDevice | StaticDevice:
    """The device whose code this is: six digits from the app, ten from the list of backup codes. Raises
    Refused: wrong, used already, or too many wrong ones before."""
    model = StaticDevice if len(_digits(code)) == CODE_DIGITS else TOTPDevice
    device = model.objects.filter(user=user, confirmed=True).first()
    if device is None:
        raise Refused("Il codice non è valido. Controlla di averlo copiato per intero.")
    _try(device, code)
    if model is StaticDevice:
        mail.tell(user, "usato un codice di riserva", actor=user)
    return device


def _digits(code: str) -> str:
    return "".join(code.split())


def _try(device: TOTPDevice | StaticDevice, code: str) -> None:
    with transaction.atomic():
        locked = type(device).objects.select_for_update().get(pk=device.pk)
        allowed, why = locked.verify_is_allowed()
        # Outside the block: what is raised inside would roll back the count of wrong codes.
        right = allowed and locked.verify_token(_digits(code))
    if not allowed and why and why.get("reason") == VerifyNotAllowed.N_FAILED_ATTEMPTS:
        seconds = max(1, int((why["locked_until"] - timezone.now()).total_seconds()) + 1)
        raise Refused(f"Troppi codici sbagliati: aspetta {seconds} secondi e riprova.")
    if not right:
        raise Refused(
            "Il codice è sbagliato, oppure è già stato usato: scrivi quello che l'app mostra adesso. Se "
            "continua, controlla che l'ora del telefono sia giusta."
        )
    device.refresh_from_db()


def new_backup_codes(user: Any) -> list[str]:
    """Ten codes, each good once; the earlier ones end. They are shown now and never again."""
    device, _ = StaticDevice.objects.get_or_create(user=user, defaults={"name": "codici di riserva"})
    device.token_set.all().delete()
    codes = [f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}" for _ in range(CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    journal.note(user, "ha creato i codici di riserva", actor=user)
    return codes


def backup_codes_left(user: Any) -> int:
    """How many backup codes have not been used."""
    return int(StaticToken.objects.filter(device__user=user).count())


def remove(user: Any, *, by: Any, second: Any = None) -> None:
    """Take the telephone and the backup codes away: the next log-in registers another telephone.

    Args:
        by: who does it; None: the server's administrator.
        second: the administrator who confirmed it.
    """
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    mail.tell(user, "secondo fattore tolto", actor=by, second=second)
