"""The desk: what the register holds of a paper form, who is refused and why, the welcome."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from regalbuto_urp.roles import install_roles
from subscribers import consent, enrolment, recipients, verifying, welcomes
from subscribers.models import ConsentEvent, Subscriber, Topic
from subscribers.register import Kind, Source
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp import template_rules
from whatsapp.models import Contact, Message, Template
from whatsapp.types import Lane, State

pytestmark = pytest.mark.django_db
ADD = "/admin/subscribers/subscriber/add/"
NUMBER = "+393401112233"
YESTERDAY = timezone.localdate() - timedelta(days=1)


@pytest.fixture
def clerk() -> User:
    install_roles()
    user = User.objects.create_user("rosa", is_staff=True)
    user.groups.add(Group.objects.get(name="Segnalazioni"))
    return user


def enrol(clerk: User, number: str = "340 111 2233", **changed: Any) -> Subscriber:
    told = {
        "name": "Rosa Lo Giudice",
        "signed_on": YESTERDAY,
        "reference": "prot. 12",
        "terms_accepted": True,
    }
    return enrolment.enrol(number, operator=clerk, **{**told, **changed})


def kinds() -> list[str]:
    return [*ConsentEvent.objects.order_by("sequence").values_list("kind", flat=True)]


def test_consent_and_terms_are_two_events_with_the_forms_reference(clerk: User) -> None:
    subscriber = enrol(clerk)
    assert consent.is_subscribed(subscriber.contact)
    assert (subscriber.contact.phone, subscriber.contact.profile_name) == (NUMBER, "Rosa Lo Giudice")
    assert timezone.localtime(subscriber.since).date() == YESTERDAY
    assert kinds() == [Kind.SUBSCRIBED, Kind.TERMS]
    for event in ConsentEvent.objects.select_related("evidence"):
        assert event.source == Source.DESK
        assert (event.evidence.text, event.evidence.actor, event.evidence.identity) == (
            "prot. 12",
            "rosa",
            NUMBER,
        )
    assert verifying.verify() == (2, "")


def test_the_terms_box_is_its_own_and_topics_may_be_left(clerk: User) -> None:
    events = Topic.objects.get(slug="eventi")
    subscriber = enrol(clerk, terms_accepted=False, topics_left=[events])
    assert kinds() == [Kind.SUBSCRIBED, Kind.TOPIC_LEFT]
    assert not recipients.audience(events).filter(pk=subscriber.contact_id).exists()


def test_whatsapps_own_name_is_kept(clerk: User) -> None:
    ContactFactory(phone=NUMBER, profile_name="Rosy ☀️")
    assert enrol(clerk).contact.profile_name == "Rosy ☀️"


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("", "manca il numero"),
        ("Maria", "non è un numero di telefono"),
        ('=HYPERLINK("tel:3401112233")', "non è un numero di telefono"),
        ("340 111 2233 oppure 340 111 2234", "non è un numero di telefono"),
        ("3,93401E+11", "rovinato"),
        ("0935 72345", "è un numero fisso"),
        ("+33 1 42 68 53 00", "è un numero fisso"),
        ("800 123456", "non è il numero di un cellulare"),
        ("340 111", "non è il numero di un cellulare"),
        ("+999 340 111 2233", "non è un numero di telefono"),
        ("366 534 0900", "è il numero del servizio stesso"),
    ],
)
def test_what_is_no_mobile_number_is_refused(clerk: User, number: str, told: str) -> None:
    with pytest.raises(enrolment.Refused, match=told):
        enrol(clerk, number)
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("number", "phone"),
    [
        ("340 111 2233", NUMBER),
        ("\u202a+39 340 111 2233\u202c", NUMBER),  # as it is copied out of WhatsApp
        ("0039 340.111.2233", NUMBER),
        ("393401112233", NUMBER),
        ("tel:+393401112233", NUMBER),  # as we export it
        ("'340/1112233", NUMBER),
        ("+40 722 123 456", "+40722123456"),
        ("+1 415 555 2671", "+14155552671"),
    ],
)
def test_numbers_are_understood_as_people_write_them(number: str, phone: str) -> None:
    assert enrolment.mobile(number) == phone


@pytest.mark.parametrize(
    ("day", "told"),
    [(timezone.localdate() + timedelta(days=2), "nel futuro"), (date(2014, 12, 31), "prima del 2015")],
)
def test_an_impossible_day_of_signature_is_refused(clerk: User, day: date, told: str) -> None:
    with pytest.raises(enrolment.Refused, match=told) as refused:
        enrol(clerk, signed_on=day)
    assert refused.value.field == "signed_on"


class TestWhoWillNot:
    def test_who_has_left_comes_back_only_by_writing(self, clerk: User) -> None:
        contact = enrol(clerk).contact
        consent.leave(contact, message=InboundMessageFactory(contact=contact, text="ISCRIZIONE OFF"))
        with pytest.raises(enrolment.Refused, match=rf"si è cancellato il .* {timezone.localdate().year}"):
            enrol(clerk, signed_on=timezone.localdate())
        assert not consent.is_subscribed(contact)
        consent.subscribe(contact, message=InboundMessageFactory(contact=contact, text="ISCRIZIONE ON"))
        assert consent.is_subscribed(contact)

    def test_an_off_written_after_the_signature_counts_even_of_who_was_not_subscribed(
        self, clerk: User
    ) -> None:
        contact = ContactFactory(phone=NUMBER)
        InboundMessageFactory(contact=contact, text="ISCRIZIONE OFF")
        with pytest.raises(enrolment.Refused, match="dopo la firma"):
            enrol(clerk)
        assert not Subscriber.objects.exists()

    def test_who_is_blocked_or_subscribed(self, clerk: User) -> None:
        ContactFactory(phone="+393401112299", blocked=True)
        with pytest.raises(enrolment.Refused, match="è bloccato"):
            enrol(clerk, "3401112299")
        enrol(clerk)
        with pytest.raises(enrolment.Refused, match="è già iscritto"):
            enrol(clerk)
        assert len(kinds()) == 2


class TestWelcome:
    def test_the_template_is_one_whatsapp_would_examine(self) -> None:
        assert template_rules.problems(Template.objects.get(name=enrolment.WELCOME)) == {}

    def test_it_goes_as_a_template_and_its_arrival_is_recorded(self, clerk: User) -> None:
        Template.objects.update(status=Template.Status.APPROVED)
        subscriber = enrol(clerk, signed_on=date(2026, 5, 3) if date(2026, 5, 3) < YESTERDAY else YESTERDAY)
        message = Message.objects.get()
        assert (message.lane, message.state, subscriber.welcome) == (Lane.REPLY, State.QUEUED, message)
        assert "ISCRIZIONE OFF" in message.text
        assert message.content.button_parameters == [["url", "1/"], ["quick_reply", "ISCRIZIONE OFF"]]
        Message.objects.update(state=State.DELIVERED, delivered_at=timezone.now())
        assert welcomes.record_arrived() == 1
        assert kinds()[-1] == Kind.TERMS

    def test_without_an_approved_template_none_is_queued(self, clerk: User) -> None:
        assert enrol(clerk).welcome is None
        assert not Message.objects.exists()
        assert "da sottoporre" in enrolment.welcome_obstacle()


class TestForm:
    DATA = {
        "number": "340 111 2233", "name": "", "signed_on": YESTERDAY.isoformat(), "reference": "prot. 12",
        "consent": "on", "terms": "on",
    }  # fmt: skip

    def test_the_segreteria_enrols(self, client: Client, clerk: User) -> None:
        client.force_login(clerk)
        assert "versione 1" in client.get(ADD).content.decode()
        page = client.post(ADD, self.DATA, follow=True).content.decode()
        assert "informativa accettata" in page
        assert "Il benvenuto non è partito" in page
        assert "3401112233" not in page
        assert kinds() == [Kind.SUBSCRIBED, Kind.TERMS]

    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"consent": ""}, "Senza il consenso firmato"),
            ({"number": "0935 72345"}, "Non si può iscrivere: è un numero fisso"),
            ({"signed_on": "2014-01-01"}, "prima del 2015"),
            ({"signed_on": "ieri"}, "errorlist"),
            ({"reference": " "}, "errorlist"),
        ],
    )
    def test_what_is_missing_or_wrong_is_told(
        self, client: Client, clerk: User, changed: dict[str, str], told: str
    ) -> None:
        client.force_login(clerk)
        assert told in client.post(ADD, {**self.DATA, **changed}).content.decode()
        assert not Subscriber.objects.exists()

    def test_others_may_not(self, client: Client, clerk: User) -> None:
        clerk.groups.set([Group.objects.get(name="Revisori")])
        client.force_login(clerk)
        assert client.post(ADD, self.DATA).status_code == 403
        assert "sportello" not in client.get("/admin/subscribers/subscriber/").content.decode()
