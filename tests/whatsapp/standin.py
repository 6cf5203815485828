"""A provider's stand-in on the loopback: it writes down what it is asked and answers from a table."""

import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

# A certificate for localhost that nobody vouches for, with its key: made for these tests, worth nothing.
CERTIFICATE = Path(__file__).with_name("localhost.pem")


@dataclass
class Answer:
    """What to say. `act`: `reset` and `silence` say nothing after reading everything, `half` stops midway,
    `garbage` breaks the encryption."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    act: str = ""

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Any
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Handler(BaseHTTPRequestHandler):
    """One connection; it may carry many requests."""

    standin: "StandIn"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.standin.connections += 1
        super().setup()

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:  # the client went away: with TLS, because it did not believe the certificate
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, parts.path, parse_qs(parts.query), self.headers, body)
        self.standin.asked.append(asked)
        told = self.standin.answer(asked)
        if told.act:
            self.close_connection = True
        if told.act == "silence":
            self.standin.closing.wait(5)
        elif told.act == "reset":
            # Closed at once, without goodbye: the client sees a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif told.act == "garbage":
            # Past the encryption: what a broken box on the way would say.
            with socket.socket(fileno=os.dup(self.connection.fileno())) as wire:
                wire.sendall(b"HTTP/1.1 502 Bad gateway\r\n\r\n")
        else:
            self.say(told)

    do_GET = do_POST = answer  # noqa: N815

    def say(self, told: Answer) -> None:
        content = told.content()
        self.send_response(told.status)
        for name, value in told.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if told.act == "half" else content)


class StandIn:
    """`answers["POST /v25.0/1/messages"] = Answer(...)`; a list of them is used up one by one."""

    def __init__(self, *, tls: bool = False) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.answers: dict[str, Answer | list[Answer]] = {}
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Theirs", (Handler,), {"standin": self}))
        self.server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        host = "https://localhost" if tls else "http://127.0.0.1"
        self.url = f"{host}:{self.server.server_address[1]}"

    def answer(self, asked: Asked) -> Answer:
        found = self.answers.get(f"{asked.method} {asked.path}", Answer({"error": "unexpected"}, 404))
        if isinstance(found, list):
            found = found.pop(0)
        return found


@contextmanager
def running(*, tls: bool = False) -> Iterator[StandIn]:
    standin = StandIn(tls=tls)
    thread = threading.Thread(target=standin.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield standin
    finally:
        standin.closing.set()
        standin.server.shutdown()
        standin.server.server_close()
        thread.join()


@contextmanager
def full_port() -> Iterator[int]:
    """A port that lets nobody in any more: connecting takes for ever."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        port = door.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for visitor in waiting:
            visitor.setblocking(False)
            visitor.connect_ex(("127.0.0.1", port))
        yield port
        for visitor in waiting:
            visitor.close()
