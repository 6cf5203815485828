"""Handing messages over: claim, keep the pace, call, record. No transaction is open during a call."""

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils import timezone

from whatsapp import channels, claims, contacts, crashpoints, errors, heartbeat, ladder, ledger, line, tiers
from whatsapp.ledger import Outcome
from whatsapp.models import Attempt, Content, Media, Message
from whatsapp.nudges import nudge
from whatsapp.providers import registry
from whatsapp.types import Acceptance, Header, Kind, Lane, OutboundMessage, State

logger = logging.getLogger(__name__)

# Calls under way at once in one lane of one process: a provider answering in 100 ms is kept busy.
SLOTS = 64
# Seconds. A task is short and asks for another: the broker's visibility timeout can repeat nothing.
TURN = 5.0
# Seconds to wait when the pace is full, or an alert goes first; and for an answer, before looking again.
FULL_PACE_WAIT = 0.05
ANSWER_WAIT = 0.1
GATHER = 0.01
SILENT = "WhatsApp non risponde da più di 10 secondi."
# A machine that slept, or a slow upload: later than this after its slot a message must be claimed anew, for
# the person may have left meanwhile. With the claim's horizon it stays below the second of DESIGN 5.2.
BEGIN_WITHIN = timedelta(seconds=0.5)
UPLOAD_LIFE = timedelta(days=29)

# Only HTTP happens in these threads: the database stays with the task's own.
_pool = ThreadPoolExecutor(max_workers=SLOTS * len(Lane), thread_name_prefix="handover")
# One task of a lane is enough for a process; a nudge that finds it at work only asks it to look again.
_running = {lane: threading.Lock() for lane in Lane}
_asked: set[Lane] = set()


def run(lane: Lane) -> bool:
    """Hand over what is due in a lane, for a turn of a few seconds; True if there is more."""
    if not _running[lane].acquire(blocking=False):
        _asked.add(lane)
        return False
    try:
        _asked.discard(lane)
        more = _turn(lane)
    finally:
        _running[lane].release()
    return more or lane in _asked


def _turn(lane: Lane) -> bool:
    deadline = time.monotonic() + TURN
    flights = _Flights(lane)
    pulse = heartbeat.Pulse()
    while True:
        pulse.beat()
        in_time = time.monotonic() < deadline
        if in_time and flights.room:
            flights.launch(pulse.id)
        if flights.under_way:
            flights.collect()
        elif in_time and _has_work(lane):
            line.probe()
            time.sleep(FULL_PACE_WAIT)
        else:
            crashpoints.reach("turn_over")
            pulse.end()
            return not in_time


class _Flights:
    """The calls of one turn that are under way."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._brake = line.Brake()
        self._contents: dict[int, Content] = {}
        self.under_way: dict[Future[Acceptance], tuple[Attempt, float]] = {}

    @property
    def room(self) -> int:
        """How many more calls may be claimed now."""
        if self.under_way and self._brake.holds(len(self.under_way), self._oldest):
            return 0
        return SLOTS - len(self.under_way)

    @property
    def _oldest(self) -> float:
        return min(launched for _attempt, launched in self.under_way.values())

    def launch(self, worker: UUID) -> None:
        """Claim what is due and let its calls begin, each at its slot."""
        claimed = claims.claim(self._lane, self.room, worker, self._contents)
        if len(claimed) == SLOTS:
            nudge(f"whatsapp.deliver_{self._lane.value}")  # more than one process can do: wake another
        for attempt, slot in claimed:
            try:
                outbound = prepare(attempt)
            except errors.ChannelError as error:  # the upload failed: nothing was sent
                record_failure(attempt, error)
            else:
                call = _pool.submit(hand_over, outbound, slot, self._brake)
                self.under_way[call] = attempt, time.monotonic()

    def collect(self) -> None:
        """Record what was answered; with many under way, a moment's patience makes each round worth its
        cost. Once a pulled brake's calls are all written down, the channel's row says how it goes on."""
        wait(self.under_way, timeout=ANSWER_WAIT, return_when=FIRST_COMPLETED)
        if len(self.under_way) > SLOTS // 2:
            time.sleep(GATHER)
        answered = [call for call in self.under_way if call.done()]
        record([(self.under_way.pop(call)[0], call) for call in answered])
        if self.under_way and self._brake.silence(self._oldest) > line.SILENCE:
            channel_id = next(iter(self.under_way.values()))[0].channel_id
            ladder.announce(channel_id, line.close(channel_id, SILENT))
        if not self.under_way and self._brake.pulled:
            self._brake = line.Brake()


def _has_work(lane: Lane) -> bool:
    """Does something wait for room in the pace, or for the line? A pause or the day's limit are the
    sweep's."""
    channel = channels.current()
    if channels.stopped(channel, lane) or tiers.room(channel, lane) == 0:
        return False
    return Message.objects.filter(claims.due(lane)).exists()


