"""Who did what: in Italian, for those who may look, and never for what the channel does by itself."""

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from reports.models import Office
from tests.factories.whatsapp import ContactFactory
from whatsapp import contacts, outbox
from whatsapp.models import Channel
from whatsapp.types import Sender

pytestmark = pytest.mark.django_db
LIST = "admin:auditlog_logentry_changelist"


@pytest.fixture
def staff(client: Client) -> User:
    user = User.objects.create_user("lucia", is_staff=True, first_name="Lucia", last_name="Bianchi")
    names = ["view_logentry", "change_office", "view_office", "view_contact", "change_contact"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return user


def test_a_change_in_the_admin_tells_who_what_and_from_what_to_what(client: Client, staff: User) -> None:
    office = Office.objects.get(name="AcquaEnna")
    address = reverse("admin:reports_office_change", args=[office.pk])
    client.post(address, {"name": "AcquaEnna", "email": "nuova@example.org", "external": "on"})
    html = client.get(reverse(LIST)).content.decode()
    for expected in ("Lucia Bianchi", "modificato", "Ufficio: AcquaEnna", "→ nuova@example.org"):
        assert expected in html
    for english in ("log entr", "Audit log", "update</"):
        assert english not in html


def test_blocking_somebody_is_written_down_without_their_name(client: Client, staff: User) -> None:
    contact = ContactFactory(profile_name="Rosaria Bellomo")
    data = {"action": "block", "_selected_action": [contact.pk]}
    client.post(reverse("admin:whatsapp_contact_changelist"), data)
    entry = LogEntry.objects.get_for_object(contact).get()
    assert (entry.actor, entry.changes) == (staff, {"blocked": ["False", "True"]})
    html = client.get(reverse(LIST)).content.decode()
    assert "no → sì" in html
    assert "Bellomo" not in html


def test_what_the_channel_does_by_itself_is_not_logged() -> None:
    before = LogEntry.objects.count()
    contact = contacts.resolve(Sender(phone="+393401112233", name="Rosaria"))
    outbox.reply(contact, "Buongiorno")
    Channel.objects.create(phone_number_id="1").save()
    assert LogEntry.objects.count() == before


def test_nobody_changes_the_log_and_not_everybody_reads_it(client: Client, staff: User) -> None:
    assert client.get(reverse("admin:auditlog_logentry_add")).status_code == 403
    staff.user_permissions.clear()
    assert client.get(reverse(LIST)).status_code == 403
