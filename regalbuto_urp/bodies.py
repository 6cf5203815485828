"""The bodies of requests, before Django reads them: never too long, and with a known length."""

from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PIECE = 64 * 1024  # bytes
IN_MEMORY = 1024 * 1024  # bytes: a longer body is written to the disk
TOO_LARGE = ("413 Content Too Large", "La richiesta è troppo grande.")
NO_LENGTH = ("411 Length Required", "Manca la lunghezza della richiesta (Content-Length).")


class MeasuredBodies:
    """WSGI middleware: 413 for what is longer than the limit; a body sent in chunks gets its length.

    Django reads as far as `Content-Length` says and no further: of a body sent in chunks it sees nothing.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        self.application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        limit = _limit(environ.get("CONTENT_TYPE", ""))
        if _declared(environ) > limit:
            return _refuse(start_response, *TOO_LARGE)
        if "HTTP_TRANSFER_ENCODING" not in environ:
            return self.application(environ, start_response)
        if not environ.get("wsgi.input_terminated"):
            return _refuse(start_response, *NO_LENGTH)
        with SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            length = _copy(environ["wsgi.input"], body, limit)
            if length > limit:
                return _refuse(start_response, *TOO_LARGE)
            body.seek(0)
            del environ["HTTP_TRANSFER_ENCODING"]
            environ.update({"wsgi.input": body, "CONTENT_LENGTH": str(length)})
            return self.application(environ, start_response)


def _limit(content_type: str) -> int:
    """Only forms with files may be long."""
    with_files = content_type.lower().startswith("multipart/")
    return settings.LARGEST_UPLOAD if with_files else settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0


def _declared(environ: "WSGIEnvironment") -> int:
    length = environ.get("CONTENT_LENGTH") or "0"
    return int(length[:15]) if length.isdecimal() else 0


def _copy(source: Any, target: IO[bytes], limit: int) -> int:
    """The bytes copied: no more than one piece over the limit."""
    length = 0
    while length <= limit and (piece := source.read(PIECE)):
        target.write(piece)
        length += len(piece)
    return length


def _refuse(start_response: "StartResponse", status: str, text: str) -> Iterable[bytes]:
    body = text.encode()
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    start_response(status, list(headers.items()))
    return [body]
