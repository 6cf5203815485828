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
from tests.benchmarks.results import Line, Size, percentile, shown
from whatsapp import channels
from whatsapp.models import Attempt, Contact, Content, Message, WebhookEvent
from whatsapp.types import Kind, Lane, State

PEOPLE = {Size.FULL: 6800, Size.QUICK: 2000, Size.TINY: 60}
TOGETHER = {Size.FULL: 1000, Size.QUICK: 1000, Size.TINY: 50}  # statuses in a POST
RUNS = {Size.FULL: 3, Size.QUICK: 2, Size.TINY: 1}
CONNECTIONS = 8  # as many as the web process has threads
STATES = ("sent", "delivered", "read")


def measure(size: Size) -> list[Line]:
    """Receipts of real attempts, one in each POST, then a thousand in each."""
    people, together = PEOPLE[size], TOGETHER[size]
    single = [_post(people, together=1, count=people) for _ in range(RUNS[size])]
    batched = [_post(people, together=together, count=people * len(STATES)) for _ in range(RUNS[size])]
    return [
        *_lines_of("one status each", single, "800 statuses/s", "-"),
        *_lines_of(f"{together} statuses each", batched, "-", "3,000 statuses/s"),
    ]


def _lines_of(what: str, runs: list["Run"], target: str, written_target: str) -> list[Line]:
    count = min(run.advanced for run in runs)
    posted = shown([run.posted for run in runs], "statuses/s")
    written = shown([run.written for run in runs], "statuses/s")
    return [
        Line(f"webhooks, {what}, stored", target, posted, count=count),
        _latency(what, "50 ms, 250 ms", [latency for run in runs for latency in run.latencies]),
        Line("  and written in the ledger", written_target, written, count=count),
        Line("  processor per status", "-", runs[-1].costs, count=count),
    ]


def _latency(what: str, target: str, latencies: list[float]) -> Line:
    middle, slow = percentile(latencies, 0.5) * 1000, percentile(latencies, 0.99) * 1000
    figures = f"{middle:.0f} ms, {slow:.0f} ms"
    return Line(f"  latency, {what}: median, 99%", target, figures, count=len(latencies))


@dataclass(frozen=True)
class Run:
    """Statuses a second: answered 200, and written in the ledger; seconds of each POST; messages whose
    state the statuses have advanced."""

    posted: float
    written: float
    latencies: list[float]
    advanced: int
    costs: str


def _post(people: int, *, together: int, count: int) -> Run:
    stage.settle(people)
    _hand_over()
    statuses = [_status(number, state) for state in STATES for number in range(people)][:count]
    port = free_port()
    with (
        tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file,
        stage.crew("web", "bulk", "beat", port=port) as crew,
    ):
        file.writelines(_lines(statuses, together))
        file.flush()
        wait_for(lambda: answers(_challenge(port)), "the site", seconds=60)
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
    advanced = Message.objects.exclude(state=State.ACCEPTED).count()
    return Run(count / told["seconds"], count / lasted, told["latencies"], advanced, costs)


def _challenge(port: int) -> str:
    """The address by which the provider asks whether it is us: a page would need collected static files."""
    token = settings.WHATSAPP_VERIFY_TOKEN
    query = f"hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}"
    return f"http://127.0.0.1:{port}/webhooks/cloud_api/?{query}"


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
    number = {
        "phone_number_id": settings.WHATSAPP_PHONE_NUMBER_ID,
        "display_phone_number": settings.WHATSAPP_DISPLAY_NUMBER,
    }
    for first in range(0, len(statuses), together):
        news = {"messaging_product": "whatsapp", "metadata": number}
        value = news | {"statuses": statuses[first : first + together]}
        entry = {"id": settings.WHATSAPP_WABA_ID, "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]})
        digest = hmac.new(settings.WHATSAPP_APP_SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        yield json.dumps([f"sha256={digest}", body]) + "\n"
