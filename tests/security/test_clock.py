"""A clock that jumps ahead erases nothing, whatever it has written before the night."""

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from subscribers import consent, retention, tasks
from subscribers.models import RetentionRun
from tests.factories.reports import report_of
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp.models import Contact, Message, WebhookEvent
from whatsapp.sweep import sweep

pytestmark = pytest.mark.django_db
YEARS = timedelta(days=3 * 365)
TRIAL = "/admin/subscribers/retentionrule/prova/"
CONFIRM = "/admin/subscribers/retentionrule/data/"


@pytest.fixture
def years_ahead(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """From now on the server's clock is three years ahead; undo it with `monkeypatch.undo`."""
    real = timezone.now
    yield monkeypatch
    monkeypatch.undo()
    assert timezone.now is real


def jump(patch: pytest.MonkeyPatch, by: timedelta = YEARS) -> None:
    real = timezone.now
    patch.setattr(timezone, "now", lambda: real() + by)


@pytest.fixture
def data() -> dict[type, int]:
    """Something for nearly every clock, none of it due today."""
    report_of("Buca in via Roma")
    leaver = ContactFactory()
    message = InboundMessageFactory(contact=leaver, handled_at=timezone.now(), sent_at=timezone.now())
    consent.subscribe(leaver, message=message)
    consent.leave(leaver)
    WebhookEvent.objects.create(provider="x", inbox="statuses", body=b"{}", handled_at=timezone.now())
    return rows()


def rows() -> dict[type, int]:
    people = Contact.objects.filter(erased_at__isnull=True)
    return {
        Contact: people.count(),
        Message: Message.objects.count(),
        WebhookEvent: WebhookEvent.objects.count(),
    }


def test_three_years_ahead_for_a_night_nothing_goes(
    data: dict[type, int], years_ahead: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tasks.expire()  # last night's
    jump(years_ahead)
    sweep()  # what our own clock writes confirms nothing
    assert sum(count for *_, count in retention.due()) >= 3
    tasks.expire()
    assert rows() == data
    assert "retention did not run" in caplog.text
    with pytest.raises(CommandError, match="La cancellazione periodica è ferma"):
        call_command("expire_data")
    assert rows() == data
    years_ahead.undo()
    assert retention.time_in_doubt() == ""
    tasks.expire()
    assert rows() == data


def test_without_any_run_before_the_messages_tell(
    data: dict[type, int], years_ahead: pytest.MonkeyPatch
) -> None:
    jump(years_ahead)
    tasks.expire()
    assert rows() == data


def test_the_staff_see_it_and_the_health_page_too(
    data: dict[type, int], years_ahead: pytest.MonkeyPatch, client: Client
) -> None:
    sweep()
    assert retention.time_in_doubt() == ""
    jump(years_ahead)
    sweep()
    year = timezone.localtime().year
    assert f"{year}" in " ".join(client.get("/salute/").json()["problemi"])
    client.force_login(User.objects.create_superuser("capo"))
    assert "La cancellazione periodica è ferma" in client.get("/admin/").content.decode()


class TestConfirming:
    def test_an_administrator_confirms_and_the_log_says_so(
        self, data: dict[type, int], years_ahead: pytest.MonkeyPatch, client: Client
    ) -> None:
        jump(years_ahead)
        client.force_login(User.objects.create_superuser("capo"))
        assert "La data del server è in dubbio" in client.get(TRIAL).content.decode()
        page = client.post(CONFIRM, follow=True).content.decode()
        assert "Data confermata" in page
        assert "in dubbio" not in page
        assert LogEntry.objects.filter(actor__username="capo", changes__has_key="data del server").exists()
        tasks.expire()
        assert rows()[WebhookEvent] == 0

    def test_on_the_command_line(self, data: dict[type, int], years_ahead: pytest.MonkeyPatch) -> None:
        jump(years_ahead)
        call_command("expire_data", "--time-is-right", stdout=io.StringIO())
        assert rows()[WebhookEvent] == 0

    def test_a_confirmation_under_a_wrong_clock_ends_with_it(
        self, data: dict[type, int], years_ahead: pytest.MonkeyPatch
    ) -> None:
        jump(years_ahead)
        retention.confirm_time()
        years_ahead.undo()
        Message.objects.update(sent_at=timezone.now() - timedelta(days=30))
        assert retention.time_in_doubt() != ""

    def test_only_who_may_change_the_terms(self, client: Client) -> None:
        auditor = User.objects.create_user("revisore", is_staff=True)
        auditor.groups.add(Group.objects.get(name="Revisori"))
        client.force_login(auditor)
        assert client.get(TRIAL).status_code == 200
        assert client.post(CONFIRM).status_code == 403
        assert not RetentionRun.objects.exists()


@pytest.mark.parametrize(
    ("run", "message", "doubtful"),
    [
        (None, None, False),  # new: nothing to lose
        (timedelta(days=1), None, False),
        (timedelta(days=10), None, True),
        (
            timedelta(days=10),
            timedelta(hours=5),
            False,
        ),  # WhatsApp dates the first message after a stop
        (None, timedelta(days=10), True),
        (None, -timedelta(days=10), True),  # behind: WhatsApp's time is later than ours
        (-timedelta(days=10), None, False),  # behind by our own word only: nothing would go early
    ],
)
def test_what_confirms_the_time(run: timedelta | None, message: timedelta | None, doubtful: bool) -> None:
    now: datetime = timezone.now()
    with transaction.atomic():
        if run:
            RetentionRun.objects.create(slug="all", at=now - run, before=now, removed=0)
        if message:
            InboundMessageFactory(sent_at=now - message)
    assert bool(retention.time_in_doubt()) is doubtful


def test_the_head_of_nothing_is_no_problem(client: Client, settings: Any) -> None:
    settings.CONSENT_HEAD_EMAIL = ["dpo@example.org"]
    sweep()
    assert client.get("/salute/").status_code == 200
