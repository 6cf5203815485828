"""What passes on WhatsApp: citizens write as through a webhook, what we say gets an outcome."""

from datetime import timedelta
from itertools import count
from random import Random
from typing import NamedTuple

from django.utils import timezone

from regalbuto_urp.demo.people import Person
from whatsapp import channels, inbox, media
from whatsapp.models import Attempt, Channel, Message
from whatsapp.types import InboundMedia, InboundMessage, Kind, Lane, Place, Sender, State

_numbers = count(1)


class Outcome(NamedTuple):
    """What became of a message we handed over."""

    state: State
    code: str = ""
    reason: str = ""


GONE = "Il numero non ha WhatsApp, o ha una versione troppo vecchia, o ci ha bloccati."
# One in so many, as in a town of this size: most read, a few phones off, a few numbers gone.
OUTCOMES = {
    Outcome(State.READ): 6200,
    Outcome(State.DELIVERED): 2950,
    Outcome(State.SENT): 450,
    Outcome(State.FAILED, "131026", GONE): 250,
    Outcome(State.FAILED, "131049", "WhatsApp non l'ha consegnato per non disturbare la persona."): 60,
    Outcome(State.UNCERTAIN): 8,
}
ANSWERED = {Outcome(State.READ): 3, Outcome(State.DELIVERED): 1}
_HANDED_OVER = {State.SENT, State.DELIVERED, State.READ}


def write(
    person: Person, text: str = "", *, picture: bytes | None = None, place: Place | None = None
) -> Message:
    """A citizen writes now: one message, treated at once by whoever it concerns. Raises RuntimeError: no
    handler could treat it; the log says why."""
    number = next(_numbers)
    kind = Kind.LOCATION if place else Kind.IMAGE if picture else Kind.TEXT
    file = InboundMedia(provider_media_id=f"demo-{number}", mime_type="image/jpeg") if picture else None
    message = inbox.keep(
        InboundMessage(
            provider_id=f"wamid.DEMO.IN.{number:06}",
            sender=Sender(phone=person.phone, bsuid=person.bsuid, name=person.name, username=person.username),
            sent_at=timezone.now(),
            kind=kind,
            text=text,
            media=file,
            place=place,
        )
    )
    assert message is not None  # the ids are new
    if picture and message.content.media:
        media.keep_inbound(message.content.media, picture)
    inbox.handle(message.pk)
    message.refresh_from_db()
    if message.handled_at is None:
        raise RuntimeError(f"il messaggio di prova «{text}» non è stato trattato")
    return message


def deliver(rng: Random) -> None:
    """Give an outcome to all that is queued, as if the provider had answered within the minute."""
    queued = list(Message.objects.filter(state=State.QUEUED, inbound=False).order_by("pk"))
    if not queued:
        return
    channel = channels.current()
    attempts = [_hand_over(message, channel, rng) for message in queued]
    fields = [
        "state", "reason", "error_code", "attempts_made", "accepted_at", "sent_at", "delivered_at", "read_at",
    ]  # fmt: skip
    # An upsert: `bulk_update` of so many fields would take a third of the whole time.
    Message.objects.bulk_create(queued, update_conflicts=True, unique_fields=["id"], update_fields=fields)
    Attempt.objects.bulk_create(attempts, batch_size=500)
    Channel.objects.filter(pk=channel.pk).update(last_outbound_at=timezone.now())


def _hand_over(message: Message, channel: Channel, rng: Random) -> Attempt:
    """The attempt of a message, which takes its outcome without being saved."""
    # To whom has just written an answer always arrives.
    chances = ANSWERED if message.lane == Lane.REPLY else OUTCOMES
    (outcome,) = rng.choices([*chances], [*chances.values()])
    now = timezone.now() + timedelta(seconds=rng.uniform(0.2, 5))
    message.state, message.reason, message.error_code = outcome.state, outcome.reason, outcome.code
    message.attempts_made = 1
    if outcome.state != State.UNCERTAIN:
        message.accepted_at = now
    if outcome.state in _HANDED_OVER:
        message.sent_at = now + timedelta(seconds=1)
    if outcome.state in {State.DELIVERED, State.READ}:
        message.delivered_at = now + timedelta(seconds=rng.uniform(2, 40))
    if outcome.state == State.READ and message.delivered_at:
        message.read_at = message.delivered_at + timedelta(seconds=rng.expovariate(1 / 900))
    return Attempt(
        message=message,
        channel=channel,
        provider_id=None if outcome.state == State.UNCERTAIN else f"wamid.DEMO.OUT.{message.pk:08}",
        state=outcome.state,
        started_at=now,
        answered_at=None if outcome.state == State.UNCERTAIN else now,
        error_code=outcome.code,
        error_text=outcome.reason[:200],
    )
