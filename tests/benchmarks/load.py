"""Posts prepared bodies to a webhook over kept-alive connections, each waiting for its answer.

    python -m tests.benchmarks.load <port> <connections> <file: one JSON line [signature, body] per POST>

Prints JSON: the time it took and each POST's latency, in seconds.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ADDRESS = "/webhooks/cloud_api/"


async def post(port: int, requests: Iterator[bytes], latencies: list[float]) -> None:
    """One connection, opened again when the server has closed it."""
    streams = None
    for request in requests:
        began = time.perf_counter()
        while True:
            reader, writer = streams or await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                break
            except (asyncio.IncompleteReadError, ConnectionError):
                streams = None  # gunicorn ends a connection after a moment of quiet
        assert b" 200 " in head[:20], head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - began)
        streams = None if b"connection: close" in head.lower() else (reader, writer)


def encode(line: str) -> bytes:
    signature, body = json.loads(line)
    raw = body.encode()
    head = (
        f"POST {ADDRESS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: {signature}\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    return head.encode() + raw


async def main() -> None:
    """Share the requests among the connections."""
    port, connections, path = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    requests = iter([encode(line) for line in path.read_text().splitlines()])
    latencies: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(post(port, requests, latencies) for _ in range(connections)))
    print(json.dumps({"seconds": time.perf_counter() - began, "latencies": latencies}))


if __name__ == "__main__":
    asyncio.run(main())
