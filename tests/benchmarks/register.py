"""The consent register at 100,000 events: how long to verify, to export, and in how much memory.

    python -m tests.benchmarks.register <path> <form, as JSON>

exports a list as an auditor does, over the page itself, and prints JSON; `measure` starts it as a process of
its own.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import django

from tests.benchmarks.results import Line, Size

EVENTS = {Size.FULL: 100_000, Size.QUICK: 10_000, Size.TINY: 500}
STEP = 1000  # events a transaction
LIMIT = 300  # MB of a process that exports
SHOWN = (
    "Benvenuto nel servizio WhatsApp del Comune di Regalbuto: ora ricevi gli avvisi. L'informativa è su "
    "https://whatsurp.example/informativa/. Per non ricevere più nulla scrivi ISCRIZIONE OFF."
)
EXPORTS: dict[str, tuple[str, dict[str, str]]] = {
    "the register": ("subscribers/consentevent", {"whole": "on"}),
    "the subscribers": ("subscribers/subscriber", {"whole": "on"}),
    "the list as it was today": ("subscribers/subscriber", {"whole": "on", "day": time.strftime("%Y-%m-%d")}),
}


def measure(size: Size) -> list[Line]:
    """Fill, verify against the journal, and export with whole numbers."""
    from django.test import override_settings

    from subscribers import comparing, verifying

    events = EVENTS[size]
    with tempfile.TemporaryDirectory() as folder, override_settings(CONSENT_JOURNAL=f"{folder}/journal"):
        began = time.perf_counter()
        _fill(events)
        filled = time.perf_counter() - began
        began = time.perf_counter()
        count, problem = verifying.verify()
        verified = time.perf_counter() - began
    began = time.perf_counter()
    differences = list(comparing.differences())
    compared = time.perf_counter() - began
    if (count, problem, differences) != (events, "", []):
        raise RuntimeError(f"{count} rows hold: {problem}; {len(differences)} differences")
    lines = [
        Line(
            f"register: write {events} events, {STEP} a transaction, with journal",
            "-",
            f"{filled:.1f} s",
            count=count,
        ),
        Line(
            f"register: verify {events} events, evidence and journal",
            "-",
            f"{verified:.1f} s",
            count=count,
        ),
        Line("register: compare the subscriptions with them", "-", f"{compared:.1f} s", count=count),
    ]
    for name, (model, form) in EXPORTS.items():
        lines += export(name, model, form)
    return lines


def _fill(events: int) -> None:
    """Of five events two are a subscription, two its notice, one a topic left."""
    from django.db import connection, transaction
    from django.utils import timezone
    from tqdm import tqdm

    from subscribers import register
    from subscribers.models import Subscriber, Topic, TopicPreference
    from subscribers.register import Kind
    from tests.benchmarks import stage
    from whatsapp.models import Contact

    stage.settle(events * 2 // 5)
    now = timezone.now()
    Subscriber.objects.update(since=now)
    kinds = [(Kind.SUBSCRIBED, ""), (Kind.TERMS, ""), (Kind.TOPIC_LEFT, "eventi")]
    entries = [
        register.Entry(
            subject_id=contact.subject_id,
            kind=kind,
            topic=topic,
            at=now,
            evidence=register.Evidence(
                text="Iscrizione on",
                message_id=f"wamid.BENCH{contact.pk:050}",
                identity=contact.phone or "",
                shown=SHOWN if kind == Kind.SUBSCRIBED else "",
                actor="il cittadino",
            ),
        )
        for number, contact in enumerate(Contact.objects.order_by("pk"))
        for kind, topic in kinds[: 3 - number % 2]
    ]
    for first in tqdm(range(0, events, STEP), desc="register", leave=False):
        with transaction.atomic():
            register.append(*entries[first : first + STEP])
    topic = Topic.objects.get(slug="eventi")
    leavers = Subscriber.objects.order_by("contact")[::2]
    TopicPreference.objects.bulk_create(
        TopicPreference(subscriber=subscriber, topic=topic) for subscriber in leavers
    )
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")


def export(name: str, model: str, form: dict[str, str]) -> list[Line]:
    """In a fresh process, with DEBUG off: with it Django keeps a copy of every statement."""
    command = [sys.executable, "-m", "tests.benchmarks.register", model, json.dumps(form)]
    done = subprocess.run(
        command,
        env={**os.environ, "DEBUG": "false", "PYTHONWARNINGS": "ignore"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    figures = f"{told['rows']} rows, {told['mb']:.0f} MB in {told['seconds']:.1f} s"
    peak = f"{told['peak']:.0f} MB"
    return [
        Line(f"export {name}", "-", figures, count=told["rows"]),
        Line(
            "    most memory of its process",
            f"< {LIMIT} MB",
            peak,
            told["peak"] < LIMIT,
            count=told["rows"],
        ),
    ]


def main(model: str, form: dict[str, str]) -> dict[str, float]:
    """Take the file as a browser does, and compare it with its entry in the log of actions."""
    django.setup()
    from auditlog.models import LogEntry
    from django.contrib.auth.models import User
    from django.test import Client
    from django.test.utils import setup_test_environment

    setup_test_environment()
    client = Client()
    client.force_login(User.objects.get_or_create(username="auditor", is_staff=True, is_superuser=True)[0])
    digest, size = hashlib.sha256(), 0
    began = time.perf_counter()
    chosen = {"reason": "misura", **form}
    answer = client.post(f"/admin/{model}/esporta/", chosen, secure=True)
    for piece in answer.streaming_content:  # type: ignore[attr-defined]
        digest.update(piece)
        size += len(piece)
    seconds = time.perf_counter() - began
    told = LogEntry.objects.latest("pk").additional_data
    assert (told["completed"], told["sha256"]) == (True, digest.hexdigest()), told
    # Not `getrusage`: its `ru_maxrss` begins with what the parent process had when it started this one.
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert peak
    return {"rows": told["rows"], "mb": size / 1e6, "seconds": seconds, "peak": int(peak[1]) / 1024}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], json.loads(sys.argv[2]))))
