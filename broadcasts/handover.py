"""Asked inside the claim: which messages of notices may not be handed over, and why. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from broadcasts.models import Broadcast
from broadcasts.types import State
from subscribers import recipients
from whatsapp.claims import Refusal
from whatsapp.models import Message

# A notice in pause: its messages are looked at again so often, though nobody called `outbox.release`.
PAUSE = timedelta(minutes=1)

# What is asked of a notice here: the claim reads it for every few dozen messages.
_ASKED = ("content", "state", "finished_at", "expires_at", "category__topic__name", "category__lane")


def refusals(messages: Sequence[Message]) -> dict[int, Refusal]:
    """Message pk -> reason, for those whose notice was stopped, has expired, or whose person has left.

    For a notice in pause, or a person who is being asked whether they leave, not a reason but a moment: the
    message stays queued until then.

    Messages of no notice (replies, welcomes, trials) are nobody's business here. One query for the notices,
    and the consent's own for each topic among them.
    """
    contents = {message.content_id for message in messages}
    notices = (
        Broadcast.objects.filter(content_id__in=contents).select_related("category__topic").only(*_ASKED)
    )
    by_content = {notice.content_id: notice for notice in notices}
    refused: dict[int, Refusal] = {}
    asked = defaultdict(list)
    for message in messages:
        notice = by_content.get(message.content_id)
        if notice is None:
            continue
        if reason := _refusal(notice):
            refused[message.pk] = reason
        else:
            asked[notice.category.topic, notice.category.is_alert].append(message)
    for (topic, urgent), group in asked.items():
        left = recipients.refusals([message.contact for message in group], topic, urgent=urgent)
        refused |= {message.pk: left[message.contact_id] for message in group if message.contact_id in left}
    return refused


def _refusal(notice: Broadcast) -> Refusal:
    """Why nobody gets this notice any more, or not yet."""
    if notice.state == State.STOPPED and notice.finished_at:
        return f"avviso fermato alle {timezone.localtime(notice.finished_at):%H:%M}"
    if notice.expired and notice.expires_at:
        return f"scaduto alle {timezone.localtime(notice.expires_at):%H:%M del %d/%m/%Y}"
    if notice.state == State.PAUSED:
        return timezone.now() + PAUSE
    return ""
