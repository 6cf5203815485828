"""E-mails that count: a mail server that refuses or says nothing holds nobody and loses nothing."""

import logging
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.utils import timezone

from tests.factories.broadcasts import UserFactory
from tests.factories.reports import report_of
from tests.factories.whatsapp import ContactFactory, StaffPhoneFactory
from whatsapp import channels, expiry, health, mail, paging, sweep
from whatsapp.models import Call, Mail

pytestmark = pytest.mark.django_db
TO = "turno@comune.example.it"


class Conversation(socketserver.StreamRequestHandler):
    """A mail server that takes what it is given, or answers as `Server.answers` says."""

    server: "Server"

    def handle(self) -> None:
        if self.server.mute:
            self.server.closing.wait(30)
            return
        self.say("220 prova")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(":")[0].split()[0].upper()
            if verb == "DATA":
                self.say("354 dimmi")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                if self.server.answers.get("DATA", "250").startswith("250"):
                    self.server.taken.append(text.decode())
            self.say(self.server.answers.get(verb, "250 va bene"))
            if verb == "QUIT":
                return

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *, mute: bool = False, **answers: str) -> None:
        self.mute, self.answers = mute, answers
        self.taken: list[str] = []
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", 0), Conversation)


@contextmanager
def listening(settings: Any, *, mute: bool = False, **answers: str) -> Iterator[Server]:
    with Server(mute=mute, **answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        use(settings, server.server_address[1])
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


def use(settings: Any, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_TIMEOUT = 0.2
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False


def later() -> None:
    """Let the next attempt be due."""
    Mail.objects.exclude(due_at=None).update(due_at=timezone.now())


def test_a_time_out_is_configured() -> None:
    assert configured.EMAIL_TIMEOUT == 10


def test_what_a_server_has_taken_is_recorded_and_its_text_erased(settings: Any) -> None:
    with listening(settings) as server:
        mail.enqueue([TO, "", "altra@comune.example.it"], "Fuga di gas\r\nBcc: x@y.it", "Via Roma 12")
        assert mail.send_due() == 2
    assert len(server.taken) == 2
    assert "Via Roma 12" in server.taken[0]
    assert "\nBcc" not in server.taken[0]
    assert all(row.sent_at and row.text == "" for row in Mail.objects.all())
    assert mail.send_due() == 0


def test_a_closed_port_loses_nothing(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    use(settings, 1)
    [row] = mail.enqueue(TO, "Fuga di gas", "Via Roma 12")
    with caplog.at_level(logging.DEBUG):
        assert mail.send_due() == 0
    assert TO not in caplog.text
    row.refresh_from_db()
    assert (row.sent_at, row.attempts, row.text) == (None, 1, "Via Roma 12")
    assert row.due_at is not None
    assert row.due_at > timezone.now()
    with listening(settings) as server:
        later()
        assert mail.send_due() == 1
    assert len(server.taken) == 1


def test_a_mute_server_costs_one_time_out_and_holds_no_message(settings: Any) -> None:
    with listening(settings, mute=True):
        StaffPhoneFactory(user=UserFactory(email=TO), contact=ContactFactory(reachable=True))
        channels.pause(channels.current(), "prova")
        report = report_of("AIUTO fuga di gas in via Roma 12")  # waits for no server
        assert report.level == 4
        mail.enqueue([f"p{number}@comune.example.it" for number in range(5)], "Prova", "Prova")
        started = time.monotonic()
        assert mail.send_due() == 0
        assert time.monotonic() - started < 5 * settings.EMAIL_TIMEOUT + 5
        assert set(Mail.objects.values_list("attempts", flat=True)) == {1}
        assert paging.reached(Call.objects.get()) == 0


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "MAIL"])
def test_what_a_server_refuses_for_good_is_not_tried_again_and_the_others_go(
    settings: Any, verb: str
) -> None:
    mail.enqueue(TO, "Prova", "Prova")
    with listening(settings, **{verb: "550 sconosciuto"}):
        assert mail.send_due() == 0
    row = Mail.objects.get()
    assert (row.due_at, row.sent_at, row.text) == (None, None, "")
    assert "550" in row.error
    mail.enqueue(TO, "Prova", "Prova")
    with listening(settings, **{verb: "451 riprova"}):
        assert mail.send_due() == 0
    assert Mail.objects.exclude(due_at=None).count() == 1


def test_after_three_days_it_is_of_no_use(settings: Any) -> None:
    use(settings, 1)
    mail.enqueue(TO, "Prova", "Prova")
    Mail.objects.update(created_at=timezone.now() - timedelta(days=4))
    mail.send_due()
    assert Mail.objects.get().due_at is None


def test_an_emptied_broker_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    mail.enqueue(TO, "Prova", "Prova")
    monkeypatch.setattr(sweep, "nudge", lambda name, *_: asked.append(name))
    sweep.sweep()
    assert mail.TASK in asked
    Mail.objects.update(due_at=None)
    asked.clear()
    sweep.sweep()
    assert mail.TASK not in asked


def test_told_counts_what_was_handed_over(settings: Any) -> None:
    StaffPhoneFactory(user=UserFactory(email=TO), contact=ContactFactory(reachable=True))
    StaffPhoneFactory(user=UserFactory(email="altra@comune.example.it"))
    channels.pause(channels.current(), "prova")
    use(settings, 1)
    assert paging.page("fuga di gas", "Via Roma 12", key="prova-1") == 2
    mail.send_due()
    assert paging.reached(Call.objects.get()) == 0
    with listening(settings):
        later()
        mail.send_due()
    assert paging.reached(Call.objects.get()) == 2


def test_a_round_replaces_the_mails_that_have_not_left(settings: Any) -> None:
    StaffPhoneFactory(user=UserFactory(email=TO))
    use(settings, 1)
    paging.page("fuga di gas", "Via Roma 12", key="prova-1")
    mail.send_due()
    Call.objects.update(due_at=timezone.now())
    paging.call_again()
    assert "chiamata 2 di 6" in Mail.objects.get().text
    paging.settle("prova-1")
    assert not Mail.objects.exists()


def test_the_health_page_says_that_mail_does_not_leave() -> None:
    mail.enqueue(TO, "Prova", "Prova")
    assert not any("e-mail" in problem for problem in health.snapshot().problems)
    Mail.objects.update(created_at=timezone.now() - timedelta(minutes=20))
    assert any("Le e-mail non partono da 20 minuti" in problem for problem in health.snapshot().problems)


def test_the_rows_go_after_a_week() -> None:
    clock = next(clock for clock in expiry.CLOCKS if clock.slug == "mails")
    rows = mail.enqueue([TO, "altra@comune.example.it"], "Prova", "Prova")
    Mail.objects.filter(pk=rows[0].pk).update(due_at=None)
    assert [row.pk for row in clock.due(timezone.now() + timedelta(seconds=1))] == [rows[0].pk]
