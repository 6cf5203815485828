"""The buttons of a notice's page, through HTTP."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from broadcasts import pausing, schedule, sending, tasks
from broadcasts.models import Broadcast
from broadcasts.types import State
from tests.factories.broadcasts import UserFactory
from whatsapp.models import Contact, Message, Template
from whatsapp.types import State as MessageState

pytestmark = pytest.mark.django_db
Page = Callable[[Broadcast, str], str]


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def digest_of(office: Client, address: str) -> str:
    found = re.search(r'name="digest" value="(\w+)"', text_of(office.get(address)))
    assert found
    return found[1]


def state_of(notice: Broadcast) -> str:
    return Broadcast.objects.get(pk=notice.pk).state


def test_the_click_can_be_undone(office: Client, notice: Broadcast, staff: Any, page_of: Page) -> None:
    digest = digest_of(office, page_of(notice, "invia"))
    html = text_of(office.post(page_of(notice, "invia"), {"digest": digest}, follow=True))
    assert "Parte tra" in html
    assert "Annulla l&#x27;invio" in html or "Annulla l'invio" in html
    assert '<noscript><meta http-equiv="refresh"' in html
    found = office.get(page_of(notice, "andamento")).json()
    assert (found["state"], found["running"]) == ("holding", True)
    assert 25 <= found["left"] <= 30
    first = text_of(office.post(page_of(notice, "annulla"), follow=True))
    assert "di nuovo «bozza»" in first
    assert 'name="title"' in first  # the form again
    assert "già stato annullato" in text_of(office.post(page_of(notice, "annulla"), follow=True))
    assert (state_of(notice), Message.objects.count()) == (State.DRAFT, 0)


def test_a_held_notice_is_neither_changed_nor_deleted(
    office: Client, notice: Broadcast, staff: Any, page_of: Page
) -> None:
    sending.hold(notice, staff)
    answer = office.post(page_of(notice, "change"), {"title": "Di nascosto"}, follow=True)
    assert "non sono state salvate" in text_of(answer)
    assert office.post(page_of(notice, "delete"), {"post": "yes"}).status_code == 403
    assert Broadcast.objects.get().title == notice.title
    assert office.get(f"/avvisi/{notice.pk}/").status_code == 404


def test_it_is_scheduled_and_called_back(
    office: Client, notice: Broadcast, staff: Any, page_of: Page
) -> None:
    digest = digest_of(office, page_of(notice, "invia"))
    day = timezone.localdate() + timedelta(days=2)
    typed = {"digest": digest, "day": day.isoformat(), "clock": "08:00"}
    html = text_of(office.post(page_of(notice, "programma"), typed, follow=True))
    assert "Annulla la programmazione" in html
    assert "alle 08:00" in html
    planned = Broadcast.objects.get()
    assert planned.state == State.SCHEDULED
    assert planned.leaves_at
    assert timezone.localtime(planned.leaves_at).strftime("%Y-%m-%d %H:%M") == f"{day} 08:00"
    assert "parte " in text_of(office.get("/admin/broadcasts/broadcast/"))
    second = text_of(office.post(page_of(notice, "programma"), typed, follow=True))
    assert "L&#x27;avviso è programmato" in second
    assert "di nuovo «bozza»" in text_of(office.post(page_of(notice, "annulla"), follow=True))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"day": "2001-01-01", "clock": "08:00"}, "già passato"),
        ({"day": "9999-12-31", "clock": "23:59"}, "data"),
        ({"day": "domani", "clock": "08:00"}, "errorlist"),
        ({"day": "", "clock": ""}, "errorlist"),
        ({"day": "2030-02-30", "clock": "25:00"}, "errorlist"),
        ({}, "errorlist"),
    ],
)
def test_a_time_that_cannot_be_comes_back_with_the_reason(
    office: Client, notice: Broadcast, page_of: Page, typed: dict[str, str], said: str
) -> None:
    html = text_of(office.post(page_of(notice, "programma"), {"digest": "x", **typed}))
    assert said in html
    assert (f'value="{typed["day"]}"' in html) if typed.get("day") else True
    assert state_of(notice) == State.DRAFT


def test_scheduling_what_one_has_not_seen_is_refused(
    office: Client, notice: Broadcast, page_of: Page
) -> None:
    day = (timezone.localdate() + timedelta(days=2)).isoformat()
    typed = {"day": day, "clock": "08:00", "digest": "x"}
    assert "è stato modificato" in text_of(office.post(page_of(notice, "programma"), typed, follow=True))
    assert state_of(notice) == State.DRAFT


def test_why_it_did_not_leave_stands_on_the_draft(
    office: Client, notice: Broadcast, staff: Any, page_of: Page
) -> None:
    sending.hold(notice, staff)
    Template.objects.update(status=Template.Status.PAUSED)
    Broadcast.objects.update(leaves_at=timezone.now())
    tasks.sweep()
    assert "L&#x27;avviso non è partito." in text_of(office.get(page_of(notice, "change")))


def test_pause_and_resume_once_each(office: Client, notice: Broadcast, staff: Any, page_of: Page) -> None:
    sending.send(notice, staff)
    assert "Metti in pausa" in text_of(office.get(page_of(notice, "change")))
    html = text_of(office.post(page_of(notice, "pausa"), follow=True))
    assert "Riprendi l'invio" in html
    assert "per decisione di" in html
    assert "già in pausa" in text_of(office.post(page_of(notice, "pausa"), follow=True))
    assert "riprende da dove era" in text_of(office.post(page_of(notice, "riprendi"), follow=True))
    assert "già ripreso" in text_of(office.post(page_of(notice, "riprendi"), follow=True))
    assert state_of(notice) == State.SENDING


def test_a_pause_by_itself_says_why(office: Client, notice: Broadcast, staff: Any, page_of: Page) -> None:
    pausing.pause(sending.send(notice, staff), None, "Troppi messaggi non riusciti: 20 su 20.")
    html = text_of(office.get(page_of(notice, "change")))
    assert "Troppi messaggi non riusciti: 20 su 20." in html
    assert "per decisione" not in html


def test_again_to_those_it_missed_only(
    office: Client, notice: Broadcast, staff: Any, page_of: Page, people: list[Contact]
) -> None:
    sending.send(notice, staff)
    for person, state in zip(people, ["failed", "uncertain", "read"], strict=True):
        Message.objects.filter(contact=person).update(state=state, reason="Numero spento.")
    tasks.sweep()
    html = text_of(office.get(page_of(notice, "change")))
    assert "Rimanda ai non riusciti (<span>1</span>)" in html
    assert "Rimanda agli incerti (<span>1</span>)" in html
    asked = text_of(office.get(page_of(notice, "rimanda/non-riusciti")))
    assert "a 1 persona?" in asked
    assert "Numero spento." in asked
    assert "una seconda volta" in text_of(office.get(page_of(notice, "rimanda/incerti")))
    assert Message.objects.filter(state="failed").exists()  # asking does nothing
    done = text_of(office.post(page_of(notice, "rimanda/non-riusciti"), follow=True))
    assert "parte di nuovo" in done
    assert "in invio" in done
    twice = text_of(office.post(page_of(notice, "rimanda/non-riusciti"), follow=True))
    assert "più nessuno" in twice
    assert sorted(Message.objects.values_list("state", flat=True)) == ["queued", "read", "uncertain"]
    assert office.get(page_of(notice, "rimanda/tutti")).status_code == 404


def test_after_expiry_there_is_no_again_but_the_late_are_named(
    office: Client, notice: Broadcast, staff: Any, page_of: Page, people: list[Contact]
) -> None:
    sending.send(notice, staff)
    for person, state in zip(people, ["failed", "sent", "read"], strict=True):
        Message.objects.filter(contact=person).update(state=state)
    tasks.sweep()
    Broadcast.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    html = text_of(office.get(page_of(notice, "change")))
    assert "Rimanda" not in html
    assert 'data-count="late">1<' in html
    assert 'data-count="sent">0<' in html
    assert office.get(page_of(notice, "rimanda/non-riusciti")).status_code == 302
    assert "è scaduto" in text_of(office.post(page_of(notice, "rimanda/non-riusciti"), follow=True))
    for page in ("destinatari", "problemi"):
        assert "non consegnato entro la scadenza" in text_of(office.get(page_of(notice, page)))
    found = office.get(page_of(notice, "andamento")).json()
    assert sum(row["count"] for row in found["rows"]) == 3


@pytest.mark.parametrize("page", ["annulla", "pausa", "riprendi"])
def test_a_link_does_nothing(office: Client, notice: Broadcast, staff: Any, page_of: Page, page: str) -> None:
    sending.hold(notice, staff)
    assert office.get(page_of(notice, page)).status_code == 405
    assert state_of(notice) == State.HOLDING


@pytest.mark.parametrize(
    ("can", "pages"),
    [
        (
            "view_broadcast",
            ["invia", "programma", "annulla", "pausa", "riprendi", "ferma", "rimanda/incerti"],
        ),
        ("stop_broadcast", ["invia", "programma", "annulla", "riprendi", "rimanda/incerti"]),
        ("send_broadcast", ["pausa", "ferma"]),
    ],
)
def test_each_step_wants_its_permission(
    client: Client, notice: Broadcast, staff: Any, page_of: Page, can: str, pages: list[str]
) -> None:
    sending.send(notice, staff)
    client.force_login(UserFactory(can=["view_broadcast", can]))
    for page in pages:
        assert client.post(page_of(notice, page)).status_code == 403
    html = text_of(client.get(page_of(notice, "change")))
    assert ("Metti in pausa" in html) == (can == "stop_broadcast")
    assert state_of(notice) == State.SENDING


def test_the_check_page_says_how_long_one_may_undo(office: Client, notice: Broadcast, page_of: Page) -> None:
    html = text_of(office.get(page_of(notice, "invia")))
    assert f"{int(schedule.HOLD.total_seconds())} secondi dopo il clic" in html
    assert 'type="date"' in html
    assert MessageState.QUEUED not in Message.objects.values_list("state", flat=True)
