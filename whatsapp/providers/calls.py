"""Calls to a provider over HTTP, and what their failing says: nothing arrived, or nobody knows (6.4)."""

import itertools
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from whatsapp import errors

# Seconds to connect and to answer. Long enough that a lost answer is rare, short enough for a worker's slot.
TIMEOUT = (5, 30)
# Seconds for a whole call or download, however slowly its bytes come.
DEADLINE = 60.0
# How often late calls are looked for, in seconds.
LOOK_EVERY = 0.25
CHUNK = 64 * 1024
# What urllib3 calls it when not one byte of the request has left.
NOT_BEGUN = {"NewConnectionError", "ConnectTimeoutError", "NameResolutionError"}


# The connections this thread has opened, so that a deadline can cut them.
_own = threading.local()


class _PlainConnection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _sockets().add(self.sock)


class _SecureConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _sockets().add(self.sock)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}


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
            adapter = _Adapter()
            session.mount("https://", adapter)
            session.mount("http://", adapter)
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
            with _deadline():
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
            with (
                _deadline(),
                self.session.get(
                    url, headers=headers, timeout=TIMEOUT, stream=True, allow_redirects=False
                ) as response,
            ):
                if response.status_code != 200:
                    raise errors.Transient("WhatsApp non ha ancora dato il file: si riprova da solo.")
                return _read(response, limit)
        except requests.exceptions.RequestException as error:
            raise errors.Transient("Il file non si è scaricato per intero: si riprova da solo.") from error


def _sockets() -> WeakSet[Any]:
    if not hasattr(_own, "sockets"):
        _own.sockets = WeakSet()
    sockets: WeakSet[Any] = _own.sockets
    return sockets


class _Watch:
    """Cuts the connections of calls that do not end in time. One thread does it for the whole process: a
    timer of its own for each call would cost more than the call's own work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[int, tuple[float, WeakSet[Any]]] = {}
        self._cut: set[int] = set()
        self._names = itertools.count()
        self._thread: threading.Thread | None = None

    def begin(self) -> int:
        """A call of this thread begins; returns its name."""
        name = next(self._names)
        with self._lock:
            self._calls[name] = time.monotonic() + DEADLINE, _sockets()
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="deadlines", daemon=True)
                self._thread.start()
        return name

    def end(self, name: int) -> bool:
        """The call has come to an end; was it cut?"""
        with self._lock:
            self._calls.pop(name, None)
            was_cut = name in self._cut
            self._cut.discard(name)
        return was_cut

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            with self._lock:
                now = time.monotonic()
                late = [name for name, (deadline, _) in self._calls.items() if deadline < now]
                for name in late:
                    self._cut.add(name)
                    _shut(self._calls[name][1])


_watch = _Watch()


def _shut(sockets: WeakSet[Any]) -> None:
    for opened in list(sockets):
        with suppress(OSError):
            opened.shutdown(socket.SHUT_RDWR)


@contextmanager
def _deadline() -> Iterator[None]:
    """End a call in time: the limits of `TIMEOUT` hold for each byte. Raises requests' Timeout."""
    name = _watch.begin()
    was_cut = False
    try:
        yield
    finally:
        was_cut = _watch.end(name)
    if was_cut:  # a body without a length seems to be whole when the connection ends
        raise requests.exceptions.Timeout("deadline")


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
