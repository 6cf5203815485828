"""Asking for approval and answering, through HTTP: what each person sees and may do."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from broadcasts import approval, sending
from broadcasts.approval import Emergency
from broadcasts.models import Broadcast, Category
from broadcasts.types import AlertLevel, State
from tests.factories.broadcasts import BroadcastFactory, SubscribedContactFactory, UserFactory
from whatsapp.models import Contact, Message

pytestmark = pytest.mark.django_db
Page = Callable[[Broadcast, str], str]
WRITES = ["view_broadcast", "add_broadcast", "change_broadcast", "send_broadcast"]


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def hidden(html: str) -> dict[str, str]:
    """The hidden fields of the page's forms, but the token."""
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))
    found.pop("csrfmiddlewaretoken", None)
    return found


def state_of(notice: Broadcast) -> str:
    return Broadcast.objects.get(pk=notice.pk).state


@pytest.fixture
def serena(db: None) -> User:
    return UserFactory(can=WRITES, first_name="Serena", last_name="Vitale")


@pytest.fixture
def author(serena: User) -> Client:
    return enter(serena)


@pytest.fixture
def approver(db: None) -> Client:
    return enter(UserFactory(can=[*WRITES, "approve_broadcast", "emergency_broadcast"], first_name="Rosario"))


@pytest.fixture
def draft(approved: None, people: list[Contact], serena: User) -> Broadcast:
    return BroadcastFactory(author=serena, approval=True, title="Via Roma chiusa")


@pytest.fixture
def alert(approved: None, people: list[Contact], serena: User) -> Broadcast:
    return BroadcastFactory(slug="allerta-meteo", author=serena, approval=True, title="Piena del Salso")


def submit(author: Client, notice: Broadcast, page_of: Page, **more: str) -> str:
    typed = hidden(text_of(author.get(page_of(notice, "invia"))))
    return text_of(author.post(page_of(notice, "chiedi"), {**typed, **more}, follow=True))


def approve(approver: Client, notice: Broadcast, page_of: Page, typed: str = "3", to: str = "invia") -> str:
    found = hidden(text_of(approver.get(page_of(notice, "invia"))))
    day = (timezone.localdate() + timedelta(days=2)).isoformat()
    asked = {**found, "typed": typed, "day": day, "clock": "08:00"}
    return text_of(approver.post(page_of(notice, to), asked, follow=True))


def test_the_author_asks_and_the_second_person_sends(
    author: Client, approver: Client, draft: Broadcast, page_of: Page
) -> None:
    page = text_of(author.get(page_of(draft, "invia")))
    assert "Chiedi l'approvazione" in page
    assert "Invia a" not in page
    assert "Hai chiesto l&#x27;approvazione" in submit(author, draft, page_of)
    assert "Da approvare" not in text_of(author.get("/admin/"))
    assert "Aspettano l'approvazione di un collega" in text_of(author.get("/admin/"))
    home = text_of(approver.get("/admin/"))
    assert f'href="{page_of(draft, "invia")}">Via Roma chiusa</a>' in home
    page = text_of(approver.get(page_of(draft, "invia")))
    assert "Percorso alternativo: via Garibaldi." in page
    assert "Approva e invia" in page
    page = approve(approver, draft, page_of)
    assert "Parte tra" in page
    assert "in attesa di approvazione" in page  # where «Annulla» leads
    notice = Broadcast.objects.get()
    assert (notice.state, notice.approved_by == notice.author) == (State.HOLDING, False)
    assert "di nuovo «da approvare»" in text_of(approver.post(page_of(draft, "annulla"), follow=True))
    assert state_of(draft) == State.SUBMITTED


@pytest.mark.parametrize("typed", ["", "2", "tre", "33", "3.0", "9" * 30])
def test_the_number_of_people_is_typed(
    author: Client, approver: Client, draft: Broadcast, page_of: Page, typed: str
) -> None:
    submit(author, draft, page_of)
    page = approve(approver, draft, page_of, typed)
    assert 'class="errorlist' in page
    assert state_of(draft) == State.SUBMITTED


