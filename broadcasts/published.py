"""The notices everybody may read, subscriber or not (feature 89)."""

from django.db.models import QuerySet
from django.utils import timezone

from broadcasts.models import Broadcast
from broadcasts.types import State
from whatsapp.types import Lane


def readable() -> QuerySet[Broadcast]:
    """Every notice somebody may have received; what has not left yet is nobody's. Newest first."""
    sent = Broadcast.objects.filter(started_at__isnull=False)
    return sent.select_related("category", "media").order_by("-started_at", "-pk")


def listed() -> QuerySet[Broadcast]:
    """Those that stand: a stopped one is only for who has its address."""
    return readable().exclude(state=State.STOPPED)


def alerts_in_force() -> QuerySet[Broadcast]:
    """Alerts whose time is not over."""
    return listed().filter(category__lane=Lane.ALERT, expires_at__gt=timezone.now())


def is_alert_in_force() -> bool:
    """`settings.WEATHER_ALERT`: has the town been warned of something that is not over?"""
    return alerts_in_force().exists()
