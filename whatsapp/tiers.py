"""How many different people Meta lets us write to first in 24 hours (fact sheet 5.3), by our own count."""

from datetime import timedelta

from django.utils import timezone

from whatsapp.models import Channel, Message
from whatsapp.types import Kind, Lane

TIERS = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
}
# Kept for alerts: an ordinary notice must not use up the day.
ALERT_SHARE = 0.2
PERIOD = timedelta(hours=24)


def room(channel: Channel, lane: Lane) -> int | None:
    """How many more people this lane may write to today; None: no known limit, or replies, which are free."""
    limit = TIERS.get(channel.tier)
    if limit is None or lane == Lane.REPLY:
        return None
    kept = 0 if lane == Lane.ALERT else round(limit * ALERT_SHARE)
    return max(0, limit - kept - channel.reached_today)


def count_reached() -> int:
    """Different people who got a template in the last 24 hours."""
    since = timezone.now() - PERIOD
    messages = Message.objects.filter(accepted_at__gte=since, content__kind=Kind.TEMPLATE)
    return messages.values("contact_id").distinct().count()


def recount() -> None:
    """Set the channel's count right; between two sweeps each claim adds what it takes."""
    Channel.objects.exclude(tier="").update(reached_today=count_reached())
