"""Calling the staff: whoever can be reached is, again and again, until somebody takes charge."""

import itertools
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from tests.factories.broadcasts import UserFactory
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory, StaffPhoneFactory
from tests.whatsapp.test_concurrency import at_once
from whatsapp import (
    account,
    channels,
    claims,
    contents,
    delivery,
    health,
    inbox,
    mail,
    paging,
    template_rules,
)
from whatsapp.models import Call, Contact, Content, Message, StaffPhone, Template
from whatsapp.signals import page_taken
from whatsapp.types import Kind, Lane, State

pytestmark = pytest.mark.django_db
NAMES = (paging.CALL, paging.TAKEN)
REASON, TEXT, PATH = (
    "pericolo n. 2026-0012",
    "Puzza di gas.\nVia Roma 12.",
    "/admin/reports/report/12/change/",
)
_numbers = itertools.count(1)


@pytest.fixture
def approved() -> None:
    Template.objects.filter(name__in=NAMES).update(status=Template.Status.APPROVED)


@pytest.fixture(autouse=True)
def chain(settings: Any) -> None:
    settings.INBOUND_HANDLERS = ["whatsapp.paging.handle", "tests.whatsapp.handlers.remember"]


def colleague(*, on_duty: bool = True, email: str = "", window: bool = True, **user: Any) -> StaffPhone:
    who = UserFactory(email=email, first_name="Anna", last_name=f"Bianchi {next(_numbers)}", **user)
    return StaffPhoneFactory(user=who, on_duty=on_duty, contact=ContactFactory(reachable=window))


def said(phone: StaffPhone) -> list[Content]:
    sent = Message.objects.filter(contact=phone.contact, inbound=False).order_by("pk")
    return [message.content for message in sent]


def tap(contact: Contact, call: Call | str) -> str:
    """«Me ne occupo» is tapped; what is answered."""
    payload = call if isinstance(call, str) else f"{paging.PAYLOAD}{call.token}"
    message = InboundMessageFactory(
        contact=contact, kind=Kind.BUTTON_REPLY, text=paging.LABEL, payload=payload
    )
    inbox.handle(message.pk)
    message.refresh_from_db()
    assert message.handled_at, message.reason
    return contact.messages.filter(inbound=False).latest("pk").content.text


def pass_minutes(minutes: float) -> int:
    """How many rounds are done after so long."""
    for call in Call.objects.exclude(due_at=None):
        Call.objects.filter(pk=call.pk).update(due_at=call.due_at - timedelta(minutes=minutes))
    return paging.call_again()


