"""Searching lists: words and numbers stay out of addresses, and whole numbers are counted and logged."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from subscribers import consent
from tests.conftest import Visit
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from tests.regalbuto_urp.walk import member
from whatsapp import searches
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db
CONTACTS = "/admin/whatsapp/contact/"
LISTS = (CONTACTS, "/admin/whatsapp/message/", "/admin/subscribers/subscriber/")
NUMBER = "340 111 2201"


@pytest.fixture
def contact() -> Contact:
    contact = ContactFactory(phone="+393401112201", profile_name="Niccolò D'Urso")
    ContactFactory(phone="+393401112202", profile_name="Anna Verdi")
    consent.subscribe(contact, message=InboundMessageFactory(contact=contact, text="ISCRIZIONE ON"))
    return contact


@pytest.fixture
def staff(enter: Callable[..., Client]) -> Client:
    return enter(member("Segnalazioni"))


def search(client: Client, path: str, words: str) -> Any:
    """The list after the search form was sent."""
    answer = client.post(path, {"q": words})
    assert answer.status_code == 302
    assert not any(word in answer.headers["Location"] for word in ("340", "2201", "Niccol"))
    return client.get(answer.headers["Location"])


def found(answer: HttpResponse) -> int:
    return len(answer.context["cl"].result_list)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", LISTS)
def test_a_number_is_found_without_standing_in_the_address(
    staff: Client, contact: Contact, path: str
) -> None:
    assert found(search(staff, path, NUMBER)) == 1
    assert found(search(staff, path, "+39 340-1112201")) == 1
    assert found(search(staff, path, "Niccolò")) == 1
    assert found(search(staff, path, "1112201")) == 0


def test_an_address_with_words_is_refused(staff: Client, contact: Contact) -> None:
    for path in LISTS:
        assert staff.get(path, {"q": "+393401112201"}).status_code == 400
        assert staff.get(path, {"q": ""}).status_code == 400


def test_pages_and_filters_keep_the_search(staff: Client, contact: Contact) -> None:
    answer = staff.post(f"{CONTACTS}?blocked__exact=0&p=3", {"q": "Niccolò"})
    page = staff.get(answer.headers["Location"])
    assert found(page) == 1
    key = answer.headers["Location"].split("cerca=")[1]
    html = page.content.decode()
    assert f"?blocked__exact=1&amp;cerca={key}" in html
    assert 'value="Niccolò"' in html
    assert 'action="?blocked__exact=0"' in html
    assert (
        staff.post(f"{CONTACTS}?blocked__exact=0&cerca={key}", {"q": " "}).headers["Location"].endswith("=0")
    )


def test_a_key_is_of_one_session_and_of_one_list(
    staff: Client, enter: Callable[..., Client], contact: Contact
) -> None:
    location = staff.post(CONTACTS, {"q": NUMBER}).headers["Location"]
    query = location.split("?")[1]
    for client, path in ((staff, LISTS[1]), (enter(member("Approvazione")), CONTACTS)):
        answer = client.get(f"{path}?{query}", follow=True)
        assert answer.request["QUERY_STRING"] == ""
        assert "La ricerca non è più in memoria" in answer.content.decode()


def test_a_lost_search_is_no_export_of_everything(enter: Callable[..., Client], contact: Contact) -> None:
    auditor = enter(member("Revisori"))
    path = "/admin/subscribers/subscriber/esporta/"
    assert auditor.get(f"{path}?cerca=perduta").status_code == 400
    assert auditor.post(f"{path}?cerca=perduta", {"reason": "verifica annuale"}).status_code == 400


@pytest.mark.parametrize("path", LISTS)
def test_a_search_by_number_is_in_the_log_of_actions(
    staff: Client, enter: Callable[..., Client], contact: Contact, path: str
) -> None:
    search(staff, path, NUMBER)
    search(staff, path, "340 999 8877")
    search(staff, path, "Niccolò")
    entries = LogEntry.objects.filter(additional_data__done=searches.DONE).order_by("pk")
    told = [(entry.object_repr, entry.additional_data["successful"]) for entry in entries]
    assert told == [("+39340****201", True), ("+39340****877", False)]
    assert {entry.actor.username for entry in entries} == {"segnalazioni"}
    html = enter(member("Revisori")).get("/admin/auditlog/logentry/").content.decode()
    for expected in ("cercato per numero", "+39340****201", "<strong>trovato</strong>: no"):
        assert expected in html
    assert "1112201" not in html


def test_the_search_for_a_dossier_is_counted_too(enter: Callable[..., Client], contact: Contact) -> None:
    manager = enter(member("Approvazione"))
    path = "/admin/subscribers/subscriber/fascicolo/"
    manager.post(path, {"number": NUMBER})
    entry = LogEntry.objects.get(additional_data__done=searches.DONE)
    assert (entry.object_repr, entry.actor.username) == ("+39340****201", "approvazione")
    _searched_before(entry.actor, searches.LIMIT)
    answer = manager.post(path, {"number": NUMBER}, follow=True)
    assert "è il massimo" in answer.content.decode()
    assert "non si conserva nulla" not in answer.content.decode()


def test_who_tries_many_numbers_raises_an_alarm_and_is_stopped(
    staff: Client, contact: Contact, caplog: pytest.LogCaptureFixture
) -> None:
    user = User.objects.get(username="segnalazioni")
    _searched_before(user, searches.ALARM)
    search(staff, CONTACTS, NUMBER)
    search(staff, CONTACTS, NUMBER)
    assert LogEntry.objects.filter(additional_data__done=searches.MANY).count() == 1
    assert f"User {user.pk} has searched more than" in caplog.text
    assert "1112201" not in caplog.text
    _searched_before(user, searches.LIMIT)
    answer = search(staff, CONTACTS, NUMBER)
    assert "è il massimo" in answer.content.decode()
    assert found(answer) == 2, "the list as it is"
    assert found(search(staff, CONTACTS, "Niccolò")) == 1
    LogEntry.objects.update(timestamp=timezone.now() - timedelta(hours=1, seconds=1))
    assert found(search(staff, CONTACTS, NUMBER)) == 1


def _searched_before(user: User, times: int) -> None:
    for _ in range(times):
        searches.note(user, Contact, "+393400000000", successful=False)
    LogEntry.objects.filter(additional_data__done=searches.MANY).delete()


def test_a_session_remembers_the_last_searches_only(staff: Client, contact: Contact) -> None:
    for number in range(searches.KEPT + 5):
        staff.post(CONTACTS, {"q": f"parola {number}"})
    assert len(staff.session["searches"]) == searches.KEPT


def test_masked_numbers_are_in_no_order(staff: Client, contact: Contact) -> None:
    for path in LISTS:
        columns = staff.get(path).context["cl"]
        fields = [columns.get_ordering_field(name) for name in columns.list_display]
        assert not any("phone" in str(field) or "bsuid" in str(field) for field in fields)


def test_a_long_search_is_cut(staff: Client, contact: Contact) -> None:
    assert len(search(staff, CONTACTS, "Anna " * 1000).context["cl"].query) <= searches.LONGEST


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_list_is_searched_by_keyboard_and_without_scripts(visit: Visit, size: tuple[int, int]) -> None:
    ContactFactory(phone="+393401112201", profile_name="Niccolò D'Urso")
    ContactFactory(phone="+393401112202", profile_name="Anna Verdi")
    page = visit(member("Segnalazioni"), size, java_script_enabled=False)
    page.goto(CONTACTS)
    box = page.get_by_label("Cerca", exact=True)
    box.focus()
    box.press_sequentially(NUMBER)
    box.press("Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    expect(page.get_by_text("Niccolò D'Urso").first).to_be_visible()
    assert re.fullmatch(r"cerca=[\w-]{8}", urlsplit(page.url).query)
    expect(box).to_have_value(NUMBER)
    page.get_by_label("Cerca", exact=True).fill("")
    page.get_by_role("button", name="Cerca").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
