"""Every kind of data goes when its days are over, not a day before; totals and proofs stay."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from axes.models import AccessAttempt, AccessFailureLog
from django.contrib.admin.models import CHANGE
from django.contrib.admin.models import LogEntry as AdminLogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from broadcasts import progress
from broadcasts.models import Broadcast
from regalbuto_urp.models import ChangeRequest
from reports.models import Report, ReportEvent
from reports.states import State as ReportState
from subscribers import consent, recipients, retention, tasks, verifying
from subscribers.models import (
    ConsentEvent,
    ConsentEvidence,
    ErasedIdentity,
    ImportRow,
    RetentionRule,
    RetentionRun,
    Subscriber,
    SubscriberImport,
)
from tests.factories.broadcasts import BroadcastFactory, UserFactory
from tests.factories.reports import report_of
from tests.factories.whatsapp import (
    ContactFactory,
    ContentFactory,
    InboundMessageFactory,
    OutboundMessageFactory,
    StaffPhoneFactory,
)
from whatsapp import audit
from whatsapp.models import Attempt, Call, Channel, Content, Mail, Media, Message, WebhookEvent
from whatsapp.personal_data import Clock
from whatsapp.types import Kind, State

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def run(slug: str = "") -> int:
    """How much went, of one clock or of all."""
    return sum(gone for clock, gone in retention.run() if slug in ("", clock.slug))


def aged(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def webhook(at: datetime) -> Any:
    return WebhookEvent.objects.create(provider="x", inbox="statuses", body=b"{}", handled_at=at)


def message(at: datetime) -> Any:
    return InboundMessageFactory(created_at=at, handled_at=at, contact__created_at=timezone.now())


def recipient(at: datetime) -> Any:
    notice = BroadcastFactory(
        state="completed", content=ContentFactory(), started_at=at - HOUR, expires_at=at, finished_at=at
    )
    return OutboundMessageFactory(content=notice.content, state=State.READ, created_at=at - HOUR)


def file(at: datetime) -> Any:
    return Media.objects.create(kind=Kind.IMAGE, created_at=at)


def report(at: datetime) -> Any:
    made = report_of("Buca in via Roma 12, sono Maria")
    Report.objects.filter(pk=made.pk).update(state=ReportState.RESOLVED, closed_at=at)
    return made


def leaver(at: datetime) -> Any:
    contact = ContactFactory()
    consent.subscribe(contact, at=at - HOUR)
    consent.leave(contact, at=at)
    return contact.subscriber


def erased(at: datetime) -> Any:
    subject = ContactFactory().subject_id
    return ErasedIdentity.objects.create(digest="0" * 64, subject_id=subject, erased_at=at)


def imported(at: datetime) -> Any:
    load = SubscriberImport.objects.create(
        filename="x", reference="x", created_by=UserFactory(), created_at=at
    )
    return ImportRow.objects.create(source=load, line=1, outcome="done")


def action(at: datetime) -> Any:
    audit.note_opening(ContactFactory())
    LogEntry.objects.update(timestamp=at)
    return LogEntry.objects.latest("pk")


def export(at: datetime) -> Any:
    return AdminLogEntry.objects.create(user=UserFactory(), action_flag=CHANGE, action_time=at)


def call(at: datetime) -> Any:
    return Call.objects.create(reason="x", created_at=at)


def sent_mail(at: datetime) -> Any:
    return Mail.objects.create(address="x@example.org", subject="x", created_at=at, due_at=None)


def stranger(at: datetime) -> Any:
    return ContactFactory(created_at=at)


def attempt(at: datetime) -> Any:
    made = AccessAttempt.objects.create(username="x", failures_since_start=1)
    AccessAttempt.objects.update(attempt_time=at)
    return made


def wrong_password(at: datetime) -> Any:
    made = AccessFailureLog.objects.create(username="x")
    AccessFailureLog.objects.update(attempt_time=at)
    return made


def session(at: datetime) -> Any:
    return Session.objects.create(session_key=f"x{at:%H%M%S%f}", expire_date=at)


def change_request(at: datetime) -> Any:
    return ChangeRequest.objects.create(
        kind="open_service", summary="x", proposed_by=UserFactory(), expires_at=at
    )


MAKERS: dict[str, Callable[[datetime], Any]] = {
    "webhooks": webhook, "messages": message, "recipients": recipient, "files": file, "left": leaver,
    "erased": erased, "imports": imported, "actions": action, "admin-actions": export, "strangers": stranger,
    "calls": call, "mails": sent_mail, "attempts": attempt, "failures": wrong_password,
    "sessions": session, "requests": change_request,
}  # fmt: skip


@pytest.mark.parametrize("slug", MAKERS)
def test_each_clock_at_its_edge(slug: str) -> None:
    days = retention.clocks()[slug].days
    young = MAKERS[slug](timezone.now() - timedelta(days=days) + HOUR)
    assert run(slug) == 0
    young.refresh_from_db()
    young.delete()
    old = MAKERS[slug](timezone.now() - timedelta(days=days) - HOUR)
    assert run(slug) == 1
    assert not type(old).objects.filter(pk=old.pk).exists()
    assert RetentionRun.objects.get(slug=slug).removed == 1
    assert run(slug) == 0


def test_every_clock_is_tried_here() -> None:
    assert {*MAKERS, "reports", "evidence"} == set(retention.clocks())
    assert all(0 < clock.minimum <= clock.days for clock in retention.clocks().values())


def test_a_report_is_cut_down_after_its_year() -> None:
    young, old = report(aged(364)), report(aged(366))
    assert run("reports") == 1
    young.refresh_from_db()
    old.refresh_from_db()
    assert young.summary == "Buca in via Roma 12, sono Maria"
    assert (old.summary, old.address, old.state, old.level) == ("", "via Roma", "resolved", young.level)
    said = Message.objects.get(report_item__report=old)
    assert (said.text, said.provider_id) == ("", f"erased-{said.pk}")
    assert ReportEvent.objects.filter(report=old).count() == ReportEvent.objects.filter(report=young).count()
    assert run("reports") == 0


def test_evidence_goes_two_years_after_the_subject_left() -> None:
    subscribed, old, young, back = (ContactFactory() for _ in range(4))
    for contact in (subscribed, old, young, back):
        consent.subscribe(contact, at=aged(800))
    for contact in (old, young):
        consent.leave(contact, at=aged(790))
    with connection.cursor() as cursor:  # as if written then
        cursor.execute("set session_replication_role = replica")
        for contact, days in ((subscribed, 800), (old, 731), (young, 729), (back, 800)):
            cursor.execute(
                "update subscribers_consentevent set recorded_at = %s where subject_id = %s",
                [aged(days), contact.subject_id],
            )
        cursor.execute("set session_replication_role = default")
    consent.leave(back)  # only now
    assert run("evidence") == 2
    left = ConsentEvidence.objects.exclude(event__kind="erased").values_list("event__subject_id", flat=True)
    assert set(left) == {subscribed.subject_id, young.subject_id, back.subject_id}


class TestWhoLeft:
    def test_the_number_goes_and_the_hash_and_the_proof_stay(self) -> None:
        contact = leaver(aged(31)).contact
        number = contact.phone
        run()
        contact.refresh_from_db()
        assert (contact.phone, contact.profile_name) == (None, "")
        assert set(recipients.obstacles([number])) == {number}
        assert ErasedIdentity.objects.get().left_at == ConsentEvent.objects.get(kind="off").at
        last = ConsentEvent.objects.first()
        assert last
        assert (last.kind, last.source, last.evidence.actor) == ("erased", "system", "sistema")
        assert ConsentEvidence.objects.filter(identity=number).count() == 2
        assert verifying.verify() == (3, "")

    def test_an_open_case_a_staff_phone_and_a_recent_word_keep_them(self) -> None:
        waiting = report_of("Buca in via Roma").contact
        colleague = StaffPhoneFactory(user=UserFactory()).contact
        talking = InboundMessageFactory(handled_at=timezone.now()).contact
        for contact in (waiting, colleague, talking):
            Subscriber.objects.create(contact=contact, state="left", since=aged(50), left_at=aged(40))
        Message.objects.filter(contact=waiting).update(created_at=aged(39))
        assert run("left") == 0
        Report.objects.update(state=ReportState.RESOLVED, closed_at=timezone.now())
        assert run("left") == 1
        waiting.refresh_from_db()
        assert waiting.erased_at

    def test_who_comes_back_meanwhile_stays(self) -> None:
        contact = leaver(aged(31)).contact
        pk = contact.subscriber.pk
        consent.subscribe(contact)
        assert retention.clocks()["left"].discard([pk]) == 0
        assert consent.is_subscribed(contact)


class TestMessages:
    def test_what_anything_refers_to_stays(self) -> None:
        said = report_of("Buca in via Roma")
        corrected = InboundMessageFactory(handled_at=timezone.now())
        edit = InboundMessageFactory(kind=Kind.EDIT, handled_at=timezone.now(), contact=corrected.contact)
        Message.objects.filter(pk=corrected.pk).update(changed_by=edit)
        notice = recipient(timezone.now())
        unhandled = InboundMessageFactory()
        queued = OutboundMessageFactory()
        welcome = OutboundMessageFactory(state=State.READ)
        Subscriber.objects.create(contact=welcome.contact, state="active", since=aged(60), welcome=welcome)
        Attempt.objects.create(message=welcome, channel=Channel.objects.create(phone_number_id="1"))
        Message.objects.filter(handled_at=None, inbound=True).exclude(pk=unhandled.pk).update(
            handled_at=timezone.now()
        )
        Message.objects.update(created_at=aged(31))
        run("messages")
        left = set(Message.objects.values_list("pk", flat=True))
        assert {notice.pk, unhandled.pk, queued.pk} <= left
        assert set(said.items.values_list("message", flat=True)) <= left
        assert not {corrected.pk, welcome.pk} & left
        assert Subscriber.objects.get().welcome is None
        run("messages")
        assert not Message.objects.filter(pk=edit.pk).exists()
        assert not Content.objects.filter(messages=None, broadcast=None).exists()

    def test_a_file_goes_from_the_disk_with_its_message(
        self, django_capture_on_commit_callbacks: Callable[..., object]
    ) -> None:
        kept = Media.objects.create(kind=Kind.IMAGE, created_at=aged(31))
        kept.file.save("x.jpg", ContentFile(b"x"))
        old = InboundMessageFactory(content__media=kept, created_at=aged(31), handled_at=aged(31))
        with django_capture_on_commit_callbacks(execute=True):
            run()
        assert not Message.objects.filter(pk=old.pk).exists()
        assert not Media.objects.exists()
        assert not kept.file.storage.exists(kept.file.name)


class TestNotices:
    def notice(self) -> Broadcast:
        first = recipient(aged(91))
        for state in (State.READ, State.DELIVERED, State.FAILED):
            OutboundMessageFactory(content=first.content, state=state, created_at=aged(91))
        return Broadcast.objects.get()

    def test_the_totals_stay(self, client: Client) -> None:
        notice = self.notice()
        before = progress.counts(notice).by_state
        assert run("recipients") == 4
        notice.refresh_from_db()
        assert progress.counts(notice).by_state == before == {"read": 2, "delivered": 1, "failed": 1}
        client.force_login(User.objects.create_superuser("capo"))
        page = f"/admin/broadcasts/broadcast/{notice.pk}"
        assert "Arrivato a 3 persone su 4" in client.get(f"{page}/change/").content.decode()
        assert "restano i totali" in client.get(f"{page}/destinatari/").content.decode()

    def test_killed_between_two_batches_it_goes_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        notice = self.notice()
        small = {"recipients": 1}
        monkeypatch.setattr(
            "subscribers.rights.clocks",
            lambda: [_with_batch(clock, small[clock.slug]) for clock in CLOCKS if clock.slug in small],
        )
        steps = retention.run()
        assert [next(steps)[1] for _ in range(2)] == [1, 1]
        steps.close()
        assert Message.objects.count() == 2
        assert RetentionRun.objects.get().removed == 2
        notice.refresh_from_db()
        assert progress.counts(notice).total == 4
        assert run() == 2
        notice.refresh_from_db()
        assert notice.totals == {"read": 2, "delivered": 1, "failed": 1}

    def test_one_under_way_keeps_its_list_however_old(self) -> None:
        self.notice()
        Broadcast.objects.update(state="sending", finished_at=None)
        assert run("recipients") == 0


def _with_batch(clock: Clock, batch: int) -> Clock:
    return Clock(**{**vars(clock), "batch": batch})


CLOCKS = [*retention.clocks().values()]


def test_a_clock_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    webhook(aged(15))
    broken = _with_batch(CLOCKS[0], 0)
    monkeypatch.setattr("subscribers.rights.clocks", lambda: [*map(_broken, [broken]), *CLOCKS[1:]])
    assert run() == 1


def _broken(clock: Clock) -> Clock:
    def due(before: datetime) -> Any:
        raise ValueError

    return Clock(**{**vars(clock), "due": due})


def test_a_dry_run_touches_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    webhook(aged(15))
    call_command("expire_data", "--dry-run")
    assert "Comunicazioni grezze di WhatsApp: da cancellare 1" in capsys.readouterr().out
    assert WebhookEvent.objects.count() == 1
    assert not RetentionRun.objects.exists()
    call_command("expire_data")
    assert "Comunicazioni grezze di WhatsApp: cancellati 1" in capsys.readouterr().out


def test_the_nightly_task_does_it() -> None:
    webhook(aged(15))
    tasks.expire()
    assert not WebhookEvent.objects.exists()


class TestAdmin:
    RULES = "/admin/subscribers/retentionrule/"

    @pytest.fixture
    def chief(self, client: Client) -> Client:
        client.force_login(User.objects.create_superuser("capo"))
        return client

    def save(self, client: Client, slug: str, days: int) -> str:
        client.get(self.RULES)
        data: dict[str, Any] = {"_save": "Salva", "form-INITIAL_FORMS": 0}
        for n, rule in enumerate(RetentionRule.objects.order_by("pk")):
            data |= {f"form-{n}-id": rule.pk, f"form-{n}-days": days if rule.slug == slug else rule.days}
            data["form-TOTAL_FORMS"] = data["form-INITIAL_FORMS"] = n + 1
        return client.post(self.RULES, data, follow=True).content.decode()

    def test_days_are_chosen_within_limits(self, chief: Client) -> None:
        assert "Scegli da 183 a" in self.save(chief, "actions", 30)
        assert "Scegli da 183 a" not in self.save(chief, "actions", 200)
        assert RetentionRule.objects.get(slug="actions").days == 200
        action(aged(201))
        assert run("actions") > 0

    def test_a_number_below_the_minimum_never_counts(self) -> None:
        RetentionRule.objects.create(slug="actions", days=1)
        action(aged(100))
        assert run("actions") == 0

    def test_the_trial_counts_and_the_log_tells(self, chief: Client) -> None:
        webhook(aged(15))
        page = chief.get(f"{self.RULES}prova/").content.decode()
        assert "Comunicazioni grezze di WhatsApp" in page
        assert WebhookEvent.objects.exists()
        run()
        assert "Comunicazioni grezze" in chief.get("/admin/subscribers/retentionrun/").content.decode()

    def test_whoever_may_not_see_it_does_not(self, client: Client) -> None:
        client.force_login(UserFactory())
        assert client.get(f"{self.RULES}prova/").status_code == 403
