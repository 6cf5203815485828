"""Practice data: whole, repeatable, and never among real people."""

from datetime import timedelta
from io import BytesIO, StringIO
from random import Random
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from broadcasts.models import Broadcast
from broadcasts.types import State as NoticeState
from regalbuto_urp.demo import clock, people, pictures
from reports import places
from reports.models import Report
from subscribers import consent, verifying
from subscribers.models import ConsentEvent, Subscriber
from tests.factories.whatsapp import ContactFactory
from tests.regalbuto_urp.test_error_pages import INLINE
from whatsapp import channels
from whatsapp.models import Contact, Media, Message, StaffPhone
from whatsapp.types import Kind, State


@pytest.fixture(autouse=True)
def simulator(settings: Any) -> None:
    settings.WHATSAPP_API_URL = "http://127.0.0.1:1/v25.0"


def fill() -> str:
    out = StringIO()
    call_command("demo_data", stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_practice_data_is_a_town_that_has_used_the_service(client: Client) -> None:
    told = fill()
    assert "regalbuto" in told
    assert all(name in told for name in ("segreteria", "responsabile", "revisore", "amministratore"))
    check_people()
    check_register()
    check_notices()
    check_reports()
    check_users()
    check_pages(client)
    before = counts()
    assert "non è cambiato nulla" in fill()
    assert counts() == before


def counts() -> list[int]:
    return [
        m.objects.count()
        for m in (Contact, Message, Subscriber, ConsentEvent, Broadcast, Report, Media, User)
    ]


def check_people() -> None:
    assert Subscriber.objects.count() >= people.COUNT
    assert Contact.objects.filter(phone__isnull=True).exists()
    assert not Contact.objects.filter(phone="+393401112201").exists()
    for known in (people.GIUSEPPE, people.CONCETTA):
        contact = Contact.objects.get(phone=known.phone)
        assert consent.is_subscribed(contact)
        assert not contact.window_open
    assert StaffPhone.objects.get(user__username="segreteria").contact.phone == people.GIUSEPPE.phone


def check_register() -> None:
    rows, problem = verifying.verify()
    assert (rows, problem) == (ConsentEvent.objects.count(), "")
    times = list(ConsentEvent.objects.order_by("sequence").values_list("at", flat=True))
    assert times == sorted(times)
    assert timezone.now() - times[0] > timedelta(days=200)
    assert times[-1] <= timezone.now()
    assert ConsentEvent.objects.filter(kind=ConsentEvent.Kind.LEFT).exists()


def check_notices() -> None:
    # One of today's waits for the receipt of a person whose outcome is uncertain.
    sent = Broadcast.objects.filter(state__in=[NoticeState.COMPLETED, NoticeState.SENDING])
    assert sent.count() >= 12
    assert Broadcast.objects.filter(state=NoticeState.DRAFT).count() == 2
    assert Broadcast.objects.filter(state=NoticeState.SUBMITTED).count() == 1
    assert Broadcast.objects.exclude(return_reason="").count() == 1
    assert not sent.filter(approved_by=None).exclude(category__approval=False).exists()
    # Nothing is left for a worker to send.
    outbound = Message.objects.filter(inbound=False)
    assert set(outbound.values_list("state", flat=True)) >= {State.READ, State.DELIVERED, State.FAILED}
    assert not outbound.filter(state__in=[State.QUEUED, State.IN_FLIGHT]).exists()
    assert not outbound.filter(state=State.FAILED, reason="").exists()


def check_reports() -> None:
    assert Report.objects.count() >= 35
    assert Report.objects.values("state").distinct().count() >= 4
    placed = Report.objects.filter(latitude__isnull=False)
    assert placed.count() > 20
    assert all(places.inside_town(r.latitude, r.longitude) for r in placed if r.latitude and r.longitude)
    pictures_sent = Media.objects.filter(inbound=True, kind=Kind.IMAGE, status=Media.Status.FETCHED)
    assert pictures_sent.exclude(thumbnail="").count() > 20
    assert not Message.objects.filter(inbound=True, handled_at__isnull=True).exists()


def check_users() -> None:
    assert not User.objects.filter(is_superuser=True).exists()
    assert not channels.on_trial()
    assert all(user.check_password("regalbuto") for user in User.objects.all())


def check_pages(client: Client) -> None:
    """Every page of the back office opens, and holds nothing that the strict policy would leave dead."""
    request = RequestFactory().get("/admin/")
    request.user = User.objects.create_superuser("capo")
    client.force_login(request.user)
    for path in ["/admin/", "/admin/adesso/", "/admin/password_change/", "/", "/avvisi/", "/informativa/"]:
        check_page(client, path)
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        check_page(client, reverse(f"{name}_changelist"))
        if model_admin.has_add_permission(request):
            check_page(client, reverse(f"{name}_add"))
        if thing := model._default_manager.first():
            for page in ("change", "history"):
                check_page(client, reverse(f"{name}_{page}", args=[thing.pk]))


def check_page(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200, path
    found = INLINE.search(response.content.decode())
    assert found is None, f"{path}: {found}"


@pytest.mark.django_db
def test_refused_among_real_subscribers() -> None:
    consent.subscribe(ContactFactory())
    with pytest.raises(CommandError, match="iscritti veri"):
        fill()
    assert not User.objects.filter(username="amministratore").exists()


@pytest.mark.django_db
def test_refused_where_whatsapp_is_the_real_one(settings: Any) -> None:
    settings.WHATSAPP_API_URL = "https://graph.facebook.com/v25.0"
    with pytest.raises(CommandError, match="WhatsApp vero"):
        fill()
    assert not User.objects.exists()


@pytest.mark.parametrize("subject", pictures.SUBJECTS)
def test_pictures_are_drawn_alike_from_the_same_seed(subject: str) -> None:
    drawn = pictures.draw(subject, Random(7))
    assert drawn == pictures.draw(subject, Random(7))
    assert drawn != pictures.draw(subject, Random(8))
    with Image.open(BytesIO(drawn)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (pictures.WIDTH, pictures.HEIGHT)


def test_people_are_all_different() -> None:
    invented = people.invent(Random(1))
    identities = {person.phone or person.bsuid for person in invented}
    assert len(identities) == len(invented) == people.COUNT
    assert not identities & {"+393401112201", people.GIUSEPPE.phone, people.CONCETTA.phone}


def test_clock_comes_back() -> None:
    moment = timezone.now() - timedelta(days=100)
    with clock.at(moment):
        assert timezone.now() == moment
    assert timezone.now() - moment > timedelta(days=99)
