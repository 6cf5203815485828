"""The register from the command line, and without its key."""

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from subscribers import checks, consent
from subscribers.models import ConsentEvent
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp import inbox
from whatsapp.models import Message

pytestmark = pytest.mark.django_db


def test_the_command_tells_that_the_register_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    consent.subscribe(ContactFactory())
    call_command("verify_consents")
    assert "Registro integro: 1 righe." in capsys.readouterr().out


def test_the_command_fails_where_a_row_was_touched() -> None:
    for _ in range(3):
        consent.subscribe(ContactFactory())
    ConsentEvent.objects.filter(sequence=2).update(kind="off")
    with pytest.raises(CommandError, match="Dopo 1 righe integre: la riga 2 è stata modificata"):
        call_command("verify_consents")


def test_another_key_proves_nothing(settings: LazySettings) -> None:
    consent.subscribe(ContactFactory())
    settings.CONSENT_KEY = "un'altra"
    with pytest.raises(CommandError):
        call_command("verify_consents")


def test_without_the_key_nothing_is_written_and_the_message_waits(settings: LazySettings) -> None:
    settings.CONSENT_KEY = ""
    message = InboundMessageFactory(text="Iscrizione on")
    with pytest.raises(ImproperlyConfigured):
        consent.subscribe(message.contact)
    inbox.handle(message.pk)
    message.refresh_from_db()
    assert message.handled_at is None
    assert not consent.is_subscribed(message.contact)
    assert not Message.objects.filter(inbound=False).exists()
    assert [warning.id for warning in checks.consent_key()] == ["subscribers.W001"]


def test_with_the_key_there_is_nothing_to_say() -> None:
    assert checks.consent_key() == []
