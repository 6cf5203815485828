"""WhatsApp's own id of a number may differ from the number on paper: it is one person, and an OFF holds."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from subscribers import consent, enrolment, importing, recipients, rights, welcomes
from subscribers.models import ConsentEvent, ImportRow
from tests.factories.whatsapp import ContactFactory
from tests.whatsapp import envelopes
from tests.whatsapp.standin import Answer, StandIn, running
from whatsapp import contacts, delivery, inbox, merging, phones
from whatsapp.models import Attempt, Contact, IdentityConflict, Template, WebhookEvent
from whatsapp.providers.cloud_api import CloudApi
from whatsapp.types import IdentityChange, Lane, Sender, WebhookCall

pytestmark = pytest.mark.django_db
BRAZIL = ("+5531998887701", "+553198887701")  # on paper, at WhatsApp
UNLISTED = ("+24106212345", "+2416212345")  # a difference that the program does not know beforehand


@pytest.fixture
def provider(settings: Any) -> Iterator[StandIn]:
    with running() as standin:
        settings.WHATSAPP_API_URL = f"{standin.url}/v25.0"
        yield standin


def answer_as(standin: StandIn, paper: str, wa_id: str) -> None:
    taken = {"contacts": [{"input": paper, "wa_id": wa_id}], "messages": [{"id": "wamid.WELCOME"}]}
    standin.answers["POST /v25.0/106540352242922/messages"] = Answer(
        {"messaging_product": "whatsapp", **taken}
    )


def enrol(number: str) -> Contact:
    Template.objects.filter(name=enrolment.WELCOME).update(status=Template.Status.APPROVED)
    operator = User.objects.filter(username="sportello").first() or User.objects.create_user("sportello")
    subscriber = enrolment.enrol(
        number, name="Ana", signed_on=timezone.localdate(), reference="7/2026", terms_accepted=False,
        operator=operator,
    )  # fmt: skip
    return subscriber.contact


def receive(body: dict[str, Any]) -> None:
    inbox.store(CloudApi(), WebhookCall(headers={}, body=envelopes.encode(body)))
    for box in WebhookEvent.Inbox:
        inbox.process(box)


def write(text: str, number: str) -> None:
    row = envelopes.message(content={"body": text}, **{"from": number[1:], "from_user_id": "BR.ANA1"})
    contact = {"profile": {"name": "Ana"}, "wa_id": number[1:], "user_id": "BR.ANA1"}
    receive(envelopes.envelope({"contacts": [contact], "messages": [row]}))


def status(state: str, number: str) -> None:
    attempt = Attempt.objects.get()
    row = envelopes.status(state, "wamid.WELCOME", opaque_id=attempt.opaque_id)
    receive(envelopes.statuses({**row, "recipient_id": number[1:]}))


def assert_off_holds(contact: Contact) -> None:
    assert Contact.objects.count() == 1
    contact.refresh_from_db()
    assert not consent.is_subscribed(contact)
    assert recipients.audience(None).count() == 0
    kinds = list(ConsentEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds[-1] == "off"
    assert set(ConsentEvent.objects.values_list("subject_id", flat=True)) == {contact.subject_id}


@pytest.mark.parametrize(("paper", "wa"), [BRAZIL, UNLISTED], ids=["Brazil", "unlisted"])
@pytest.mark.parametrize("learnt_from", ["answer", "status"])
def test_an_off_from_whatsapps_spelling_ends_what_the_desk_began(
    provider: StandIn, paper: str, wa: str, learnt_from: str
) -> None:
    answer_as(provider, paper, wa[1:] if learnt_from == "answer" else paper[1:])
    contact = enrol(paper)
    delivery.run(Lane.REPLY)
    status("delivered", wa)
    assert welcomes.record_arrived() == 1
    contact.refresh_from_db()
    assert (contact.phone, contact.wa_number) == (paper, wa)
    write("ISCRIZIONE OFF", wa)
    assert_off_holds(contact)


def test_before_anything_was_learnt_known_variants_match() -> None:
    paper, wa = BRAZIL
    contact = enrol(paper)
    write("ISCRIZIONE OFF", wa)
    assert_off_holds(contact)
    contact.refresh_from_db()
    assert (contact.wa_number, contact.bsuid) == (wa, "BR.ANA1")


def test_who_left_from_one_spelling_is_not_enrolled_by_the_other() -> None:
    paper, wa = BRAZIL
    write("ISCRIZIONE ON", wa)
    write("ISCRIZIONE OFF", wa)
    with pytest.raises(enrolment.Refused, match="si è cancellato"):
        enrol(paper)
    assert rights.find(paper) == [Contact.objects.get()]
    rights.erase(Contact.objects.get(), rights.Request("sportello", "richiesta"))
    assert "si è cancellato" in recipients.obstacles([paper])[paper]


def test_a_spelling_of_somebody_elses_is_a_doubt(provider: StandIn) -> None:
    paper, wa = UNLISTED
    known = ContactFactory(phone=wa, bsuid="GA.1")
    answer_as(provider, paper, wa[1:])
    enrolled = enrol(paper)
    delivery.run(Lane.REPLY)
    conflict = IdentityConflict.objects.get()
    assert (conflict.contact, conflict.other, conflict.claimed) == (known, enrolled, False)
    known.refresh_from_db()
    enrolled.refresh_from_db()
    assert (known.phone, enrolled.phone, enrolled.wa_number) == (wa, paper, None)


@pytest.mark.parametrize("other", ["+553198887702", "+393198887701", "+2416212345"])
def test_another_line_is_not_learnt(other: str) -> None:
    contact = ContactFactory(phone=BRAZIL[0])
    contacts.learn_spelling(contact, other)
    contact.refresh_from_db()
    assert contact.wa_number is None


def test_a_number_given_up_takes_its_spelling_along() -> None:
    paper, wa = BRAZIL
    contact = ContactFactory(phone=paper, wa_number=wa, bsuid="BR.ANA1")
    change = IdentityChange(at=timezone.now(), old_phone=wa, new_phone="+5531977776666", new_bsuid="BR.ANA2")
    assert contacts.change_identity(change) == contact
    contact.refresh_from_db()
    assert (contact.phone, contact.wa_number) == ("+5531977776666", None)
    assert contacts.resolve(Sender(phone=wa), timezone.now() - timedelta(minutes=5)) == contact
    assert contacts.resolve(Sender(phone=wa), timezone.now() + timedelta(minutes=5)) != contact


def test_uniting_keeps_both_spellings() -> None:
    older = ContactFactory(phone=None, bsuid="BR.ANA1")
    merging.merge(older, ContactFactory(phone=BRAZIL[0], wa_number=BRAZIL[1]))
    assert contacts.resolve(Sender(phone=BRAZIL[1])) == older


@pytest.mark.parametrize(
    ("one", "other"),
    [
        BRAZIL,
        ("+5215512345678", "+525512345678"),
        ("+5491123456789", "+541123456789"),
        ("+2250707723456", "+22507723456"),
        ("+2290195123456", "+22995123456"),
    ],
)
def test_known_variants(one: str, other: str) -> None:
    assert phones.spellings(one) == [one, other]
    assert phones.spellings(other) == [other, one]
    assert phones.spellings("+393401112233") == ["+393401112233"]
    assert phones.spellings("+2250712345678") == ["+2250712345678"]  # given out after the change


def test_a_list_with_both_spellings_makes_one_person() -> None:
    rows = [ImportRow(line=line, phone=number, name="Ana") for line, number in enumerate(BRAZIL)]
    people, _ = importing._people(rows)
    assert people[BRAZIL[0]] == people[BRAZIL[1]]
    assert Contact.objects.count() == 1


def test_an_old_list_does_not_bring_back_who_left_from_a_number_given_up() -> None:
    paper, wa = BRAZIL
    contact = ContactFactory(phone=wa, bsuid="BR.ANA1")
    consent.subscribe(contact, at=timezone.now(), actor="prova", source="desk", reference="7/2026")
    consent.leave(contact)
    merging.retire(contact, timezone.now(), "phone")
    assert "si è cancellato" in recipients.obstacles([paper])[paper]