class TestReaching:
    def test_inside_the_window_a_text_with_the_button_and_the_page(self, settings: Any) -> None:
        phone = colleague()
        assert paging.page(REASON, TEXT, path=PATH) == 1
        [content] = said(phone)
        assert content.kind == Kind.BUTTONS
        assert content.text == f"*{REASON}*\n\n{TEXT}\n\n{settings.SITE_URL}{PATH}"
        assert content.buttons == [[f"call:{Call.objects.get().token}", "Me ne occupo"]]

    @pytest.mark.usefixtures("approved")
    def test_outside_the_template(self) -> None:
        phone = colleague(window=False)
        assert paging.page(REASON, TEXT, path=PATH) == 1
        [content] = said(phone)
        assert content.parameters == [REASON, "Puzza di gas. Via Roma 12."]
        assert content.button_parameters == [
            ["quick_reply", f"call:{Call.objects.get().token}"], ["url", PATH[1:]],
        ]  # fmt: skip
        paging.page(REASON, "")
        assert said(phone)[1].parameters == [REASON, "–"]
        assert said(phone)[1].button_parameters[1] == ["url", "admin/"]

    @pytest.mark.usefixtures("approved")
    def test_a_long_text_is_cut_on_whatsapp_and_whole_in_the_mail(self, mailoutbox: Any) -> None:
        phones = [colleague(email="a@example.it"), colleague(window=False)]
        text = "Riga lunga \U0001f468\u200d\U0001f469\n\n" * 250
        assert paging.page(REASON * 20 + "\r\nBcc: x", text[:4096], path=PATH) == 2
        mail.send_due()
        assert [len(content.text) for phone in phones for content in said(phone)] == [
            pytest.approx(contents.INTERACTIVE_LIMIT, abs=15)
        ] * 2
        assert text[:4096].strip() in mailoutbox[0].body
        assert "\n" not in mailoutbox[0].subject

    def test_without_the_template_only_the_mail(
        self, mailoutbox: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        colleague(email="a@example.it", window=False)
        colleague(window=False)
        Template.objects.filter(name=paging.TAKEN).delete()
        assert paging.page(REASON, TEXT, key="report-1", path=PATH) == 1
        mail.send_due()
        paging.settle("report-1", UserFactory())
        mail.send_due()
        assert not Message.objects.exists()
        assert [message.to for message in mailoutbox] == [["a@example.it"]] * 2
        assert mailoutbox[0].body.endswith(PATH)
        assert "calling 1 of 2 people, 0 on WhatsApp, 1 by e-mail" in caplog.text
        assert "da sottoporre" in caplog.text
        assert "non c'è più" in caplog.text

    def test_who_cannot_be_told_is_not_counted(self) -> None:
        colleague().contact.rows().update(blocked=True)
        colleague(is_active=False)
        assert paging.page(REASON, TEXT) == 0
        channels.pause(channels.current(), "numero limitato", answers_go_on=True)
        phone = colleague()
        assert paging.page(REASON, TEXT) == 1
        channels.pause(channels.current(), "numero bloccato")
        assert paging.page(REASON, TEXT) == 0
        assert len(said(phone)) == 1  # nothing waits to arrive as old news

    def test_no_number_is_told_or_logged(self, mailoutbox: Any, caplog: pytest.LogCaptureFixture) -> None:
        phone = colleague(email="a@example.it")
        with caplog.at_level(logging.DEBUG):
            paging.page("chiama +393401112201", "Ha scritto 3401112201.")
            mail.send_due()
        told = caplog.text + said(phone)[0].text + mailoutbox[0].subject + mailoutbox[0].body
        assert "1112201" not in told

    def test_the_templates_keep_whatsapps_rules_and_their_buttons(
        self, settings: Any, admin_client: Client
    ) -> None:
        settings.TEMPLATE_USES = ["whatsapp.paging.uses"]
        for template in Template.objects.filter(name__in=NAMES):
            assert template_rules.problems(template, urgent=True) == {}
            page = f"/admin/whatsapp/template/{template.pk}/change/"
            assert "Chiamate del personale di turno" in admin_client.get(page).content.decode()
            form = {f: getattr(template, f) for f in ("name", "category", "header", "body")}
            admin_client.post(page, form | {"examples": "\n".join(template.examples), "footer": "Nuovo"})
            buttons = template.buttons
            template.refresh_from_db()
            assert (template.buttons, template.footer) == (buttons, "Nuovo")


class TestRounds:
    def test_first_who_is_on_duty_then_everybody_six_times(self, mailoutbox: Any, client: Client) -> None:
        duty, other = colleague(email="a@example.it"), colleague(on_duty=False, email="b@example.it")
        assert paging.page(REASON, TEXT, key="report-1") == 1
        assert (pass_minutes(4), len(said(other))) == (0, 0)
        rounds, mails = [], [mail.send_due()]
        for _ in range(7):
            rounds.append(pass_minutes(5))
            mails.append(mail.send_due())
        assert rounds == [1, 1, 1, 1, 1, 0, 0]
        assert mails == [1, 2, 2, 2, 2, 2, 0, 0]
        assert (len(said(duty)), len(said(other))) == (6, 5)
        assert {len(message.to) for message in mailoutbox} == {1}
        assert "chiamata 2 di 6" in said(other)[0].text
        assert "chiamata" not in said(duty)[0].text
        assert [call.key for call in paging.unanswered()] == ["report-1"]
        assert "nessuno ha risposto: 1" in " ".join(health.snapshot().problems)
        paging.settle("report-1")
        assert not paging.unanswered().exists()

    def test_the_first_round_goes_to_everybody_when_nobody_on_duty_can_be_told(self) -> None:
        assert paging.page(REASON, TEXT, key="report-0") == 0
        other = colleague(on_duty=False)
        assert paging.page(REASON, TEXT, key="report-1") == 1
        colleague(window=False)
        assert paging.page(REASON, TEXT, key="report-2") == 1
        assert len(said(other)) == 2

    def test_without_a_key_it_is_told_once(self) -> None:
        phone = colleague()
        paging.page(REASON, TEXT)
        assert pass_minutes(60) == 0
        assert not paging.unanswered().exists()
        paging.settle("")
        assert "in carico a te" in tap(phone.contact, Call.objects.get())

    def test_asked_again_it_goes_on_with_the_new_words(self, settings: Any) -> None:
        phone = colleague()
        paging.page(REASON, TEXT, key="report-1")
        assert paging.page(REASON, "Ora brucia.", key="report-1") == 1
        assert len(said(phone)) == 1
        pass_minutes(5)
        assert "Ora brucia." in said(phone)[1].text
        for _ in range(4):
            pass_minutes(5)
        Call.objects.update(told_at=timezone.now() - settings.ESCALATE_AFTER)
        assert paging.page(REASON, TEXT, key="report-1") == 1  # nobody had answered
        assert (Call.objects.get().rounds, paging.unanswered().count()) == (1, 0)

    def test_what_is_new_is_told_a_minute_later_and_makes_no_more_rounds(self) -> None:
        phone = colleague()
        paging.page(REASON, TEXT, key="report-1")
        for number in range(8):
            paging.page(REASON, f"Notizia {number}", key="report-1")
        assert (pass_minutes(0.5), pass_minutes(0.6)) == (0, 1)
        assert "Notizia 7" in said(phone)[1].text
        for number in range(100):
            paging.page(REASON, f"Altra notizia {number}", key="report-1")
            pass_minutes(0.1)
        assert len(said(phone)) == 4  # ten minutes more: two of the ordinary rounds

    def test_who_begins_an_unanswered_call_again_waits_for_the_next_round(self) -> None:
        phone = colleague()
        paging.page(REASON, TEXT, key="report-1")
        for _ in range(paging.ROUNDS):
            pass_minutes(5)
        assert len(said(phone)) == paging.ROUNDS
        for number in range(8):
            paging.page(REASON, f"Notizia {number}", key="report-1")
        assert (pass_minutes(4), pass_minutes(1.1)) == (0, 1)
        assert len(said(phone)) == paging.ROUNDS + 1

    def test_a_round_that_could_not_leave_is_not_sent_late(self) -> None:
        phone = colleague()
        paging.page(REASON, TEXT, key="report-1")
        Content.objects.update(expires_at=timezone.now())
        assert claims.claim(Lane.REPLY, 5) == []
        assert Message.objects.get(contact=phone.contact).state == State.SKIPPED


class TestTaking:
    def test_the_first_tap_settles_it_and_the_others_are_told(self) -> None:
        taken: list[tuple[str, User]] = []

        def receiver(sender: object, *, key: str, user: User, **_: object) -> None:
            taken.append((key, user))

        page_taken.connect(receiver)
        taker, other, asleep = colleague(), colleague(), colleague(on_duty=False)
        paging.page(REASON, TEXT, key="report-1")
        call = Call.objects.get()
        assert "in carico a te" in tap(taker.contact, call)
        call.refresh_from_db()
        assert (call.taken_by, call.due_at) == (taker.user, None)
        assert taken == [("report-1", taker.user)]
        assert f"Se ne occupa {taker.user.get_full_name()}" in said(other)[-1].text
        assert [len(said(phone)) for phone in (taker, other, asleep)] == [2, 2, 0]
        assert pass_minutes(60) == 0
        assert "in carico a te" in tap(taker.contact, call)
        assert f"già qualcuno ({taker.user.get_full_name()})" in tap(other.contact, call)
        assert len(taken) == 1
        page_taken.disconnect(receiver)

    @pytest.mark.usefixtures("approved")
    def test_who_was_called_by_template_is_told_by_template(self) -> None:
        taker, other = colleague(), colleague(window=False)
        paging.page(REASON, TEXT, key="report-1")
        tap(taker.contact, Call.objects.get())
        assert said(other)[-1].parameters == [REASON, taker.user.get_full_name()]

    @pytest.mark.parametrize("payload", ["call:", "call:x", "call:1", f"call:{'9' * 200}"])
    def test_strangers_and_old_taps_do_no_harm(self, payload: str) -> None:
        phone = colleague()
        assert "non c'è più" in tap(phone.contact, payload)
        paging.page(REASON, TEXT, key="report-1")
        assert "personale di turno" in tap(ContactFactory(reachable=True), Call.objects.get())
        assert Call.objects.get().settled_at is None

    def test_other_buttons_and_words_pass_on(self) -> None:
        contact = colleague().contact
        assert not paging.handle(InboundMessageFactory(contact=contact, text="call:1"))
        button = InboundMessageFactory(contact=contact, kind=Kind.BUTTON_REPLY, payload="consent:no")
        assert not paging.handle(button)

    def test_by_call_once(self) -> None:
        phone, boss = colleague(), UserFactory(first_name="Rosa", last_name="Verdi")
        paging.page(REASON, TEXT, key="report-1")
        paging.settle("report-1", boss)
        paging.settle("report-1", phone.user)
        assert "Rosa Verdi" in said(phone)[-1].text
        assert (len(said(phone)), Call.objects.get().taken_by) == (2, boss)
        assert paging.page(REASON, TEXT, key="report-1") == 1  # another danger, another call
        paging.settle("report-1")
        assert "già qualcuno:" in tap(phone.contact, Call.objects.first() or "")

    def test_the_receiver_and_the_call_stand_or_fall_together(self) -> None:
        def refuse(sender: object, **_: object) -> None:
            raise RuntimeError("on purpose")

        phone = colleague()
        paging.page(REASON, TEXT, key="report-1")
        page_taken.connect(refuse)
        message = InboundMessageFactory(
            contact=phone.contact, kind=Kind.BUTTON_REPLY, payload=f"call:{Call.objects.get().token}"
        )
        inbox.handle(message.pk)
        page_taken.disconnect(refuse)
        assert Call.objects.get().settled_at is None
        inbox.handle(message.pk)
        assert Call.objects.get().taken_by == phone.user


def test_only_administrators_read_the_calls(client: Client) -> None:
    colleague()
    paging.page(REASON, TEXT, key="report-1")
    for role, status in (("Approvazione", 403), ("Amministratori", 200)):
        user = UserFactory(is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        assert client.get("/admin/whatsapp/call/").status_code == status
    assert REASON in client.get("/admin/whatsapp/call/").content.decode()
    assert client.get(f"/admin/whatsapp/call/{Call.objects.get().pk}/change/").status_code == 200


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestAtOnce:
    def test_a_round_is_done_by_one_worker(self) -> None:
        phone = colleague()
        for number in range(5):
            paging.page(REASON, TEXT, key=f"report-{number}")
        Call.objects.update(due_at=timezone.now())
        assert sum(at_once(paging.call_again, 4)) == 5
        assert (len(said(phone)), set(Call.objects.values_list("rounds", flat=True))) == (10, {2})

    def test_the_same_call_from_four_places_is_one(self) -> None:
        phone = colleague()
        assert at_once(lambda: paging.page(REASON, TEXT, key="report-1"), 4) == [1] * 4
        assert (Call.objects.count(), len(said(phone))) == (1, 1)

    def test_of_two_who_tap_together_one_takes_it_and_nobody_waits(self) -> None:
        phones = [colleague() for _ in range(4)]
        paging.page(REASON, TEXT, key="report-1")
        call = Call.objects.get()
        Call.objects.update(due_at=timezone.now())
        works = iter([*[partial(tap, phone.contact, call) for phone in phones], paging.call_again])
        answers = at_once(lambda: next(works)(), 5)[:4]
        assert sorted("in carico a te" in str(answer) for answer in answers) == [False, False, False, True]
        assert not Message.objects.filter(inbound=True, attempts_made__gt=0).exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_provider_takes_every_form(simulator: str, received: Callable[[str], int]) -> None:
    account.submit_drafts()
    assert set(Template.objects.filter(name__in=NAMES).values_list("status", flat=True)) == {"approved"}
    phones = [colleague(), colleague(window=False)]
    paging.page("a" * 300, "b\n" * 2048, key="report-1", path=PATH)
    paging.page(REASON, "", key="report-2")
    for key in ("report-1", "report-2"):
        paging.settle(key, UserFactory(last_name="D'Àngelo"))
    delivery.run(Lane.REPLY)
    sent = Message.objects.filter(inbound=False)
    assert {message.state for message in sent} == {State.ACCEPTED}, [message.reason for message in sent]
    assert [received(str(phone.contact.phone)) for phone in phones] == [4, 4]