def test_a_thousand_may_be_typed_as_it_is_read(
    author: Client, approver: Client, draft: Broadcast, page_of: Page
) -> None:
    submit(author, draft, page_of)
    SubscribedContactFactory.create_batch(1_000 - 3)
    approve(approver, draft, page_of, "1.000")
    assert state_of(draft) == State.HOLDING


def test_the_number_is_that_of_now_whatever_the_form_says(
    author: Client, approver: Client, draft: Broadcast, page_of: Page
) -> None:
    submit(author, draft, page_of)
    seen = hidden(text_of(approver.get(page_of(draft, "invia"))))
    SubscribedContactFactory()
    for typed in ("1", "3"):
        page = text_of(approver.post(page_of(draft, "invia"), {**seen, "people": typed, "typed": typed}))
        assert "Non è il numero di persone" in page
        assert state_of(draft) == State.SUBMITTED
    approve(approver, draft, page_of, "4")
    assert state_of(draft) == State.HOLDING


def test_it_comes_back_with_a_reason_on_the_draft_and_on_the_home_page(
    author: Client, approver: Client, draft: Broadcast, page_of: Page
) -> None:
    submit(author, draft, page_of)
    assert "Scrivi che cosa va corretto" in text_of(
        approver.post(page_of(draft, "restituisci"), {"reason": ""})
    )
    approver.post(page_of(draft, "restituisci"), {"reason": "Manca <b>il giorno</b>."})
    assert state_of(draft) == State.RETURNED
    for address in ("/admin/", page_of(draft, "change")):
        assert "Manca &lt;b&gt;il giorno&lt;/b&gt;." in text_of(author.get(address))
    typed = {
        "category": draft.category_id,
        "title": draft.title,
        "text": "Mercoledì 3.",
        "attachment": "none",
    }
    author.post(page_of(draft, "change"), {**typed, "_review": ""})
    submit(author, draft, page_of)
    page = text_of(approver.get(page_of(draft, "invia")))
    assert "Che cosa è cambiato dalla volta precedente" in page
    assert "<ins>3.</ins>" in page
    assert "Restituito" in page  # in the history
    assert "Manca &lt;b&gt;" in page


def test_a_time_is_asked_for_and_approved(
    author: Client, approver: Client, draft: Broadcast, page_of: Page
) -> None:
    day = (timezone.localdate() + timedelta(days=2)).isoformat()
    assert "errorlist" in submit(author, draft, page_of, later="", day="2001-01-01", clock="08:00")
    submit(author, draft, page_of, later="", day=day, clock="07:30")
    page = text_of(approver.get(page_of(draft, "invia")))
    assert "alle 07:30" in page
    assert f'value="{day}"' in page
    approve(approver, draft, page_of, to="programma")
    planned = Broadcast.objects.get()
    assert (planned.state, planned.approved_by is None) == (State.SCHEDULED, False)
    assert "di nuovo «bozza»" in text_of(approver.post(page_of(draft, "annulla"), follow=True))


def test_a_stale_tab_a_second_click_and_a_second_approver_are_told(
    author: Client, approver: Client, draft: Broadcast, page_of: Page
) -> None:
    stale = hidden(text_of(author.get(page_of(draft, "invia"))))
    submit(author, draft, page_of)
    again = text_of(author.post(page_of(draft, "chiedi"), stale, follow=True))
    assert "aspetta l&#x27;approvazione" in again
    other = enter(UserFactory(can=[*WRITES, "approve_broadcast"]))
    seen = {**hidden(text_of(other.get(page_of(draft, "invia")))), "typed": "3"}
    approve(approver, draft, page_of)
    assert "già in partenza" in text_of(other.post(page_of(draft, "invia"), seen, follow=True))
    assert "già in partenza" in text_of(
        other.post(page_of(draft, "restituisci"), {"reason": "x"}, follow=True)
    )
    author.post(page_of(draft, "annulla"))
    author.post(page_of(draft, "ritira"))
    Broadcast.objects.update(text="Un altro testo")
    submit(author, draft, page_of)
    assert "è stato modificato" in text_of(other.post(page_of(draft, "invia"), seen, follow=True))
    assert (state_of(draft), Message.objects.filter(inbound=False).count()) == (State.SUBMITTED, 0)


