"""A contact card proves nothing: numbers of other people stay theirs, whatever a client tells."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from subscribers import consent, recipients
from subscribers.consent import How
from tests.factories.broadcasts import UserFactory
from tests.factories.whatsapp import (
    ContactFactory,
    ContentFactory,
    OutboundMessageFactory,
    StaffPhoneFactory,
)
from tests.whatsapp import envelopes
from whatsapp import channels, contacts, inbox, merging, paging
from whatsapp.models import Attempt, Call, Contact, IdentityConflict, Message, WebhookEvent
from whatsapp.providers.cloud_api import CloudApi
from whatsapp.types import OWN_NUMBER, IdentityChange, Kind, Sender, State, WebhookCall

pytestmark = pytest.mark.django_db
VICTIM, ATTACKER = "+393401110001", "IT.AAA111"
_serial: Iterator[int] = iter(range(10_000))


@pytest.fixture
def hidden() -> Contact:
    """A person whose number WhatsApp does not tell."""
    contact: Contact = ContactFactory(phone=None, bsuid=ATTACKER, reachable=True)
    return contact


def ask(contact: Contact, *, days_ago: float = 0, state: str = State.DELIVERED) -> str:
    """Our request for the number, as it reached this person; its id at the provider."""
    content = ContentFactory(kind=Kind.NUMBER_REQUEST, text="Il tuo numero?")
    asked_at = timezone.now() - timedelta(days=days_ago)
    message = OutboundMessageFactory(contact=contact, content=content, state=state, created_at=asked_at)
    provider_id = f"wamid.ASK{next(_serial)}"
    Attempt.objects.create(message=message, channel=channels.current(), provider_id=provider_id, state=state)
    return provider_id


def share(number: str, *, context: str = "", bsuid: str = ATTACKER) -> None:
    """A contact card with the mark of an answer to a request, which a changed client may forge."""
    card = {"origin": "contact_request", "phones": [{"phone": number, "wa_id": number[1:], "type": "CELL"}]}
    extra: dict[str, Any] = {"context": {"from": "393665340900", "id": context}} if context else {}
    message = envelopes.message("contacts", [card], **{"from": None, "from_user_id": bsuid}, **extra)
    body = envelopes.envelope({"contacts": [{"profile": {}, "user_id": bsuid}], "messages": [message]})
    inbox.store(CloudApi(), WebhookCall(headers={}, body=envelopes.encode(body)))
    inbox.process(WebhookEvent.Inbox.MESSAGES)


def numbers(*people: Contact) -> list[str | None]:
    for person in people:
        person.refresh_from_db()
    return [person.phone for person in people]


def last_answer(contact: Contact) -> str:
    return Message.objects.filter(contact=contact, inbound=False).latest("pk").content.text


def test_an_answer_to_our_open_request_gives_the_number_once(hidden: Contact) -> None:
    share(VICTIM, context=ask(hidden))
    assert numbers(hidden) == [VICTIM]
    assert Message.objects.get(content__kind=Kind.CONTACTS).content.payload == OWN_NUMBER
    share("+393401119999")
    assert numbers(hidden) == [VICTIM]


def test_without_a_context_the_open_request_is_enough(hidden: Contact) -> None:
    ask(hidden)
    share(VICTIM)
    assert numbers(hidden) == [VICTIM]


def test_a_card_that_nobody_asked_for_gives_nothing(hidden: Contact) -> None:
    share(VICTIM)
    share(VICTIM, context="wamid.SOMETHING")
    share(VICTIM, context=ask(ContactFactory(phone=None, bsuid="IT.OTHER")))  # a request to somebody else
    assert numbers(hidden) == [None]
    assert not IdentityConflict.objects.exists()
    assert "ricevuto il tuo numero" not in last_answer(hidden)


@pytest.mark.parametrize(("days_ago", "state"), [(8, State.DELIVERED), (0, State.FAILED)])
def test_a_request_that_is_too_old_or_did_not_leave_is_not_open(
    hidden: Contact, days_ago: float, state: str
) -> None:
    share(VICTIM, context=ask(hidden, days_ago=days_ago, state=state))
    assert numbers(hidden) == [None]


@pytest.mark.parametrize("bsuid", ["IT.VICTIM", None])
def test_a_number_of_somebody_else_is_a_doubt_and_both_go_on(
    hidden: Contact, bsuid: str | None, admin_user: User
) -> None:
    victim = ContactFactory(phone=VICTIM, bsuid=bsuid)
    for contact in (victim, hidden):
        consent.subscribe(contact, **How(at=timezone.now(), actor="prova", source="desk", reference="x"))
    consent.leave(hidden)
    share(VICTIM, context=ask(hidden))
    conflict = IdentityConflict.objects.get()
    assert (conflict.contact, conflict.other, conflict.claimed) == (victim, hidden, True)
    assert numbers(victim, hidden) == [VICTIM, None]
    assert recipients.audience(None).filter(pk=victim.pk).exists()  # nobody silences another's notices
    assert recipients.refusals([victim], None) == {}
    share("+393401110002")  # the request has been answered
    assert IdentityConflict.objects.count() == 1
    merging.decide_different(conflict, admin_user)
    assert numbers(victim, hidden) == [VICTIM, None]


def test_what_is_answered_does_not_tell_whether_a_number_is_known(hidden: Contact) -> None:
    other = ContactFactory(phone=None, bsuid="IT.BBB222", reachable=True)
    ContactFactory(phone=VICTIM)
    share(VICTIM, context=ask(hidden))
    share("+393401110009", context=ask(other), bsuid="IT.BBB222")
    assert last_answer(hidden) == last_answer(other)


@pytest.mark.parametrize("bsuid", ["IT.STAFF", None])
def test_a_staff_phone_keeps_its_number_and_its_calls(hidden: Contact, bsuid: str | None) -> None:
    phone = StaffPhoneFactory(
        user=UserFactory(), contact=ContactFactory(phone=VICTIM, bsuid=bsuid, reachable=True)
    )
    paging.page("fuga di gas", "Via Roma 12", key="prova-1")
    share(VICTIM, context=ask(hidden))
    assert numbers(phone.contact, hidden) == [VICTIM, None]
    hidden.refresh_from_db()
    assert hidden.person == hidden
    assert IdentityConflict.objects.get().contact == phone.contact
    assert Call.objects.get().settled_at is None


class TestNewsOfWhatsApp:
    """Signed by Meta: it may change who has a number, but takes no staff phone over without a person."""

    @pytest.fixture
    def staff(self) -> Contact:
        contact: Contact = ContactFactory(phone=VICTIM, bsuid=None)
        StaffPhoneFactory(user=UserFactory(), contact=contact)
        return contact

    def test_the_first_message_of_a_staff_phone_binds_it(self, staff: Contact) -> None:
        assert contacts.resolve(Sender(phone=VICTIM, bsuid="IT.STAFF")) == staff

    def test_a_known_person_seen_with_a_staff_number_is_a_doubt(
        self, staff: Contact, hidden: Contact
    ) -> None:
        assert contacts.resolve(Sender(phone=VICTIM, bsuid=ATTACKER)) == hidden
        assert numbers(staff, hidden) == [VICTIM, None]
        assert IdentityConflict.objects.get().reason == merging.STAFF_PHONE

    def test_a_person_who_changes_to_a_staff_number_is_a_doubt(self, staff: Contact) -> None:
        citizen = ContactFactory(phone="+393401110002", bsuid="IT.OLD")
        change = IdentityChange(
            at=timezone.now(),
            old_phone="+393401110002",
            old_bsuid="IT.OLD",
            new_phone=VICTIM,
            new_bsuid="IT.NEW",
        )
        assert contacts.change_identity(change) == citizen
        assert numbers(staff, citizen) == [VICTIM, None]
        assert IdentityConflict.objects.get().other == staff

    def test_a_staff_number_given_to_another_account_is_said(self) -> None:
        old = ContactFactory(phone=VICTIM, bsuid="IT.STAFF")
        StaffPhoneFactory(user=UserFactory(), contact=old)
        new = contacts.resolve(Sender(phone=VICTIM, bsuid="IT.NEW"))
        assert new != old
        assert numbers(old, new) == [None, VICTIM]  # a stranger must not read the calls
        conflict = IdentityConflict.objects.get()
        assert (conflict.contact, conflict.other) == (new, old)
        assert "personale" in conflict.reason
