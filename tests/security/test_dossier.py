"""The list of numbers cannot be taken home one dossier at a time."""

from collections.abc import Callable

import pytest
from auditlog.models import LogEntry
from django.test import Client

from subscribers import consent
from tests.factories.whatsapp import ContactFactory
from tests.regalbuto_urp.walk import member
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db
NUMBER = "+393401112201"


@pytest.fixture
def person(db: None) -> Contact:
    contact = ContactFactory(phone=NUMBER, reachable=True)
    consent.subscribe(contact)
    return contact


@pytest.mark.parametrize("role", ["Revisori", "Approvazione"])
def test_password_code_and_reason(enter: Callable[..., Client], person: Contact, role: str) -> None:
    user, reason = member(role), {"kind": "json", "reason": "verifica annuale"}
    opened = f"/admin/subscribers/subscriber/fascicolo/{person.pk}/"
    copied = f"{opened}copia/"
    thief = enter(user, verified=False)
    for answer in (thief.get(opened), thief.get(copied), thief.post(copied, reason)):
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/admin/sicurezza/telefono/")
    client = enter(user)
    for answer in (client.get(copied), client.post(copied, {"kind": "json"})):
        assert answer.status_code == 200
        assert NUMBER not in answer.content.decode()
    assert not LogEntry.objects.filter(action=LogEntry.Action.ACCESS).exists()
    assert NUMBER in client.post(copied, reason).content.decode()
    entry = LogEntry.objects.get(action=LogEntry.Action.ACCESS)
    assert (entry.actor, entry.additional_data["reason"]) == (user, "verifica annuale")