def test_who_wrote_it_cannot_approve_it_even_with_the_right(
    approver: Client, people: list[Contact], approved: None, page_of: Page
) -> None:
    user = User.objects.get(first_name="Rosario")
    notice = approval.submit(BroadcastFactory(author=user, approval=True), user)
    assert "Approva e invia" not in text_of(approver.get(page_of(notice, "invia"), follow=True))
    assert "Aspetta l'approvazione di un'altra persona" in text_of(approver.get(page_of(notice, "change")))
    approver.post(page_of(notice, "invia"), {"typed": "3", "digest": "x"})
    assert state_of(notice) == State.SUBMITTED


@pytest.mark.parametrize(
    ("page", "rights"),
    [
        ("invia", WRITES),  # what was submitted wants the right to approve
        ("programma", WRITES),
        ("restituisci", WRITES),
        ("emergenza", WRITES),
        ("chiedi", ["view_broadcast", "approve_broadcast"]),
        ("ritira", ["view_broadcast", "approve_broadcast"]),
        ("controfirma", WRITES),
        ("segue/correction", ["view_broadcast", "approve_broadcast"]),
    ],
)
def test_each_step_wants_its_right(
    alert: Broadcast, serena: User, page_of: Page, page: str, rights: list[str]
) -> None:
    approval.submit(alert, serena)
    day = (timezone.localdate() + timedelta(days=2)).isoformat()
    typed = {"typed": "3", "digest": "x", "reason": "x", "day": day, "clock": "08:00"}
    client = enter(UserFactory(can=rights))
    assert client.post(page_of(alert, page), typed).status_code == 403
    assert state_of(alert) == State.SUBMITTED


@pytest.mark.parametrize("page", ["ritira", "controfirma", "segue/correction"])
def test_a_link_does_nothing(approver: Client, alert: Broadcast, page_of: Page, page: str) -> None:
    assert approver.get(page_of(alert, page)).status_code == 405
    assert approver.post(page_of(alert, "segue/altro")).status_code == 404


def test_while_it_waits_nobody_changes_or_deletes_it(
    author: Client, draft: Broadcast, serena: User, page_of: Page
) -> None:
    approval.submit(draft, serena)
    typed = {"category": draft.category_id, "title": "Di nascosto", "text": "x", "attachment": "none"}
    assert "non sono state salvate" in text_of(author.post(page_of(draft, "change"), typed, follow=True))
    assert author.post(page_of(draft, "delete"), {"post": "yes"}).status_code == 403
    assert Broadcast.objects.get().title == draft.title


def test_one_alone_sends_an_alert_and_another_countersigns(
    author: Client, approver: Client, alert: Broadcast, page_of: Page
) -> None:
    assert "Invia da solo" not in text_of(author.get(page_of(alert, "invia")))
    assert "Invia da solo (emergenza)" in text_of(approver.get(page_of(alert, "invia")))
    typed = hidden(text_of(approver.get(page_of(alert, "emergenza"))))
    page = text_of(approver.post(page_of(alert, "emergenza"), typed))
    assert page.count('class="errorlist') == 3  # level, reason, number
    typed |= {"level": "orange", "reason": "Il torrente è fuori.", "typed": "3"}
    assert "Parte tra" in text_of(approver.post(page_of(alert, "emergenza"), typed, follow=True))
    Broadcast.objects.update(leaves_at=timezone.now())
    sending.leave_due()
    for client in (author, approver):
        assert "Manca la controfirma" in text_of(client.get("/admin/"))
    page = text_of(approver.get(page_of(alert, "change")))
    assert "manca la controfirma" in page
    assert "Il torrente è fuori." in page
    assert "Ho controllato: controfirmo" not in page  # the same person
    other = enter(UserFactory(can=[*WRITES, "approve_broadcast"]))
    assert "Ho controllato: controfirmo" in text_of(other.get(page_of(alert, "change")))
    assert "Hai controfirmato" in text_of(other.post(page_of(alert, "controfirma"), follow=True))
    assert "già stata controfirmata" in text_of(other.post(page_of(alert, "controfirma"), follow=True))
    home = text_of(author.get("/admin/"))
    assert "Manca la controfirma" not in home
    assert "1, di cui 1 controfirmate" in home


