"""No pattern and no message costs more than a moment of processor, whatever is written.

A pattern that explodes cannot hang the test: the clock of the processor interrupts it, for `re` looks at
signals while it works.
"""

import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from reports import courtesies
from tests.security import adversarial
from tests.whatsapp import envelopes
from tests.whatsapp.conftest import post_webhook as post_webhook
from whatsapp import inbox
from whatsapp.models import Message, WebhookEvent

# Seconds of processor: the bounds, and when a pattern is interrupted.
OF_A_PATTERN, OF_A_MESSAGE, LONGEST = 0.05, 0.25, 1.0
# A collection of garbage, or a cold cache, may hit one run: the best of these counts.
RUNS = 3
MESSAGES = 150


class TooSlow(Exception):
    """Raised in the middle of what takes too long."""


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise TooSlow


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    before = signal.signal(signal.SIGPROF, _interrupt)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def cost(work: Callable[[], object]) -> float:
    """Seconds of processor, at most about `LONGEST`."""
    began = time.thread_time()
    try:
        with interrupted_after(LONGEST):
            work()
    except TooSlow:
        return LONGEST
    return time.thread_time() - began


def slowest(pattern: re.Pattern[Any], text: str) -> float:
    """The dearest way to use a pattern on a text; every match is looked for, as `sub` does."""
    subject = text.encode() if isinstance(pattern.pattern, bytes) else text
    ways: list[Callable[[], object]] = [
        lambda: pattern.match(subject),
        lambda: pattern.fullmatch(subject),
        lambda: pattern.findall(subject),
    ]
    worst = max(cost(way) for way in ways)
    for _ in range(RUNS - 1):
        if OF_A_PATTERN < worst < LONGEST:
            worst = min(worst, max(cost(way) for way in ways))
    return worst


def too_slow(patterns: dict[str, re.Pattern[Any]]) -> dict[str, str]:
    rng = random.Random(13)
    found: dict[str, str] = {}
    for where, pattern in patterns.items():
        for text in (*adversarial.each_word(pattern), *adversarial.texts(pattern, rng)):
            if (seconds := slowest(pattern, text)) > OF_A_PATTERN:
                found[where] = f"{seconds:.2f} s on {text[:40]!r}…"
                break
    return found


@pytest.mark.timeout(900)
def test_no_pattern_is_slow() -> None:
    patterns = adversarial.all_patterns()
    assert len(patterns) > 500
    assert too_slow(patterns) == {}


def test_slow_patterns_would_be_found() -> None:
    """Those that did stop the service, and the usual kinds."""
    old = rf"(?:(?:{courtesies._GREETING}|{courtesies._THANKS})\s*)+"
    patterns = {
        "courtesies": re.compile(old),
        "long ago": re.compile(r"(?:\S+ ){0,2}?(?:(?<!\S)(?:del |della |del |dei ))*(?:tempo fa)"),
        "spaces": re.compile(r",?\s*n?\s*\d"),
        "run": re.compile(r"\s+$"),
    }
    assert set(too_slow(patterns)) == set(patterns)


@pytest.mark.django_db
@pytest.mark.timeout(900)
def test_no_message_is_slow(post_webhook: Any) -> None:
    """From the inbox to the answer, through all handlers; each from a phone of its own."""
    post_webhook(envelopes.text("Buongiorno, c'è una buca in via Roma 12"))
    inbox.process(WebhookEvent.Inbox.MESSAGES)  # what is loaded once is loaded
    rng = random.Random(3)
    slow = {}
    for n, text in enumerate(adversarial.costly_messages(rng, MESSAGES)):
        seconds = LONGEST
        for run in range(RUNS):
            sender = {"from": f"3934{run}{n:07}", "from_user_id": f"IT.{run}.{n}"}
            post_webhook(envelopes.text(text, **sender))
            seconds = min(seconds, cost(lambda: inbox.process(WebhookEvent.Inbox.MESSAGES)))
            if seconds <= OF_A_MESSAGE or seconds >= LONGEST:
                break
        if seconds > OF_A_MESSAGE:
            slow[text[:60]] = round(seconds, 2)
    assert slow == {}
    assert not Message.objects.filter(inbound=True, handled_at=None).exists()
