"""What Python and `requests` can do at best: a loop without database, queue or rules.

python -m tests.benchmarks.bare <address> <threads> <messages>
"""

import sys
import threading
import uuid

import requests


def message(number: int) -> dict[str, object]:
    """A notice as the engine writes it."""
    body = [{"type": "text", "text": "Via Roma chiusa"}, {"type": "text", "text": "Mercoledì, 8 - 14."}]
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": f"39340{number:07d}",
        "biz_opaque_callback_data": uuid.uuid4().hex,
        "type": "template",
        "template": {
            "name": "bare",
            "language": {"code": "it"},
            "components": [{"type": "body", "parameters": body}],
        },
    }


def loop(address: str, numbers: range) -> None:
    """One thread: one session, one message after the other."""
    session = requests.Session()
    session.trust_env = False
    for number in numbers:
        answer = session.post(
            address, json=message(number), headers={"Authorization": "Bearer token"}, timeout=(5, 30)
        )
        assert answer.json()["messages"][0]["id"]


def main() -> None:
    """Share the messages among the threads."""
    address, threads, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    running = [
        threading.Thread(target=loop, args=(address, range(first, count, threads)))
        for first in range(threads)
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


if __name__ == "__main__":
    main()
