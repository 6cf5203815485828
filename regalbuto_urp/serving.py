"""How gunicorn serves the site: `gunicorn --config python:regalbuto_urp.serving regalbuto_urp.wsgi`.

The proxy in front takes whole requests in and passes them on at once. A client that reaches gunicorn with
half a request keeps one of the threads for a few seconds, and the others go on.
"""

import logging
import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from regalbuto_urp import settings
from whatsapp.logs import MaskingFormatter

HEAD_SECONDS = 10  # for the request line and the headers
BODY_SECONDS = 60  # for the body


class DeadlineWorker(ThreadWorker):  # type: ignore[misc]
    """A thread waits for its client's bytes until a deadline; for our own answer as long as it takes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.deadlines: dict[TConn, float] = {}

    def handle(self, conn: TConn) -> Any:
        self.deadlines[conn] = time.monotonic() + HEAD_SECONDS
        try:
            return super().handle(conn)
        finally:
            self.deadlines.pop(conn, None)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        self.deadlines[conn] = time.monotonic() + BODY_SECONDS
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Called every second: end the reading of who is late. The thread sees the end of the stream."""
        super().murder_pending()
        now = time.monotonic()
        late = [conn for conn, deadline in self.deadlines.copy().items() if deadline < now]
        for conn in late:
            with suppress(OSError):
                conn.sock.shutdown(socket.SHUT_RD)


class MaskingLogger(Logger):  # type: ignore[misc]
    """Gunicorn's own log lines, masked as all others."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                line = handler.formatter or logging.Formatter()
                handler.setFormatter(MaskingFormatter(line._fmt, line.datefmt))


bind = settings.HOST if settings.HOST.startswith("unix:") else f"{settings.HOST}:{settings.PORT}"
forwarded_allow_ips = ",".join(settings.PROXY_ADDRESSES)
workers = 2
threads = 16
worker_class = DeadlineWorker
logger_class = MaskingLogger
graceful_timeout = 5  # seconds
control_socket_disable = True
