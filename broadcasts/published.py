"""The notices everybody may read, subscriber or not (feature 89)."""

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from broadcasts.models import Broadcast
from broadcasts.types import Sequel, State
from whatsapp.types import Lane


def readable() -> QuerySet[Broadcast]:
    """Every notice somebody may have received; what has not left yet is nobody's. Newest first."""
    sent = Broadcast.objects.filter(started_at__isnull=False)
    return sent.select_related("category", "media", "follows").order_by("-started_at", "-pk")


def listed() -> QuerySet[Broadcast]:
    """Those that stand: a stopped one is only for who has its address."""
    return readable().exclude(state=State.STOPPED)


def sequel(notice: Broadcast) -> Broadcast | None:
    """The notice that corrects, updates or ends this one, if one has left."""
    return listed().filter(follows=notice).first()


def alerts_in_force() -> QuerySet[Broadcast]:
    """Alerts whose time is not over, and which no later one has ended or taken the place of."""
    alerts = listed().filter(category__lane=Lane.ALERT, expires_at__gt=timezone.now())
    return alerts.exclude(sequel=Sequel.END).exclude(Exists(listed().filter(follows=OuterRef("pk"))))


def is_alert_in_force() -> bool:
    """`settings.WEATHER_ALERT`: has the town been warned of something that is not over?"""
    return alerts_in_force().exists()
