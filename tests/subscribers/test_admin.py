"""The back office: numbers stay masked, ledgers stay as they are, what the staff write is checked."""

import html
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from subscribers import consent
from subscribers.models import ConsentEvent, Policy, ServiceText, Topic
from tests.factories.broadcasts import UserFactory
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db
SUBSCRIBERS = "/admin/subscribers/subscriber/"
REGISTER = "/admin/subscribers/consentevent/"


@pytest.fixture
def contact() -> Contact:
    contact = ContactFactory(phone="+393401112201", profile_name="Niccolò D'Urso")
    text = "Iscrizione on. Il mio numero è 340 1112201 oppure 3401112201"
    consent.subscribe(contact, message=InboundMessageFactory(contact=contact, text=text))
    return contact


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("amministratore"))
    return client


def page(client: Client, url: str) -> str:
    answer = client.get(url, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_numbers_are_masked_everywhere(staff: Client, contact: Contact) -> None:
    event = ConsentEvent.objects.get()
    subscriber = contact.subscriber
    for url in (SUBSCRIBERS, f"{SUBSCRIBERS}{subscriber.pk}/", REGISTER, f"{REGISTER}{event.pk}/"):
        html = page(staff, url)
        assert "3401112201" not in html
    assert "+39340****201" in page(staff, SUBSCRIBERS)


@pytest.mark.parametrize(
    ("search", "found"),
    [("Niccolò", True), ("340 111 2201", True), ("+393401112201", True), ("2201", False), ("Rossi", False)],
)
def test_people_are_found_by_name_or_whole_number(
    staff: Client, contact: Contact, search: str, found: bool
) -> None:
    answer = staff.post(SUBSCRIBERS, {"q": search}, follow=True)
    assert ("Niccolò" in answer.content.decode()) == (found or search == "Niccolò")
    assert len(answer.context["cl"].result_list) == int(found)


def test_the_ledgers_cannot_be_changed(staff: Client, contact: Contact) -> None:
    for url, thing in ((SUBSCRIBERS, contact.subscriber), (REGISTER, ConsentEvent.objects.get())):
        assert staff.post(f"{url}{thing.pk}/change/", {"state": "left"}).status_code == 403
        assert staff.post(f"{url}{thing.pk}/delete/", {"post": "yes"}).status_code == 403
    assert staff.get(f"{REGISTER}add/").status_code == 403
    assert consent.is_subscribed(contact)


@pytest.mark.parametrize("query", ["?since__gte=ieri", "?left_topics__topic__id__exact=x"])
def test_a_bad_filter_is_told_and_exports_nothing(staff: Client, contact: Contact, query: str) -> None:
    answer = staff.get(f"{SUBSCRIBERS}esporta/{query}")
    assert answer.status_code == 400
    assert "scegli lì i filtri" in answer.content.decode()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("query", "status"), [("?q=x", 400), ("?subject_id__exact=x", 400), ("?at__year=x", 400), ("?o=99", 200)]
)
def test_a_bad_address_of_the_register_is_refused(
    staff: Client, contact: Contact, query: str, status: int
) -> None:
    assert staff.get(REGISTER + query).status_code == status
    assert staff.post(REGISTER, {"q": "non-un-codice"}, follow=True).status_code == 200


def test_a_text_with_an_unknown_placeholder_is_refused(staff: Client) -> None:
    row = ServiceText.objects.get(slug="welcome")
    url = f"/admin/subscribers/servicetext/{row.pk}/change/"
    for text in ("Ciao {nome}", "Ciao {policy", "   ", "x" * 1025):
        html = staff.post(url, {"text": text}).content.decode()
        assert "errorlist" in html
    row.refresh_from_db()
    assert "{policy}" in row.text
    assert staff.post(url, {"text": "Benvenuto! {policy}"}).status_code == 302


def test_a_text_shows_how_it_will_be_read(staff: Client) -> None:
    row = ServiceText.objects.get(slug="topic-left")
    html = page(staff, f"/admin/subscribers/servicetext/{row.pk}/change/")
    assert "Per riprenderlo scrivi *Viabilità ON*" in html


def test_a_topics_words_are_lines(staff: Client) -> None:
    topic = Topic.objects.get(slug="eventi")
    url = f"/admin/subscribers/topic/{topic.pk}/change/"
    assert "eventi\nmanifestazioni" in page(staff, url)
    data = {
        "name": "Eventi",
        "slug": "eventi",
        "order": 5,
        "words": "Festa di San Vito\r\n\r\n festa di san vito \r\nCarnevale!",
    }
    assert staff.post(url, data).status_code == 302
    topic.refresh_from_db()
    assert topic.words == ["festa di san vito", "carnevale"]
    assert "almeno tre lettere" in staff.post(url, {**data, "words": "a"}).content.decode()


def publish(client: Client, policy: Policy) -> str:
    data = {"action": "publish", "_selected_action": policy.pk}
    return client.post("/admin/subscribers/policy/", data, follow=True).content.decode()


def test_a_policy_is_drafted_published_and_then_stays(staff: Client) -> None:
    assert "Il servizio" in page(staff, "/admin/subscribers/policy/add/")
    staff.post(
        "/admin/subscribers/policy/add/", {"version": 2, "title": "Informativa", "text": "Testo nuovo."}
    )
    policy = Policy.objects.get(version=2)
    assert "è in vigore" in publish(staff, policy)
    url = f"/admin/subscribers/policy/{policy.pk}/"
    assert staff.post(f"{url}change/", {"version": 2, "title": "Altro", "text": "Altro"}).status_code == 403
    assert "Testo nuovo." in page(staff, f"{url}change/")
    policy.refresh_from_db()
    assert (policy.title, policy.text) == ("Informativa", "Testo nuovo.")
    assert staff.post(f"{url}delete/", {"post": "yes"}).status_code == 403


def test_versions_come_into_force_in_their_order(staff: Client) -> None:
    Policy.objects.filter(version=1).update(version=7)
    late = Policy.objects.create(version=3, title="Informativa", text="Testo.")
    assert "versione successiva" in publish(staff, late)
    late.refresh_from_db()
    assert late.in_force_from is None


def test_a_new_version_can_ask_for_a_notice_to_all(client: Client) -> None:
    client.force_login(UserFactory(is_superuser=True))
    policy = Policy.objects.create(version=2, title="Informativa", text="Testo nuovo.", announce=True)
    told = publish(client, policy)
    assert "Gli iscritti vanno avvisati" in told
    link = re.search(r'href="(/admin/broadcasts/broadcast/add/[^"]+)"', told)
    assert link
    form = client.get(html.unescape(link[1])).content.decode()
    assert 'value="Nuova informativa di WhatsURP"' in form
    assert "/informativa/2/" in form
