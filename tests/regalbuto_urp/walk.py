"""Every address of the site, as the resolver knows them, each with an object it can be asked for."""

from collections.abc import Iterator
from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from broadcasts.models import Broadcast, Budget
from regalbuto_urp.models import ChangeRequest
from reports.models import Report
from subscribers import consent
from subscribers.models import RetentionRule, RetentionRun, SubscriberImport
from tests.factories.broadcasts import BroadcastFactory
from tests.factories.reports import report_of
from tests.factories.whatsapp import ContactFactory, ContentFactory, OutboundMessageFactory, StaffPhoneFactory
from whatsapp import audit, channels
from whatsapp.models import AccountEvent, Attempt, Call, Contact, IdentityConflict, Media, WebhookEvent
from whatsapp.types import Kind, State


def world() -> None:
    """One row at least of everything the back office shows."""
    someone = User.objects.create_user("qualcuno", is_staff=True)
    ChangeRequest.objects.create(kind="open_service", target="1", summary="Prova", proposed_by=someone)
    contact = ContactFactory(reachable=True)
    consent.subscribe(contact)
    StaffPhoneFactory(user=someone)
    report_of("Buca in via Roma")
    BroadcastFactory(author=someone)
    now = timezone.now()
    sent = ContentFactory(text="Avviso")
    times = {"started_at": now, "finished_at": now, "expires_at": now}
    BroadcastFactory(author=someone, state="completed", content=sent, **times)
    message = OutboundMessageFactory(contact=contact, state=State.DELIVERED)
    Attempt.objects.create(message=message, channel=channels.current())
    media = Media.objects.create(kind=Kind.IMAGE, status=Media.Status.FETCHED, inbound=True)
    media.file.save("foto.jpg", ContentFile(b"x"))
    media.thumbnail.save("foto.jpg", ContentFile(b"x"))
    AccountEvent.objects.create(key="1", event="prova", text="Prova")
    Call.objects.create(reason="Prova")
    IdentityConflict.objects.create(contact=contact, other=ContactFactory(), reason="prova")
    WebhookEvent.objects.create(provider="cloud_api", inbox="messages", body=b"{}")
    SubscriberImport.objects.create(filename="elenco.csv", reference="prova", created_by=someone)
    RetentionRule.objects.get_or_create(slug="calls", defaults={"days": 30})
    RetentionRun.objects.create(slug="calls", before=timezone.now(), removed=0)
    AccessAttempt.objects.create(username="qualcuno", ip_address="127.0.0.1", failures_since_start=5)
    Budget.objects.create(month=now.date().replace(day=1), euro=80)
    audit.note_opening(contact)


def patterns(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every address as it is written in the code, with its name."""
    for one in (resolver or get_resolver()).url_patterns:
        written = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from patterns(one, written)
        elif isinstance(one, URLPattern):
            yield written, one.name or ""


def address(written: str, name: str) -> str:
    """An address one can ask for: the object it is about is the first of its model."""
    told = {
        "<slug:provider>": "cloud_api",
        "<int:version>": "1",
        "<slug:token>": Report.objects.values_list("token", flat=True)[0],
        "<slug:name>": "note",
        "<str:to>": "failed",
        "<str:act>": "cancella",
        "<path:content_type_id>": str(ContentType.objects.get_for_model(Broadcast).pk),
        "^(?P<app_label>auditlog|": "",
    }
    if written.endswith("(?P<url>.*)$"):
        return "/admin/non-esiste/"
    if "(?P<app_label>" in written:
        return "/admin/whatsapp/"
    for part, value in told.items():
        written = written.replace(part, value)
    for part in ("<int:pk>", "<path:object_id>", "<id>"):
        if part in written:
            written = written.replace(part, str(_key(written, name)))
    return f"/{written}"


def _key(written: str, name: str) -> Any:
    if "file/" in written and "whatsapp" in written:
        return Media.objects.values_list("pk", flat=True)[0]
    if "fascicolo/" in written:
        return Contact.objects.filter(subscriber__isnull=False).values_list("pk", flat=True)[0]
    if written.startswith("avvisi/"):
        return Broadcast.objects.filter(state="completed").values_list("pk", flat=True)[0]
    if "/r/" in written:
        return Broadcast.objects.values_list("pk", flat=True)[0]
    parts = written.split("/")
    models = {(m._meta.app_label, m._meta.model_name): m for m in admin.site._registry}
    model = models[parts[1], parts[2]]
    row = model._default_manager.order_by("pk").first()
    assert row is not None, f"walk.world() makes no {model.__name__}: add one"
    return row.pk


def member(*roles: str) -> User:
    user = User.objects.create_user("".join(roles).lower(), is_staff=True)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def ask(client: Client, method: str, path: str) -> HttpResponseBase:
    """Ask, without staying logged out by what was asked."""
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    response: HttpResponseBase = getattr(client, method)(path)
    client.cookies.load(cookies)
    return response
