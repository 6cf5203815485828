"""ClamAV's clamd looks into every file before the staff may open it; without `CLAMD` no antivirus does."""

import io

from clamav_client.clamd import BufferTooLongError, ClamdError, ClamdNetworkSocket
from clamav_client.scanner import ClamdScanner
from django.conf import settings

SECONDS = 30  # to connect, and for each answer
NOT_SCANNABLE = "non si è potuto controllare con l'antivirus, perché è troppo grande per il suo limite"


class Unavailable(Exception):
    """clamd does not answer, or not in time: the file must wait."""


class NotScannable(Exception):
    """clamd answers, but does not take this file: it is over its `StreamMaxLength`."""


def enabled() -> bool:
    """Is there an antivirus?"""
    return bool(settings.CLAMD)


def scan(content: bytes) -> str:
    """The name of the virus in a file; empty: none. Raises Unavailable, NotScannable."""
    client = _client()
    try:
        answer = client.instream(io.BytesIO(content)).get("stream")
    except BufferTooLongError as error:
        raise NotScannable from error
    except (BrokenPipeError, ConnectionResetError) as error:
        # clamd hangs up on what is too long; if it were down, it would not answer now either.
        if answers():
            raise NotScannable from error
        raise Unavailable from error
    except (ClamdError, OSError, UnicodeDecodeError) as error:
        raise Unavailable from error
    state, virus = answer or ("ERROR", None)
    if state == "ERROR":
        raise Unavailable
    return (virus or "virus senza nome") if state == "FOUND" else ""


def answers() -> bool:
    """Is clamd there?"""
    try:
        return _client().ping() == "PONG"
    except (ClamdError, OSError, UnicodeDecodeError):
        return False


def _client() -> ClamdNetworkSocket:
    return ClamdScanner({"address": settings.CLAMD, "timeout": float(SECONDS)}).client
