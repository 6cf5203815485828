"""The line to the provider: do hand-overs arrive at all? Shared by all workers in the channel's row.

A refused or cut connection, an HTTP 5xx and an unreadable answer say nothing about the person written to:
they count against the line. After a few of them in a row the line is down and nothing is handed over, so
that a sick provider leaves a handful of uncertain outcomes and uses up no retries. While it is down, a call
that reaches no citizen asks whether the provider answers again. Then one message is tried, and its success
releases all the others.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from whatsapp import channels, errors
from whatsapp.models import Channel
from whatsapp.nudges import wake_delivery
from whatsapp.providers import registry
from whatsapp.types import Line

logger = logging.getLogger(__name__)

FAULTS_TO_CLOSE = 5
# A line that was down a moment ago is trusted less: it closes sooner, and must answer several times in a row
# before a message is tried, so that a line that comes and goes costs no uncertain outcome each time.
RECENTLY = timedelta(minutes=2)
FAULTS_WHEN_RECENT = 2
PROOFS_WHEN_RECENT = 3
PROBE_EVERY = timedelta(seconds=5)
NEXT_PROOF = timedelta(seconds=2)
# A trial whose worker died is followed by another: longer than any call takes.
TRIAL_LIFE = timedelta(seconds=45)
# The wait after a trial that failed although the provider answers: doubled each time.
TRIAL_WAIT = timedelta(seconds=10)
LONGEST_TRIAL_WAIT = timedelta(minutes=5)

# Calls that hang: with this many under way, no more begin once none has been answered for a while. After
# longer the line is down, though none of them has failed yet.
FEW = 5
PATIENCE = 0.5  # seconds, or twice what the last answer took
SILENCE = 10.0  # seconds


class _Seen:
    """What this process last read of the line, so that a healthy one costs no statement."""

    suspect = False
    faults_to_close = FAULTS_TO_CLOSE


@dataclass(frozen=True)
class Answer:
    """What one call came to: `error` is None when the provider took the message."""

    started_at: datetime
    error: errors.ChannelError | None


class Brake:
    """What one turn of delivery sees of the line before it is written down. Shared by its calls' threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults = 0
        self._answered_at = time.monotonic()
        self._patience = PATIENCE

    def begin(self) -> float:
        """A call begins now.

        Raises:
            NotBegun: too many in a row have just failed.
        """
        if self.pulled:
            raise errors.NotBegun("Il collegamento con WhatsApp si è interrotto: si riprova da solo.")
        return time.monotonic()

    def end(self, began: float, error: errors.ChannelError | None = None) -> None:
        """The call that began then has come to an end."""
        with self._lock:
            self._faults = self._faults + 1 if is_fault(error) else 0
            self._answered_at = time.monotonic()
            self._patience = max(PATIENCE, 2 * (self._answered_at - began))

    @property
    def pulled(self) -> bool:
        """Is the line to be closed, by what this turn alone has seen?"""
        return self._faults >= _Seen.faults_to_close

    def silence(self, oldest: float) -> float:
        """Seconds without an answer, while a call that began at `oldest` waits for one."""
        return time.monotonic() - max(self._answered_at, oldest)

    def holds(self, under_way: int, oldest: float) -> bool:
        """Should no further call begin?"""
        return self.pulled or (under_way >= FEW and self.silence(oldest) > self._patience)


def is_fault(error: errors.ChannelError | None) -> bool:
    """Does this outcome count against the line?"""
    return error is not None and error.line_fault


def look(channel: Channel) -> None:
    """Remember from a channel just read whether the line is under suspicion."""
    _Seen.suspect = channel.line != Line.WELL or channel.line_faults > 0
    _Seen.faults_to_close = _faults_to_close(channel)


def allowed(channel: Channel, wanted: int) -> int:
    """How many messages may be handed over now; one while the line is on trial. Unsaved: the caller holds
    the channel's lock and saves `line_next_at`."""
    if channel.line == Line.WELL:
        return wanted
    now = timezone.now()
    if channel.line == Line.DOWN or channel.line_next_at > now or not wanted:
        return 0
    channel.line_next_at = now + TRIAL_LIFE
    return 1


def judge(channel_id: int, answers: Sequence[Answer]) -> Line | None:
    """Learn from the answers of some calls, in the order in which they came.

    An answer that refuses the message or the person shows that the line works. Calls that began before the
    line went down, or before it worked again, tell nothing about it now.

    Returns:
        The line's new state, if it went down or works again.
    """
    faulty = any(is_fault(answer.error) for answer in answers)
    if not faulty and not _Seen.suspect:
        return None
    _Seen.suspect = True
    with transaction.atomic():
        channel = Channel.objects.select_for_update().get(pk=channel_id)
        before = channel.line
        for answer in answers:
            if not isinstance(answer.error, errors.NotBegun) and _tells(channel, answer):
                _learn(channel, answer)
        _save(channel)
        return _change(before, channel)