def test_an_ordinary_notice_has_no_way_alone(approver: Client, draft: Broadcast, page_of: Page) -> None:
    assert "Invia da solo" not in text_of(approver.get(page_of(draft, "invia")))
    assert approver.get(page_of(draft, "emergenza")).status_code == 302
    typed = {**hidden(text_of(approver.get(page_of(draft, "invia")))), "typed": "3"}
    typed |= {"level": "red", "reason": "Ho fretta."}
    page = text_of(approver.post(page_of(draft, "emergenza"), typed, follow=True))
    assert "arancioni e rosse" in page
    assert state_of(draft) == State.DRAFT


def test_without_a_second_person_the_page_offers_to_send(
    author: Client, draft: Broadcast, page_of: Page
) -> None:
    Category.objects.update(approval=False)
    page = text_of(author.get(page_of(draft, "invia")))
    assert "Invia a 3 persone" in page
    assert "Chiedi" not in page
    Category.objects.update(approval=True)  # meanwhile an administrator changes their mind
    again = text_of(author.post(page_of(draft, "invia"), hidden(page), follow=True))
    assert "chiedi l&#x27;approvazione" in again
    assert state_of(draft) == State.DRAFT


def test_a_correction_begins_at_the_notice_and_keeps_its_category(
    author: Client, draft: Broadcast, page_of: Page
) -> None:
    Category.objects.update(approval=False)
    sent = sending.send(draft, UserFactory())
    page = text_of(author.get(page_of(sent, "change")))
    assert "Correggi…" in page
    assert "Fine allerta…" not in page
    form = text_of(author.post(page_of(sent, "segue/correction"), follow=True))
    assert "Rettifica di <a" in form
    assert "solo a chi può averlo ricevuto" in form
    correction = Broadcast.objects.get(follows=sent)
    other = Category.objects.exclude(pk=sent.category_id).first()
    assert other
    typed = {
        "category": other.pk,
        "title": "Rettifica",
        "text": "Dalle 9.",
        "attachment": "none",
        "_save": "",
    }
    author.post(page_of(correction, "change"), typed)
    correction.refresh_from_db()
    assert (correction.title, correction.category) == ("Rettifica", sent.category)
    found = author.post("/admin/broadcasts/broadcast/anteprima/", {**typed, "category": sent.category_id,
                        "follows": correction.pk}).json()  # fmt: skip
    assert found["reached"] == 3
    assert (
        author.post("/admin/broadcasts/broadcast/anteprima/", {**typed, "follows": "9" * 30}).status_code
        == 200
    )


def test_the_pages_ask_a_constant_number_of_questions(
    approver: Client, draft: Broadcast, serena: User, page_of: Page, django_assert_max_num_queries: Any
) -> None:
    for n in range(6):
        approval.submit(draft, serena)
        approval.send_back(draft, UserFactory(), f"Ancora, {n}.")
    approval.submit(draft, serena)
    with django_assert_max_num_queries(32):
        approver.get(page_of(draft, "invia"))
    with django_assert_max_num_queries(22):
        approver.get(page_of(draft, "change"))


def test_the_emergency_belongs_to_its_year(alert: Broadcast, serena: User, author: Client) -> None:
    sending.send(alert, serena, emergency=Emergency(AlertLevel.RED, "Piena."))
    assert f"nel {timezone.localdate().year}: 1, di cui 0" in text_of(author.get("/admin/"))
