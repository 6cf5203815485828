"""Every page of the back office with 100,000 contacts and 1,000,000 messages: how long, how many queries."""

import logging
import re
import time
from typing import Any

from django.db import connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tqdm import tqdm

from broadcasts.types import State
from subscribers import register
from subscribers.models import Subscriber
from tests import pages
from tests.benchmarks import stage
from tests.benchmarks.results import Line, Size, percentile
from tests.factories.broadcasts import BroadcastFactory
from tests.factories.town import many_reports
from whatsapp import channels
from whatsapp.models import Contact

NOTICES = 100  # each to a tenth of the people
FEW = {Size.FULL: 1_000, Size.QUICK: 1_000, Size.TINY: 100}  # people; the messages are ten for each
MANY = {Size.FULL: 100_000, Size.QUICK: 10_000, Size.TINY: 200}
RUNS = {Size.FULL: 3, Size.QUICK: 3, Size.TINY: 1}  # the first of many warms up
LIST_LIMIT = 300  # ms
MESSAGES = """
insert into whatsapp_message (contact_id, content_id, inbound, lane, state, reason, error_code, attempts_made,
    created_at, due_at, accepted_at, sent_at, delivered_at, read_at, context_id)
select id, %s, false, 'bulk',
    (array['read', 'read', 'delivered', 'sent', 'failed', 'uncertain'])[1 + id %% 6],
    '', '', 1, at, at, at, at, at, at, ''
from whatsapp_contact, (select now() - make_interval(days => %s) as at) as day
where id > %s order by id limit %s
"""
ATTEMPTS = """
insert into whatsapp_attempt
    (message_id, channel_id, opaque_id, state, started_at, answered_at, error_code, error_text)
select id, %s, md5(id::text), state, created_at, created_at, '', '' from whatsapp_message m
where not exists (select from whatsapp_attempt a where a.message_id = m.id)
"""


def measure(size: Size) -> list[Line]:
    """First a small town, then the large one: each page asks the database the same number of questions."""
    stage.settle(0)
    many_reports(200, seed=9)
    _settle(FEW[size])
    few = _visit(RUNS[size])
    people = MANY[size]
    _settle(people)
    many = _visit(RUNS[size])
    # Another state of the newest thing may need one more; a question for each row would be dozens.
    grown = [
        f"{path}: {few[path][1]} → {count}"
        for path, (_ms, count) in many.items()
        if path in few and count > few[path][1] + 2
    ]
    slow = sorted(many.items(), key=lambda row: -row[1][0])
    times = [ms for ms, _count in many.values()]
    lines = [
        Line(
            f"{len(many)} pages, {people} contacts, {10 * people} messages: median, 95%, slowest",
            f"{LIST_LIMIT} ms",
            f"{percentile(times, 0.5):.0f}, {percentile(times, 0.95):.0f}, {max(times):.0f} ms",
            count=len(many),
        ),
        Line(
            "pages that ask more questions than with a hundredth of it",
            "0",
            ", ".join(grown) or "0",
            not grown,
            count=len(few),
        ),
    ]
    return lines + [
        Line(f"    {path}", f"{LIST_LIMIT} ms", f"{ms:.0f} ms, {queries} queries", count=people)
        for path, (ms, queries) in slow[:12]
    ]


def _settle(people: int) -> None:
    """Grow the town to so many people, with ten messages each, one attempt a message."""
    first = Contact.objects.count()
    made = Contact.objects.bulk_create(
        [Contact(phone=f"+39320{n:07d}", profile_name=f"Persona {n}") for n in range(first, people)],
        batch_size=5000,
    )
    now = timezone.now()
    Subscriber.objects.bulk_create(
        [Subscriber(contact=one, state=Subscriber.State.ACTIVE, since=now) for one in made], batch_size=5000
    )
    evidence = register.Evidence(
        text="Iscrizione on", message_id="", identity="", shown="", actor="il cittadino"
    )
    kind = register.Kind.SUBSCRIBED
    with transaction.atomic():
        register.append(
            *(
                register.Entry(subject_id=one.subject_id, kind=kind, topic="", at=now, evidence=evidence)
                for one in made[:200]
            )
        )
    BroadcastFactory()  # a draft, for the pages before the click
    channel = channels.current().pk
    with connection.cursor() as cursor:
        for number in tqdm(range(NOTICES), desc="messages", leave=False):
            sent = stage.notice()
            sent.state, sent.finished_at = State.COMPLETED, timezone.now()
            sent.save()
            lowest = made[0].pk - 1 + (number % 10) * len(made) // 10
            cursor.execute(MESSAGES, [sent.content_id, number, lowest, len(made) // 10])
        cursor.execute(ATTEMPTS, [channel])
        cursor.execute("vacuum analyze")


def _visit(runs: int) -> dict[str, tuple[float, int]]:
    """Page, without the objects' numbers -> milliseconds (the best of few) and queries."""
    told: dict[str, tuple[float, int]] = {}
    client = Client()
    logging.disable(logging.WARNING)  # what is refused, by its page
    client.force_login(stage.manager())
    with override_settings(DEBUG=False, ALLOWED_HOSTS=["*"]):
        for _name, path in tqdm(list(pages.addresses()), desc="pages", leave=False):
            times = []
            for _run in range(runs):
                began = time.perf_counter()
                with CaptureQueriesContext(connection) as queries:
                    answer: Any = client.get(path)
                times.append((time.perf_counter() - began) * 1000)
            assert answer.status_code < 500, (path, answer.status_code)
            page = re.sub(r"/\d+/", "/…/", path)
            before = told.get(page, (0.0, 0))
            told[page] = max(before[0], min(times[1:] or times)), max(before[1], len(queries))
    return told
