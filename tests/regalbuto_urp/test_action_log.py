"""Who did what: in Italian, for those who may look, and never for what the channel does by itself."""

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from reports.models import Office
from subscribers import consent
from subscribers.models import ConsentEvent
from tests.factories.reports import ReportFactory
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp import contacts, outbox
from whatsapp.models import Channel, IdentityConflict
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


@pytest.mark.parametrize(
    "page", ["contact", "message", "subscriber", "consentevent", "identityconflict", "report"]
)
def test_who_opens_a_persons_page_is_written_down_without_their_name(client: Client, page: str) -> None:
    client.force_login(User.objects.create_superuser("lucia", first_name="Lucia", last_name="Bianchi"))
    contact = ContactFactory(profile_name="Rosaria Bellomo", phone="+393401112233")
    message = InboundMessageFactory(contact=contact, text="Iscrizione on")
    consent.subscribe(contact, message=message)
    conflict = IdentityConflict.objects.create(contact=contact, other=ContactFactory(), reason="prova")
    row, name = {
        "contact": (contact, contact.pk),
        "message": (message, message.pk),
        "subscriber": (contact.subscriber, contact.subscriber.pk),
        "consentevent": (ConsentEvent.objects.get(), ConsentEvent.objects.get().sequence),
        "identityconflict": (conflict, conflict.pk),
        "report": (report := ReportFactory(contact=contact), report.number),
    }[page]
    address = reverse(f"admin:{row._meta.app_label}_{page}_change", args=[row.pk])
    assert client.get(address).status_code == 200
    entry = LogEntry.objects.get(action=LogEntry.Action.ACCESS)
    assert (entry.actor.get_full_name(), entry.object_repr, entry.changes) == (
        "Lucia Bianchi",
        str(name),
        None,
    )
    html = client.get(reverse(LIST)).content.decode()
    for personal in ("Bellomo", "3401112233"):
        assert personal not in html
    assert "aperto</span>" in html


def test_lists_and_pages_refused_are_no_openings(client: Client, staff: User) -> None:
    contact = ContactFactory()
    client.get(reverse("admin:whatsapp_contact_changelist"))
    staff.user_permissions.clear()
    assert client.get(reverse("admin:whatsapp_contact_change", args=[contact.pk])).status_code == 403
    assert not LogEntry.objects.filter(action=LogEntry.Action.ACCESS).exists()


def test_the_auditors_read_the_log_and_not_even_the_administrator_changes_it(client: Client) -> None:
    entry = LogEntry.objects.log_create(ContactFactory(), force_log=True, action=LogEntry.Action.ACCESS)
    auditor = User.objects.create_user("revisore", is_staff=True)
    auditor.groups.add(Group.objects.get(name="Revisori"))
    for user in (auditor, User.objects.create_superuser("capo")):
        client.force_login(user)
        assert client.get(reverse(LIST)).status_code == 200
        change, delete = (
            reverse(f"admin:auditlog_logentry_{do}", args=[entry.pk]) for do in ("change", "delete")
        )
        assert client.post(change, {"object_repr": "altro"}).status_code == 403
        assert client.post(delete, {"post": "yes"}).status_code == 403
        client.post(
            reverse(LIST), {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
        )
    assert LogEntry.objects.filter(pk=entry.pk).exists()
