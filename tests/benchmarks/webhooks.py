"""The webhook's door: the real web process, with the worker that reads what comes in (figure 5)."""

import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from regalbuto_urp.local import BASE_DIR, answers, free_port, wait_for
from tests.benchmarks import stage
from tests.benchmarks.results import Line, percentile, shown
from whatsapp import channels
from whatsapp.models import Attempt, Contact, Content, Message, WebhookEvent
from whatsapp.types import Kind, Lane, State

TOWN = 6800
CONNECTIONS = 8  # as many as the web process has threads
TOGETHER = 1000
STATES = ("sent", "delivered", "read")


def measure(*, quick: bool) -> list[Line]:
    """Receipts of real attempts, one in each POST, then a thousand in each."""
    people = 2000 if quick else TOWN
    stage.settle(people)
    runs = 2 if quick else 3
    single = [_post(people, together=1, count=people) for _ in range(runs)]
    batched = [_post(people, together=TOGETHER, count=people * len(STATES)) for _ in range(runs)]
    latencies = [latency for run in single for latency in run.latencies]
    stored = [latency for run in batched for latency in run.latencies]
    return [
        Line(
            "webhooks, one status each", "800 requests/s", shown([run.posted for run in single], "requests/s")
        ),
        _latency("one status each", "50 ms, 250 ms", latencies),
        Line("  and written in the ledger", "-", shown([run.written for run in single], "statuses/s")),
        Line("  processor per status", "-", single[-1].costs),
        Line(
            f"webhooks, {TOGETHER} statuses each, stored",
            "-",
            shown([run.posted for run in batched], "statuses/s"),
        ),
        _latency(f"{TOGETHER} statuses each", "50 ms, 250 ms", stored),
        Line(
            "  and written in the ledger",
            "3,000 statuses/s",
            shown([run.written for run in batched], "statuses/s"),
        ),
        Line("  processor per status", "-", batched[-1].costs),
    ]


def _latency(what: str, target: str, latencies: list[float]) -> Line:
    middle, slow = percentile(latencies, 0.5) * 1000, percentile(latencies, 0.99) * 1000
    return Line(f"  latency, {what}: median, 99%", target, f"{middle:.0f} ms, {slow:.0f} ms")


@dataclass(frozen=True)
class Run:
    """Statuses a second: answered 200, and written in the ledger; seconds of each POST."""

    posted: float
    written: float
    latencies: list[float]
    costs: str


def _post(people: int, *, together: int, count: int) -> Run:
    stage.clear()
    _hand_over()
    statuses = [_status(number, state) for state in STATES for number in range(people)][:count]
    port = free_port()
    with (
        tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file,
        stage.crew("web", "bulk", "beat", port=port) as crew,
    ):
        file.writelines(_lines(statuses, together))
        file.flush()
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/"), "the site", seconds=60)
        before, began = crew.cpu(), time.perf_counter()
        connections = str(CONNECTIONS if together == 1 else 1)
        command = [sys.executable, "-m", "tests.benchmarks.load", str(port), connections, file.name]
        done = subprocess.run(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True, check=True)
        waiting = WebhookEvent.objects.filter(handled_at__isnull=True)
        events = -(-count // together)
        stage.watch(lambda: events - waiting.count(), events, "statuses", seconds=240)
        lasted = time.perf_counter() - began
        spent = {name: (used - before[name]) / count * 1000 for name, used in crew.cpu().items()}
    told = json.loads(done.stdout)
    costs = ", ".join(f"{name} {used:.2f} ms" for name, used in spent.items() if name != "provider")
    return Run(count / told["seconds"], count / lasted, told["latencies"], costs)


def _hand_over() -> None:
    """Everybody has been sent one message; its receipts are awaited."""
    content, channel = Content.objects.create(kind=Kind.TEXT, text="Avviso"), channels.current()
    messages = Message.objects.bulk_create(
        [
            Message(contact=contact, content=content, inbound=False, lane=Lane.BULK, state=State.ACCEPTED)
            for contact in Contact.objects.order_by("pk")
        ]
    )
    Attempt.objects.bulk_create(
        [
            Attempt(message=message, channel=channel, state=State.ACCEPTED, **_ids(number))
            for number, message in enumerate(messages)
        ]
    )


def _ids(number: int) -> dict[str, str]:
    return {"opaque_id": f"{number:032d}", "provider_id": f"wamid.BENCH{number}"}


def _status(number: int, state: str) -> dict[str, str]:
    ids = _ids(number)
    return {
        "id": ids["provider_id"],
        "status": state,
        "timestamp": str(int(time.time())),
        "recipient_id": f"39340{number:07d}",
        "biz_opaque_callback_data": ids["opaque_id"],
    }


def _lines(statuses: list[dict[str, str]], together: int) -> Iterator[str]:
    for first in range(0, len(statuses), together):
        value = {"messaging_product": "whatsapp", "statuses": statuses[first : first + together]}
        entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]})
        digest = hmac.new(settings.WHATSAPP_APP_SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        yield json.dumps([f"sha256={digest}", body]) + "\n"
