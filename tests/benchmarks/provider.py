"""The provider's stand-in: answers every hand-over after a set delay, and remembers when each arrived.

Bare asyncio and no web framework, because it shares the machine with what is measured:

    python -m tests.benchmarks.provider <port> <seconds of delay>
"""

import asyncio
import itertools
import json
import re
import sys
import time
from typing import Any

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_numbers = itertools.count(1)


class StandIn(asyncio.Protocol):
    """One kept-alive connection. `POST` is a hand-over, `GET /count` and `GET /arrivals` are ours."""

    arrivals: list[tuple[float, str, str]] = []
    delay = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer = transport, bytearray()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.buffer[:end])
            length = LENGTH.search(head)
            total = end + 4 + (int(length[1]) if length else 0)
            if len(self.buffer) < total:
                return
            body = bytes(self.buffer[end + 4 : total])
            del self.buffer[:total]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /count"):
            self.write(len(self.arrivals))
        elif head.startswith(b"GET"):
            self.write(self.arrivals)
            self.arrivals.clear()
        else:
            self.receive(json.loads(body))

    def receive(self, message: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"success": True}
        if message.get("status") != "read":
            name = message["template"]["name"] if "template" in message else message["type"]
            self.arrivals.append((time.time(), message.get("to", ""), name))
            answer = {
                "messaging_product": "whatsapp",
                "contacts": [{"input": message.get("to"), "wa_id": message.get("to")}],
                "messages": [{"id": f"wamid.BENCH{time.time_ns()}.{next(_numbers)}"}],
            }
        asyncio.get_running_loop().call_later(self.delay, self.write, answer)

    def write(self, answer: object) -> None:
        raw = json.dumps(answer).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
        self.transport.write(head.encode() + raw)


async def main() -> None:
    """Serve until killed."""
    StandIn.delay = float(sys.argv[2])
    server = await asyncio.get_running_loop().create_server(
        StandIn, "127.0.0.1", int(sys.argv[1]), backlog=512
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
