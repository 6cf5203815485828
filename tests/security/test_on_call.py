"""On-call alerts: who may answer them, and how often one phone can set them off."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from broadcasts import approval
from broadcasts.models import Broadcast
from reports import casework
from reports.models import Report, ReportEvent
from reports.states import State
from tests.factories.broadcasts import BroadcastFactory, PlainSubscriberFactory, UserFactory
from tests.factories.reports import report_of
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory, StaffPhoneFactory
from whatsapp import inbox, merging, paging
from whatsapp.models import Call, Contact, Message, StaffPhone, Template
from whatsapp.types import Kind

pytestmark = pytest.mark.django_db
DANGER = "AIUTO fuga di gas in via Roma {}"


def colleague(*rights: str, on_duty: bool = True) -> StaffPhone:
    contact = ContactFactory(reachable=True)
    phone: StaffPhone = StaffPhoneFactory(user=UserFactory(can=rights), contact=contact, on_duty=on_duty)
    return phone


def said_to(contact: Contact) -> list[str]:
    sent = Message.objects.filter(contact=contact, inbound=False).order_by("pk")
    return [message.content.text for message in sent.select_related("content")]


def tap(contact: Contact, payload: str) -> str:
    """The button is tapped; what is answered."""
    message = InboundMessageFactory(
        contact=contact, kind=Kind.BUTTON_REPLY, text=paging.LABEL, payload=payload
    )
    inbox.handle(message.pk)
    message.refresh_from_db()
    assert message.handled_at, message.reason
    return said_to(contact)[-1]


def button(call: Call) -> str:
    return f"{paging.PAYLOAD}{call.token}"


def pass_minutes(minutes: float) -> int:
    for call in Call.objects.exclude(due_at=None):
        Call.objects.filter(pk=call.pk).update(
            due_at=call.due_at - timedelta(minutes=minutes), told_at=call.told_at - timedelta(minutes=minutes)
        )
    return paging.call_again()


class TestWhoMayAnswer:
    def test_the_button_cannot_be_guessed(self) -> None:
        phone = colleague("treat_report")
        report_of(DANGER)
        report_of(DANGER)
        for call in Call.objects.all():
            assert len(call.token) >= 32
            assert "non c'è più" in tap(phone.contact, f"call:{call.pk}")
        assert not Call.objects.exclude(settled_at=None).exists()

    def test_only_a_phone_that_was_called_counts_and_others_learn_nothing(self) -> None:
        called, asleep = colleague("treat_report"), colleague("treat_report", on_duty=False)
        report = report_of(DANGER)
        call = Call.objects.get()
        for contact in (asleep.contact, ContactFactory(reachable=True)):
            answer = tap(contact, button(call))
            assert report.number not in answer
            assert called.user.get_username() not in answer
        assert Call.objects.get().settled_at is None
        assert "in carico a te" in tap(called.contact, button(call))
        for contact in (asleep.contact, ContactFactory(reachable=True)):
            answer = tap(contact, button(call))
            assert report.number not in answer
            assert called.user.get_username() not in answer

    def test_a_phone_that_came_later_was_not_called(self) -> None:
        phone = colleague("treat_report")
        report_of(DANGER)
        StaffPhone.objects.filter(pk=phone.pk).update(contact=ContactFactory(reachable=True))
        phone.refresh_from_db()
        assert "non c'è più" in tap(phone.contact, button(Call.objects.get()))
        assert Call.objects.get().settled_at is None

    def test_who_may_not_treat_reports_is_refused_and_the_calls_go_on(self) -> None:
        administrator, office = colleague("change_staffphone"), colleague("treat_report")
        report = report_of(DANGER)
        answer = tap(administrator.contact, button(Call.objects.get()))
        assert "non puoi trattare le segnalazioni" in answer
        assert "La chiamata va avanti" in answer
        report.refresh_from_db()
        assert (report.state, report.assigned_to) == (State.RECEIVED, None)
        assert pass_minutes(5) == 1
        assert "in carico a te" in tap(office.contact, button(Call.objects.get()))
        report.refresh_from_db()
        assert (report.state, report.assigned_to) == (State.TAKEN, office.user)

    def test_old_buttons_settle_no_new_danger(self) -> None:
        phone, citizen = colleague("treat_report"), ContactFactory(reachable=True)
        report_of(DANGER, contact=citizen)
        old = Call.objects.get()
        tap(phone.contact, button(old))
        report_of(DANGER, contact=citizen, at=timezone.now() + timedelta(hours=1))
        new = Call.objects.get(settled_at=None)
        tap(phone.contact, button(old))
        new.refresh_from_db()
        assert new.settled_at is None

    def test_an_approval_is_taken_by_who_may_approve(self) -> None:
        author, other = colleague("add_broadcast"), colleague("add_broadcast")
        approver = colleague("approve_broadcast")
        notice: Broadcast = BroadcastFactory(slug="allerta-meteo", approval=True, author=author.user)
        call = _ask(notice, author.user)
        assert "approvare" in tap(other.contact, button(call))
        call.refresh_from_db()
        assert call.settled_at is None
        assert "in carico a te" in tap(approver.contact, button(call))


def _ask(notice: Broadcast, author: User) -> Call:
    Template.objects.update(status=Template.Status.APPROVED)
    PlainSubscriberFactory()
    approval.submit(notice, author)
    return Call.objects.get()


class TestOneAlertAPerson:
    @pytest.fixture
    def phones(self) -> list[StaffPhone]:
        return [colleague("treat_report") for _ in range(3)]

    def flood(self, citizen: Contact, count: int = 8, *, hours: float = 0) -> None:
        """Dangers and «basta così» in turn, as one phone can send them in some seconds."""
        start = timezone.now() + timedelta(hours=hours)
        for number in range(count):
            at = start + timedelta(seconds=2 * number)
            for second, text in enumerate((DANGER.format(number), "basta così")):
                message = InboundMessageFactory(
                    contact=citizen, text=text, sent_at=at + timedelta(seconds=second)
                )
                inbox.handle(message.pk)

    def test_a_flood_of_one_phone_is_one_alert(self, phones: list[StaffPhone]) -> None:
        citizen = ContactFactory(reachable=True)
        self.flood(citizen)
        assert Report.objects.count() == 8
        call = Call.objects.get()
        assert call.rounds == 1
        assert [len(said_to(phone.contact)) for phone in phones] == [1, 1, 1]
        rounds = [pass_minutes(1), *(pass_minutes(5) for _ in range(10))]
        assert sum(rounds) == paging.ROUNDS - 1
        later = said_to(phones[0].contact)[1]
        assert "8 segnalazioni di pericolo dallo stesso numero" in later
        assert "8º pericolo di oggi da questo numero" in later
        assert Report.objects.latest("pk").number in later
        assert str(citizen.phone) not in later

    def test_who_takes_it_has_all_of_them_and_reads_which(self, phones: list[StaffPhone]) -> None:
        citizen = ContactFactory(reachable=True)
        self.flood(citizen, 3)
        answer = tap(phones[0].contact, button(Call.objects.get()))
        assert set(Report.objects.values_list("assigned_to", flat=True)) == {phones[0].user.pk}
        assert all(number in answer for number in Report.objects.values_list("number", flat=True))
        assert Call.objects.get().taken_by == phones[0].user

    def test_in_the_office_the_last_one_ends_the_alert(self, phones: list[StaffPhone]) -> None:
        self.flood(ContactFactory(reachable=True), 2)
        first, second = Report.objects.order_by("pk")
        casework.take_charge(first, phones[0].user)
        assert Call.objects.get().settled_at is None
        casework.take_charge(second, phones[0].user)
        assert Call.objects.get().settled_at is not None

    def test_a_danger_after_the_alert_is_settled_is_a_new_alert(self, phones: list[StaffPhone]) -> None:
        citizen = ContactFactory(reachable=True)
        self.flood(citizen, 1)
        tap(phones[0].contact, button(Call.objects.get()))
        self.flood(citizen, 1, hours=1)
        assert Call.objects.count() == 2
        assert "2º pericolo di oggi da questo numero" in said_to(phones[1].contact)[-1]

    def test_different_people_are_different_alerts(self, phones: list[StaffPhone]) -> None:
        for _ in range(3):
            report_of(DANGER)
        assert Call.objects.count() == 3
        assert [len(said_to(phone.contact)) for phone in phones] == [3, 3, 3]

    def test_two_contacts_found_to_be_one_person_are_settled_together(self, phones: list[StaffPhone]) -> None:
        one, other = ContactFactory(reachable=True), ContactFactory(reachable=True)
        for contact in (one, other):
            report_of(DANGER, contact=contact)
        merging.merge(one, other)
        for report in Report.objects.order_by("pk"):
            casework.take_charge(report, phones[0].user)
        assert not Call.objects.filter(settled_at=None).exists()


def test_the_citizen_is_promised_only_what_is_so() -> None:
    nobody_is_there = report_of(DANGER)
    assert "stiamo avvisando" not in said_to(nobody_is_there.contact)[0]
    phone = colleague("treat_report")
    report = report_of(DANGER)
    assert "stiamo avvisando chi è di turno" in said_to(report.contact)[0]
    assert "abbiamo avvisato" not in said_to(report.contact)[0]
    event: Any = report.events.get(kind=ReportEvent.Kind.DANGER)
    assert "Persone in chiamata: 1." in event.text
    call = Call.objects.latest("pk")
    assert paging.reached(call) == 0  # nothing has been handed over yet
    Message.objects.filter(contact=phone.contact).update(state="accepted")
    assert paging.reached(call) == 1
