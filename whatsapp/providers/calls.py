"""Calls to a provider over HTTP, and what their failing says: nothing arrived, or nobody knows (6.4)."""

import ssl
import threading
from typing import Any

import requests

from whatsapp import errors

# Seconds to connect and to answer. Long enough that a lost answer is rare, short enough for a worker's slot.
TIMEOUT = (5, 30)
CHUNK = 64 * 1024
# What urllib3 calls it when not one byte of the request has left.
NOT_BEGUN = {"NewConnectionError", "ConnectTimeoutError", "NameResolutionError"}


class Caller:
    """One HTTP session per thread keeps connections open; a `requests.Session` is not promised to be safe
    across threads."""

    def __init__(self) -> None:
        self._local = threading.local()

    @property
    def session(self) -> requests.Session:
        """This thread's session."""
        if not hasattr(self._local, "session"):
            session = requests.Session()
            session.headers["User-Agent"] = "WhatsURP"
            session.trust_env = False  # a proxy or netrc of the machine must not see the token
            self._local.session = session
        session_: requests.Session = self._local.session
        return session_

    def call(
        self, method: str, url: str, *, timeout: tuple[float, float] = TIMEOUT, **arguments: Any
    ) -> requests.Response:
        """One call, one answer, whatever it says; redirects are not followed, for they would show the token.

        Args:
            timeout: seconds to connect and to wait for the answer.

        Raises:
            Unreachable: nothing has left.
            OutcomeUnknown: it may have arrived.
        """
        try:
            return self.session.request(method, url, timeout=timeout, allow_redirects=False, **arguments)
        except requests.exceptions.RequestException as error:
            if _nothing_left(error):
                raise errors.Unreachable(
                    "WhatsApp non è raggiungibile: si riprova da solo.", code="line"
                ) from error
            raise errors.OutcomeUnknown(
                "Il collegamento con WhatsApp si è interrotto prima della risposta."
            ) from error

    def download(self, url: str, headers: dict[str, str], limit: int) -> bytes:
        """A file, of which never more than `limit` bytes come into memory, whatever was announced.

        Raises:
            MessageError: it is larger.
            Transient: not there, or not whole: its address must be asked for again.
        """
        try:
            with self.session.get(
                url, headers=headers, timeout=TIMEOUT, stream=True, allow_redirects=False
            ) as response:
                if response.status_code != 200:
                    raise errors.Transient("WhatsApp non ha ancora dato il file: si riprova da solo.")
                return _read(response, limit)
        except requests.exceptions.RequestException as error:
            raise errors.Transient("Il file non si è scaricato per intero: si riprova da solo.") from error


def _nothing_left(error: requests.exceptions.RequestException) -> bool:
    """Refused, unresolved, or a certificate that is not theirs: nothing was sent. Anything else is doubtful,
    other TLS errors too: one that comes while the answer is awaited looks the same."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    cause = reason.args[0] if isinstance(reason, Exception) and reason.args else None
    return type(reason).__name__ in NOT_BEGUN or isinstance(cause, ssl.SSLCertVerificationError)


def _read(response: requests.Response, limit: int) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(CHUNK):
        content += chunk
        if len(content) > limit:
            raise errors.MessageError("Il file è troppo grande.", code="size")
    return bytes(content)
