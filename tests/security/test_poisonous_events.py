"""What ends its worker, or fails for ever, is set aside, and takes nothing else with it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from tests.whatsapp import envelopes, handlers
from tests.whatsapp.conftest import post_webhook as post_webhook
from whatsapp import account, expiry, inbox, receipts, retries, sweep
from whatsapp.models import AccountEvent, Message, WebhookEvent

pytestmark = pytest.mark.django_db
MESSAGES, STATUSES = WebhookEvent.Inbox.MESSAGES, WebhookEvent.Inbox.STATUSES
POISON = "veleno"


class Killed(BaseException):
    """As for a killed worker, no code of ours runs after it."""


MONITOR = {"Authorization": "Bearer di-prova"}


@pytest.fixture(autouse=True)
def poisoned_handlers(settings: Any) -> list[str]:
    settings.HEALTH_TOKEN = "di-prova"
    settings.INBOUND_HANDLERS = [f"{__name__}.die_of_poison", "tests.whatsapp.handlers.remember"]
    handlers.seen.clear()
    return handlers.seen


def die_of_poison(message: Message) -> bool:
    if message.text == POISON:
        raise Killed
    return False


def fail(message: Message) -> bool:
    raise RuntimeError("on purpose")


def work(box: WebhookEvent.Inbox = MESSAGES) -> bool:
    """One worker's turn; False if it died."""
    try:
        inbox.process(box)
    except Killed:
        return False
    return True


def wait_for_leases() -> None:
    """Every lease and every wait is over."""
    past = timezone.now() - timedelta(seconds=1)
    WebhookEvent.objects.filter(handled_at=None, due_at__gt=past).update(due_at=past)
    Message.objects.filter(inbound=True, handled_at=None, due_at__gt=past).update(due_at=past)


def work_until_quiet(box: WebhookEvent.Inbox = MESSAGES, turns: int = 10) -> int:
    """Turns with every lease over; how many workers died."""
    deaths = 0
    for _ in range(turns):
        deaths += not work(box)
        wait_for_leases()
    return deaths


def test_a_message_that_kills_its_worker_is_set_aside_after_three_deaths(post_webhook: Any) -> None:
    post_webhook(envelopes.text(POISON))
    assert work_until_quiet() == retries.LOST_LIMIT
    message = Message.objects.get()
    assert (message.handled_at, message.reason) == (None, retries.LOST_TEXT)
    assert message.set_aside_at
    # Its webhook is done: the message is kept, and needs it no more.
    assert WebhookEvent.objects.get().handled_at


def test_the_next_message_of_anybody_else_is_answered_at_once(
    post_webhook: Any, poisoned_handlers: list[str]
) -> None:
    post_webhook(envelopes.text(POISON, **{"from": "393400000001", "from_user_id": "IT.1"}))
    for turn in range(4):
        work()
        post_webhook(envelopes.text(f"ciao {turn}"))
        assert work(), "the poison was taken again before its lease was over"
        assert poisoned_handlers[-1] == f"ciao {turn}"
        wait_for_leases()


def test_what_was_held_beside_the_poison_is_not_condemned_with_it(
    post_webhook: Any, poisoned_handlers: list[str]
) -> None:
    """Three workers die each time with other people's messages in their hands."""
    post_webhook(envelopes.text(POISON))
    work()
    for sender in range(5):
        post_webhook(
            envelopes.text(f"innocente {sender}", **{"from": f"39340000000{sender}", "from_user_id": None})
        )
    WebhookEvent.objects.filter(handled_at=None).update(lost=1)
    for _ in range(10):
        wait_for_leases()
        work()
    assert sorted(poisoned_handlers) == [f"innocente {sender}" for sender in range(5)]
    assert Message.objects.filter(set_aside_at__isnull=False).count() == 1


def test_one_suspect_is_tried_at_a_time(post_webhook: Any) -> None:
    for text in ("uno", "due"):
        post_webhook(envelopes.text(text))
    WebhookEvent.objects.update(lost=1)
    rows = WebhookEvent.objects.filter(inbox=MESSAGES)
    first = retries.take_suspect(rows)
    assert first
    assert first.lost == 2
    assert retries.take_suspect(rows) is None
    WebhookEvent.objects.filter(pk=first.pk).update(lost=0, handled_at=timezone.now())
    assert retries.take_suspect(rows)