def hear(channel_id: int, begun: Sequence[datetime]) -> Line | None:
    """Statuses came of messages handed over at these moments. Returns as `judge`.

    A message that was tried while the line was down has arrived, though its answer may have been lost. While
    the line is well, statuses of earlier messages say nothing of the calls that fail now.
    """
    if not _Seen.suspect:
        return None
    with transaction.atomic():
        channel = Channel.objects.select_for_update().get(pk=channel_id)
        before = channel.line
        tried = any(channel.line_since and at >= channel.line_since for at in begun)
        if before == Line.WELL or not tried:
            return None
        _recover(channel)
        _save(channel)
        return _change(before, channel)


def close(channel_id: int, reason: str) -> Line | None:
    """The line is down, whatever was counted before: calls are not answered at all. Returns as `judge`."""
    with transaction.atomic():
        channel = Channel.objects.select_for_update().get(pk=channel_id)
        before = channel.line
        if before != Line.DOWN:
            _go_down(channel, reason)
            _save(channel)
        return _change(before, channel)


def probe() -> None:
    """Ask the provider, if the line is down and it is time: after enough answers a message may be tried."""
    channel = channels.current()
    now = timezone.now()
    mine = Channel.objects.filter(pk=channel.pk, line=Line.DOWN, line_next_at__lte=now)
    if channel.line != Line.DOWN or not mine.update(line_next_at=now + PROBE_EVERY):
        return
    reason = _ask_provider()
    with transaction.atomic():
        channel = Channel.objects.select_for_update().get(pk=channel.pk)
        if channel.line != Line.DOWN:
            return
        if reason:
            channel.line_proofs, channel.line_reason = 0, reason[:200]
        else:
            channel.line_proofs += 1
            channel.line_next_at = timezone.now() + NEXT_PROOF
        if channel.line_proofs >= channel.line_proofs_wanted:
            channel.line = Line.TRIAL
            channel.line_next_at = timezone.now()
        _save(channel)
    if channel.line == Line.TRIAL:
        wake_delivery()


def _ask_provider() -> str:
    """Why the provider cannot be reached; empty when it answers, even with a refusal."""
    try:
        registry.current().ping()
    except errors.Throttled as error:
        return error.text
    except errors.ChannelError as error:
        return error.text if error.line_fault else ""
    return ""


def _tells(channel: Channel, answer: Answer) -> bool:
    return channel.line_since is None or answer.started_at >= channel.line_since


def _learn(channel: Channel, answer: Answer) -> None:
    if answer.error is None or not answer.error.line_fault:
        channel.line_faults = 0
        if channel.line == Line.TRIAL:
            _recover(channel)
        return
    if channel.line == Line.DOWN:
        return
    channel.line_faults += 1
    if channel.line == Line.TRIAL or channel.line_faults >= _faults_to_close(channel):
        _go_down(channel, answer.error.text)


def _recover(channel: Channel) -> None:
    """Unsaved."""
    channel.line = Line.WELL
    channel.line_since = timezone.now()
    channel.line_faults = channel.line_trials = 0


def _faults_to_close(channel: Channel) -> int:
    return FAULTS_WHEN_RECENT if _was_down_recently(channel) else FAULTS_TO_CLOSE


def _was_down_recently(channel: Channel) -> bool:
    return channel.line_since is not None and timezone.now() - channel.line_since < RECENTLY


def _go_down(channel: Channel, reason: str) -> None:
    """Unsaved. A trial that failed belongs to the same outage, and makes the next one wait longer."""
    wait = PROBE_EVERY
    if channel.line == Line.TRIAL:
        wait = min(TRIAL_WAIT * 2**channel.line_trials, LONGEST_TRIAL_WAIT)
        channel.line_trials = min(channel.line_trials + 1, 10)
    else:
        channel.line_proofs_wanted = PROOFS_WHEN_RECENT if _was_down_recently(channel) else 1
        channel.line_since = timezone.now()
    channel.line = Line.DOWN
    channel.line_reason = reason[:200]
    channel.line_faults = channel.line_proofs = 0
    channel.line_next_at = timezone.now() + wait


def _save(channel: Channel) -> None:
    channel.save(
        update_fields=[
            "line", "line_since", "line_reason", "line_faults", "line_proofs", "line_proofs_wanted",
            "line_trials", "line_next_at",
        ]
    )  # fmt: skip


def _change(before: str, channel: Channel) -> Line | None:
    """A failed trial is no news: the line was down and stays so."""
    if channel.line == before or (before == Line.TRIAL and channel.line == Line.DOWN):
        return None
    return Line(channel.line)