def hand_over(outbound: OutboundMessage, slot: datetime, brake: line.Brake) -> Acceptance:
    """Call the provider at the slot.

    Raises:
        NotBegun: it is too late, or the line has just been found ill.
        ChannelError: what the provider answered.
    """
    time.sleep(max(0.0, (slot - timezone.now()).total_seconds()))
    crashpoints.reach("before_call")
    if timezone.now() - slot > BEGIN_WITHIN:
        raise errors.NotBegun("Non è partito in tempo: si riprova subito.")
    began = brake.begin()
    try:
        taken = registry.current().send(outbound)
    except errors.ChannelError as error:
        brake.end(began, error)
        raise
    brake.end(began)
    crashpoints.reach("after_call")
    return taken


def record(answers: Sequence[tuple[Attempt, Future[Acceptance]]]) -> None:
    """Write down what the provider answered, many at a time."""
    crashpoints.reach("before_record")
    outcomes = []
    recipients = []
    for attempt, call in answers:
        try:
            taken = call.result()
            recipients.append((attempt, taken.recipient))
            told = {"provider_id": taken.provider_id, "note": taken.note}
            outcomes.append(_outcome(attempt, State.ACCEPTED, **told))
        except errors.ChannelError as error:
            outcomes.append(_failure(attempt, error))
        except Exception:
            # Our own mistake after the call began: nobody knows what the provider has.
            logger.exception("attempt %s ended without a readable answer", attempt.pk)
            unread = errors.OutcomeUnknown("La risposta di WhatsApp non è stata letta.")
            outcomes.append(_failure(attempt, unread))
    ledger.write(outcomes)
    crashpoints.reach("recorded")
    for attempt, number in recipients:
        if number:
            contacts.learn_spelling(attempt.message.contact.person, number)
    attempts = [attempt for attempt, _call in answers]
    for attempt, outcome in zip(attempts, outcomes, strict=True):
        if outcome.error:
            ladder.react(attempt.channel_id, outcome.error, attempt.message.contact)
    if attempts:
        _judge(attempts, outcomes)


def _judge(attempts: Sequence[Attempt], outcomes: Sequence[Outcome]) -> None:
    """Tell the line what these calls came to."""
    channel_id = attempts[0].channel_id
    if any(outcome.error is None for outcome in outcomes):
        channels.note_outbound(channel_id)
    answers = [
        line.Answer(attempt.started_at, outcome.error)
        for attempt, outcome in zip(attempts, outcomes, strict=True)
    ]
    ladder.announce(channel_id, line.judge(channel_id, answers))


def record_failure(attempt: Attempt, error: errors.ChannelError) -> None:
    """Write down that a hand-over failed, and what that means for the number."""
    outcome = _failure(attempt, error)
    ledger.write([outcome])
    ladder.react(attempt.channel_id, error)
    _judge([attempt], [outcome])


def _failure(attempt: Attempt, error: errors.ChannelError) -> Outcome:
    unknown = isinstance(error, errors.OutcomeUnknown)
    # `attempts_made` was read before the claim counted this attempt.
    pause = ladder.wait(error, attempt.message.attempts_made + 1)
    again_at = timezone.now() + pause if pause is not None else None
    state = State.UNCERTAIN if unknown else State.FAILED
    counts = not isinstance(error, errors.NotBegun | errors.Unreachable)
    return _outcome(attempt, state, error=error, again_at=again_at, counts=counts)


def _outcome(attempt: Attempt, state: State, **told: Any) -> Outcome:
    now = timezone.now()
    return Outcome(attempt_id=attempt.pk, message_id=attempt.message_id, state=state, at=now, **told)


def prepare(attempt: Attempt) -> OutboundMessage:
    """Everything the provider needs, files uploaded. Raises ChannelError; nothing has been sent then."""
    message, content = attempt.message, attempt.message.content
    contact = message.contact.person
    template = content.template
    return OutboundMessage(
        opaque_id=attempt.opaque_id,
        kind=Kind(content.kind),
        phone=contact.phone,
        bsuid=contact.bsuid,
        text="" if template else content.text,
        media_id=_uploaded(content.media) if content.media else "",
        filename=content.media.filename if content.media else "",
        place=content.place,
        context_id=message.context_id,
        buttons=tuple(tuple(button) for button in content.buttons),
        list_label=content.payload,
        template_name=template.name if template else "",
        template_id=template.provider_id if template else "",
        template_language=template.language if template else "",
        template_header=Header(template.header) if template else Header.NONE,
        header_text=content.place_name,
        body_parameters=tuple(content.parameters),
        button_parameters=tuple((sub_type, value) for sub_type, value in content.button_parameters),
    )


def _uploaded(media: Media) -> str:
    """The provider's id of a file: uploaded once, and again only when the provider has dropped it."""
    if not media.uploaded_at or timezone.now() - media.uploaded_at > UPLOAD_LIFE:
        try:
            media.provider_media_id = registry.current().upload(Path(media.file.path), media.mime_type)
        except OSError as error:  # ours, not the network's: the provider turns those into ChannelError
            raise errors.MessageError("Il file da inviare non si trova più: allegalo di nuovo.") from error
        media.uploaded_at = timezone.now()
        media.save(update_fields=["provider_media_id", "uploaded_at"])
    return media.provider_media_id
