"""What the tests ask of the project, by its own functions: run inside the town, in a child of the forge."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from broadcasts import approval, lifecycle, sending
from broadcasts.models import Broadcast, Category
from subscribers import consent
from subscribers.models import Subscriber
from whatsapp import channels, outbox
from whatsapp.models import Channel, Contact, Content
from whatsapp.types import State


def prepare(numbers: list[str]) -> None:
    """A fresh database with these people subscribed."""
    call_command("migrate", interactive=False, verbosity=0)
    User.objects.create_user("segreteria")
    User.objects.create_user("responsabile")
    for number in numbers:
        consent.subscribe(Contact.objects.create(phone=number))
    channels.open_service(channels.current(), User.objects.get(username="responsabile"))


def sync_templates() -> None:
    call_command("sync_templates")


def rest(numbers: list[str]) -> None:
    """As at the start: these people subscribed, nobody else, the number free to send at full pace."""
    others = Subscriber.objects.filter(state=Subscriber.State.ACTIVE).exclude(contact__phone__in=numbers)
    for other in others.select_related("contact"):
        consent.leave(other.contact)
    for contact in Contact.objects.filter(phone__in=numbers).exclude(
        subscriber__state=Subscriber.State.ACTIVE
    ):
        consent.subscribe(contact)
    Channel.objects.update(
        next_slot_at=timezone.now(),
        throttle=1,
        paused_at=None,
        pause_reason="",
        pace=None,
        last_status_at=None,
    )


def slow_down(pace: float) -> None:
    Channel.objects.update(pace=pace)


def notice(slug: str = "viabilita") -> int:
    """Send a notice to everybody; the id of its content."""
    broadcast = sending.send(_submitted(slug), _approver())
    assert broadcast.content_id is not None
    return broadcast.content_id


def two_clicks() -> tuple[list[str], int]:
    """«Invia» pressed twice at once on one draft: what each click was told, and the content."""
    draft = _submitted("viabilita")
    together = threading.Barrier(2)

    def click(_: int) -> str:
        try:
            together.wait(10)
            sending.send(Broadcast.objects.get(pk=draft.pk), _approver())
        except lifecycle.NotAllowed:
            return "refused"
        finally:
            connection.close()
        return "sent"

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(click, range(2)))
    draft.refresh_from_db()
    assert draft.content_id is not None
    return sorted(told), draft.content_id


def scheduled_notice() -> int:
    """A notice whose time has just come, and for which no nudge comes; its id."""
    at = timezone.now() + timedelta(hours=1)
    broadcast = sending.schedule_for(_submitted("viabilita"), _approver(), at)
    Broadcast.objects.filter(pk=broadcast.pk).update(leaves_at=timezone.now())
    return broadcast.pk


def _approver() -> User:
    return User.objects.get(username="responsabile")


def _submitted(slug: str) -> Broadcast:
    author = User.objects.get(username="segreteria")
    draft = Broadcast.objects.create(
        category=Category.objects.get(slug=slug),
        title="Via Roma chiusa",
        text="Lavori alla rete idrica.",
        author=author,
    )
    return approval.submit(draft, author)


def resend_uncertain(content: int) -> int:
    return outbox.resend(Content.objects.get(pk=content), [State.UNCERTAIN])
