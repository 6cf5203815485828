"""The register's head leaves the machine every day."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from subscribers import checks, consent, tasks
from subscribers.models import RegisterHead
from tests.factories.whatsapp import ContactFactory
from whatsapp.sweep import sweep

pytestmark = pytest.mark.django_db


class Broken(EmailBackend):
    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError("dpo@example.org")


@pytest.fixture(autouse=True)
def address(settings: Any) -> None:
    settings.CONSENT_HEAD_EMAIL = ["dpo@example.org", "segretario@example.org"]


def test_it_leaves_once_a_day_and_proves_the_register(capsys: pytest.CaptureFixture[str]) -> None:
    contact = ContactFactory()
    consent.subscribe(contact)
    tasks.send_head()
    tasks.send_head()
    (message,) = mail.outbox
    assert message.to == ["dpo@example.org", "segretario@example.org"]
    head = re.search(r"--head (1:[0-9a-f]{64})", str(message.body))
    assert head
    for personal in (contact.phone, contact.profile_name, str(contact.subject_id)):
        assert personal not in str(message.body)
    call_command("verify_consents", head=[head[1]])
    assert "Registro integro" in capsys.readouterr().out
    RegisterHead.objects.update(emailed_at=timezone.now() - timedelta(days=1))
    tasks.send_head()
    assert len(mail.outbox) == 2


def test_a_failure_is_tried_again_and_told_without_the_address(
    settings: Any, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    consent.subscribe(ContactFactory())
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    tasks.send_head()
    assert "ConnectionRefusedError" in caplog.text
    assert "dpo@" not in caplog.text
    sweep()
    assert client.get("/salute/").status_code == 200
    RegisterHead.objects.update(emailed_at=timezone.now() - timedelta(days=3))
    assert "testa del registro" in client.get("/salute/").json()["problemi"][0]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    tasks.send_head()
    assert len(mail.outbox) == 1
    assert client.get("/salute/").status_code == 200


def test_nothing_leaves_without_an_address_or_a_line(settings: Any) -> None:
    tasks.send_head()
    consent.subscribe(ContactFactory())
    settings.CONSENT_HEAD_EMAIL = []
    tasks.send_head()
    assert mail.outbox == []


def test_a_service_without_an_address_is_warned(settings: Any) -> None:
    assert checks.head_email() == []
    settings.CONSENT_HEAD_EMAIL = []
    assert [warning.id for warning in checks.head_email()] == ["subscribers.W003"]


def test_an_event_does_not_forget_the_day(settings: Any) -> None:
    """The head is rewritten at each event."""
    consent.subscribe(ContactFactory())
    tasks.send_head()
    consent.subscribe(ContactFactory())
    assert RegisterHead.objects.get().emailed_at is not None