def test_one_status_does_not_condemn_its_batch(post_webhook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[str] = []

    def apply(updates: Any) -> int:
        if any(update.provider_id == POISON for update in updates):
            raise Killed
        applied.extend(update.provider_id for update in updates)
        return len(updates)

    monkeypatch.setattr(receipts, "apply", apply)
    for n in range(100):
        post_webhook(envelopes.statuses(envelopes.status("read", POISON if n == 40 else f"wamid.{n}")))
    assert work_until_quiet(STATUSES) == retries.LOST_LIMIT
    assert sorted(applied) == sorted(f"wamid.{n}" for n in range(100) if n != 40)
    [aside] = retries.set_aside()[0]
    assert POISON.encode() in bytes(aside.body)


def test_what_fails_for_ever_ends_and_health_recovers(
    post_webhook: Any, settings: Any, client: Client
) -> None:
    settings.INBOUND_HANDLERS = [f"{__name__}.fail"]
    post_webhook(envelopes.text("ciao"))
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=9))
    for _ in range(retries.FAILURES_LIMIT + 3):
        work()
        wait_for_leases()
    message = Message.objects.get()
    assert message.set_aside_at
    assert message.attempts_made == retries.FAILURES_LIMIT
    assert "RuntimeError" in message.reason
    sweep.sweep()
    answer = client.get("/salute/", headers=MONITOR)
    assert answer.json()["messaggi_messi_da_parte"] == 1
    assert any("messi da parte" in problem for problem in answer.json()["problemi"])
    Message.objects.update(set_aside_at=timezone.now() - timedelta(hours=25))
    answer = client.get("/salute/", headers=MONITOR)
    assert answer.status_code == 200
    assert answer.json()["messaggi_messi_da_parte"] == 1


def test_an_event_that_fails_for_ever_ends(
    post_webhook: Any, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    def refuse(update: Any) -> None:
        raise ValueError("on purpose")

    monkeypatch.setattr(account, "update_account", refuse)
    post_webhook(envelopes.envelope({"event": "ACCOUNT_VIOLATION"}, "account_update"))
    for _ in range(retries.FAILURES_LIMIT + 3):
        work(STATUSES)
        wait_for_leases()
    event = WebhookEvent.objects.get()
    assert event.set_aside_at
    assert event.attempts == retries.FAILURES_LIMIT
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=9))
    sweep.sweep()
    assert client.get("/salute/", headers=MONITOR).json()["notifiche_da_trattare"] == 0
    # Retention does not keep it for ever.
    assert not AccountEvent.objects.exists()
    [clock] = [clock for clock in expiry.CLOCKS if clock.slug == "webhooks"]
    assert event in clock.due(timezone.now() + timedelta(seconds=1))


def test_staff_see_what_was_set_aside_and_have_it_tried_again(
    post_webhook: Any, client: Client, settings: Any, poisoned_handlers: list[str]
) -> None:
    user = User.objects.create_user("urp", is_staff=True)
    user.groups.set(Group.objects.filter(name="Segnalazioni"))
    client.force_login(user)
    post_webhook(envelopes.text(POISON))
    work_until_quiet()
    message = Message.objects.get()
    assert "Messaggi da far riprovare: 1" in client.get("/admin/").content.decode()
    page = client.get("/admin/whatsapp/message/?da_parte=si").content.decode()
    assert "messo da parte" in page
    settings.INBOUND_HANDLERS = ["tests.whatsapp.handlers.remember"]
    client.post("/admin/whatsapp/message/", {"action": "try_again", "_selected_action": [message.pk]})
    assert work()
    assert poisoned_handlers == [POISON]
    message.refresh_from_db()
    assert message.handled_at
    assert message.set_aside_at is None
    assert "Messaggi da far riprovare" not in client.get("/admin/").content.decode()
