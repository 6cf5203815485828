"""The subscription follows the person, whichever id they write with; in doubt, who left is out."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subscribers import consent, recipients, verifying
from subscribers.models import ConsentEvent, Subscriber, Topic
from tests.factories.whatsapp import ContactFactory
from whatsapp import contacts, inbox, merging
from whatsapp.models import Contact, IdentityConflict, Message
from whatsapp.types import IdentityChange, InboundMessage, Kind, Sender

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
OLD = Sender(phone="+393401110001", bsuid="IT.AAA111")
NEW = Sender(phone="+393401110002", bsuid="IT.BBB222")
HIDDEN_NUMBER = "+393401110003"
HIDDEN = Sender(bsuid="IT.CCC333")


def write(sender: Sender, text: str, seconds: float, **changes: Any) -> Message | None:
    """A message arrives and is handled; the same twice has one effect."""
    name = f"wamid.{sender.bsuid or sender.phone}.{text}.{seconds}"
    at = NOW + timedelta(seconds=seconds)
    told = {"kind": Kind.TEXT, **changes}
    message = inbox.keep(InboundMessage(provider_id=name, sender=sender, sent_at=at, text=text, **told))
    if message:
        inbox.handle(message.pk)
    return message


def change(seconds: float = 0) -> None:
    contacts.change_identity(
        IdentityChange(
            at=NOW + timedelta(seconds=seconds),
            old_phone=OLD.phone,
            old_bsuid=OLD.bsuid,
            new_phone=NEW.phone,
            new_bsuid=NEW.bsuid,
        )
    )


def subscribed() -> list[Contact]:
    return list(recipients.audience(None))


def test_a_hidden_number_subscribes_and_leaves() -> None:
    write(HIDDEN, "ISCRIZIONE ON", 0)
    assert [contact.bsuid for contact in subscribed()] == [HIDDEN.bsuid]
    write(HIDDEN, "ISCRIZIONE OFF", 1)
    assert subscribed() == []


def test_a_subscription_survives_a_change_of_number_and_the_register_shows_it() -> None:
    write(OLD, "ISCRIZIONE ON", 0)
    change()
    assert [contact.phone for contact in subscribed()] == [NEW.phone]
    line = ConsentEvent.objects.get(kind=ConsentEvent.Kind.IDENTITY)
    assert line.evidence.identity == NEW.phone
    assert OLD.phone in line.evidence.text
    assert verifying.verify() == (2, "")


def test_who_left_stays_out_after_a_change() -> None:
    write(OLD, "ISCRIZIONE ON", 0)
    write(OLD, "ISCRIZIONE OFF", 1)
    change(2)
    assert subscribed() == []


def test_an_off_from_the_new_number_before_the_change_is_told_ends_the_old_subscription() -> None:
    write(OLD, "ISCRIZIONE ON", 0)
    write(NEW, "ISCRIZIONE OFF", 10)
    assert subscribed()
    change(5)
    assert subscribed() == []
    assert ConsentEvent.objects.get(kind="off").evidence.text == "ISCRIZIONE OFF"


def test_an_on_from_the_new_number_before_the_change_is_told_counts() -> None:
    write(OLD, "ISCRIZIONE ON", 0)
    write(OLD, "ISCRIZIONE OFF", 1)
    write(NEW, "ISCRIZIONE ON", 10)
    change(5)
    assert len(subscribed()) == 1


WORDS = st.tuples(st.sampled_from(["ISCRIZIONE ON", "ISCRIZIONE OFF"]), st.sampled_from([OLD, NEW]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), words=st.lists(WORDS, max_size=4))
def test_whatever_arrives_first_the_last_word_counts(data: st.DataObject, words: list[Any]) -> None:
    """The person writes from the old number, then from the new; webhooks come in any order, and again."""
    words.sort(key=lambda word: word[1] is NEW)
    steps: list[Any] = [(sender, text, 1 + second) for second, (text, sender) in enumerate(words)]
    moved = 0.5 + sum(sender is OLD for _, sender in words)
    arrivals = data.draw(st.permutations([*steps, *steps[:2], None, None]))
    with transaction.atomic():  # each example leaves nothing behind
        write(OLD, "Buongiorno", 0)
        for step in arrivals:
            if step is None:
                change(moved)
            else:
                write(*step)
        # Somebody subscribed who writes ON again changes nothing, so that an OFF from before may come late
        # and end it: that errs on the side of the OFF.
        late = steps and any(
            arrivals.index(off) > arrivals.index(steps[-1]) for off in steps if "OFF" in off[1]
        )
        joined = bool(words) and words[-1][0] == "ISCRIZIONE ON"
        assert len(subscribed()) in ({0, 1} if joined and late else {int(joined)})
        assert Subscriber.objects.count() <= 1
        assert verifying.verify()[1] == ""
        transaction.set_rollback(True)


class TestDoubt:
    @pytest.fixture
    def conflict(self) -> IdentityConflict:
        """One known by number has left, one known by BSUID is subscribed; then a message shows both."""
        by_phone = ContactFactory(phone=HIDDEN_NUMBER)
        by_bsuid = ContactFactory(phone=None, bsuid=HIDDEN.bsuid)
        consent.subscribe(by_phone, at=NOW - timedelta(days=2))
        consent.leave(by_phone, at=NOW - timedelta(days=1))
        consent.subscribe(by_bsuid, at=NOW - timedelta(hours=1))
        write(Sender(phone=HIDDEN_NUMBER, bsuid=HIDDEN.bsuid), "Buongiorno", 0)
        return IdentityConflict.objects.get()

    def test_who_left_is_left_out_until_somebody_decides(self, conflict: IdentityConflict) -> None:
        assert subscribed() == []
        refused = recipients.refusals([conflict.contact, conflict.other], None)
        assert "Identità dubbie" in refused[conflict.contact_id]
        assert "si è cancellato" in refused[conflict.other_id]

    def test_the_same_person_stays_out(self, conflict: IdentityConflict, admin_user: User) -> None:
        person = merging.decide_same(conflict, admin_user)
        assert subscribed() == []
        assert Subscriber.objects.get().contact == person

    def test_two_people_go_their_own_way(self, conflict: IdentityConflict, admin_user: User) -> None:
        merging.decide_different(conflict, admin_user)
        assert subscribed() == [conflict.contact]

    def test_two_who_may_be_one_are_not_both_written_to(self) -> None:
        eventi = Topic.objects.get(slug="eventi")
        one, two = ContactFactory(phone=None, bsuid=HIDDEN.bsuid), ContactFactory(phone=HIDDEN_NUMBER)
        for contact in (one, two):
            consent.subscribe(contact, at=NOW)
        consent.leave_topic(two, eventi)
        write(Sender(phone=HIDDEN_NUMBER, bsuid=HIDDEN.bsuid), "Buongiorno", 0)
        assert subscribed() == [one]
        assert not recipients.audience(eventi).exists()
        assert one.pk in recipients.refusals([one], eventi)


def test_a_correction_may_leave_and_never_joins() -> None:
    write(OLD, "ISCRIZIONE ON", 0)
    write(OLD, "ISCRIZIONE OFF", 5, kind=Kind.EDIT, context_id="wamid.X")
    assert subscribed() == []
    write(OLD, "ISCRIZIONE ON", 6, kind=Kind.EDIT, context_id="wamid.X")
    assert subscribed() == []
