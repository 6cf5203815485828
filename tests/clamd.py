"""A clamd on the loopback that speaks INSTREAM and PING, as far as the service uses them."""

import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.files import EICAR


class Clamd(socketserver.ThreadingTCPServer):
    """Attributes: `delay` before each answer; `limit` of a stream; `seen` streams."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.delay, self.limit = 0.0, 25 * 1024 * 1024
        self.seen: list[bytes] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        command = self.rfile.readline().strip()
        if command == b"nPING":
            self.wfile.write(b"PONG\n")
        elif command == b"nINSTREAM":
            self._scan()

    def _scan(self) -> None:
        content = b""
        while size := struct.unpack("!L", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
            if len(content) > self.server.limit:  # clamd hangs up in the middle of the stream
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\n")
                return
        time.sleep(self.server.delay)
        self.server.seen.append(content)
        verdict = b"Eicar-Test-Signature FOUND" if EICAR.encode() in content else b"OK"
        self.wfile.write(b"stream: " + verdict + b"\n")


@contextmanager
def clamd() -> Iterator[Clamd]:
    with Clamd() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()
