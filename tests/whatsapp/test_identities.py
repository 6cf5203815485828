"""Who is who: merges, recycled numbers, changes told by WhatsApp, doubts left to the staff (fact sheet 4)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.factories.whatsapp import ContactFactory, ContentFactory, OutboundMessageFactory, TemplateFactory
from whatsapp import claims, contacts, delivery, merging, outbox, signals
from whatsapp.models import Contact, ContactAlias, IdentityConflict, Message
from whatsapp.types import IdentityChange, Kind, Lane, MarketingChoice, Sender, State

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
P, Q = "+393401110001", "+393401110002"
X, Y, Z = "IT.AAA111", "IT.BBB222", "IT.CCC333"


def person(phone: str | None = None, bsuid: str | None = None) -> Contact:
    return ContactFactory(phone=phone, bsuid=bsuid, reachable=True)


def came(phone: str | None = None, bsuid: str | None = None) -> Contact:
    """The person behind a message that comes in now."""
    return contacts.resolve(Sender(phone=phone, bsuid=bsuid), timezone.now())


def change(**ids: str | None) -> Contact | None:
    return contacts.change_identity(IdentityChange(at=NOW, **ids))


@pytest.fixture
def objection() -> Iterator[None]:
    def object_(**_: Any) -> str:
        return "uno è iscritto e l'altro no"

    signals.contacts_merging.connect(object_)
    yield
    signals.contacts_merging.disconnect(object_)


class TestResolving:
    def test_half_known_twice_is_one_person(self) -> None:
        by_phone, by_bsuid = person(P), person(bsuid=X)
        assert came(P, X) == by_phone
        by_phone.refresh_from_db()
        by_bsuid.refresh_from_db()
        assert (by_phone.phone, by_phone.bsuid, by_bsuid.person) == (P, X, by_phone)
        assert not IdentityConflict.objects.exists()

    def test_an_objection_leaves_it_to_the_staff(self, objection: None) -> None:
        by_phone, by_bsuid = person(P), person(bsuid=X)
        for _ in range(2):
            assert came(P, X) == by_bsuid
        conflict = IdentityConflict.objects.get()
        assert (conflict.contact, conflict.other) == (by_bsuid, by_phone)
        assert conflict.reason == "uno è iscritto e l'altro no"

    def test_another_number_of_the_bsuid_is_never_guessed(self) -> None:
        person(P)
        known = person(Q, X)
        assert came(P, X) == known
        assert IdentityConflict.objects.get().contact == known

    def test_a_recycled_number_inherits_nothing(self) -> None:
        old = person(P, X)
        new = came(P, Y)
        old.refresh_from_db()
        assert new != old
        assert (old.phone, old.bsuid, new.phone) == (None, X, P)
        assert ContactAlias.objects.get().contact == old

    def test_a_chain_of_merges_ends_at_one_person(self) -> None:
        first, second, third = person(P, X), person(Q, Y), person(bsuid=Z)
        merging.merge(second, third)
        merging.merge(first, second)
        for ids in ({"phone": Q, "bsuid": Y}, {"bsuid": Z}, {"bsuid": Y}, {"phone": P}):
            assert came(**ids) == first
        third.refresh_from_db()
        assert third.person == first
        assert {*third.rows()} == {first, second, third}
        message = outbox.reply(third, "Buongiorno")
        [(attempt, _)] = claims.claim(Lane.REPLY, 1)
        assert (message.contact, delivery.prepare(attempt).phone) == (first, P)


class TestChanges:
    def test_the_person_keeps_the_id_and_loses_the_old_number(self) -> None:
        known = person(P, X)
        for _ in range(2):  # told twice
            assert change(old_phone=P, old_bsuid=X, new_phone=Q, new_bsuid=Y) == known
        known.refresh_from_db()
        assert (known.phone, known.bsuid) == (Q, Y)
        assert ContactAlias.objects.filter(contact=known, phone=P, bsuid=X).count() == 1

    @pytest.mark.parametrize(
        "ids",
        [
            {"old_phone": P, "new_phone": Q},
            {"old_phone": P, "new_phone": Q, "new_bsuid": Y},
            {"old_bsuid": X, "new_bsuid": Y},
            {"old_phone": P, "new_bsuid": Y},
            {"old_bsuid": X, "new_phone": Q},
        ],
    )
    def test_missing_ids_do_no_harm(self, ids: dict[str, str]) -> None:
        known = person(P, X)
        assert change(**ids) == known
        known.refresh_from_db()
        assert (known.phone, known.bsuid) == (ids.get("new_phone"), ids.get("new_bsuid"))

    def test_nobody_is_made_of_a_change(self) -> None:
        assert change(old_phone=P, old_bsuid=X, new_phone=Q, new_bsuid=Y) is None
        assert not Contact.objects.exists()

    @pytest.mark.parametrize("older", ["old", "new"])
    def test_new_ids_known_already_are_the_same_person(self, older: str) -> None:
        ids = [(P, X), (Q, Y)] if older == "old" else [(Q, Y), (P, X)]
        first, second = person(*ids[0]), person(*ids[1])
        assert change(old_phone=P, old_bsuid=X, new_phone=Q, new_bsuid=Y) == first
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.phone, first.bsuid, second.person) == (Q, Y, first)
        assert came(Q, Y) == came(bsuid=X) == first
        assert came(P, Z) != first  # the old number's next owner

    def test_a_late_message_from_the_old_ids_is_the_persons(self) -> None:
        known = person(P)
        change(old_phone=P, new_phone=Q)
        assert contacts.resolve(Sender(phone=P), NOW - timedelta(minutes=1)) == known
        assert contacts.resolve(Sender(phone=P), NOW + timedelta(minutes=1)) != known

    def test_a_new_number_somebody_else_holds_is_not_taken(self) -> None:
        known, other = person(P, X), person(Q, Z)
        assert change(old_phone=P, old_bsuid=X, new_phone=Q, new_bsuid=Y) == known
        known.refresh_from_db()
        other.refresh_from_db()
        assert (known.phone, known.bsuid, other.phone) == (None, Y, Q)

    def test_without_a_new_bsuid_the_numbers_holder_is_a_doubt(self) -> None:
        known, other = person(P, X), person(Q, Z)
        change(old_phone=P, old_bsuid=X, new_phone=Q)
        assert IdentityConflict.objects.filter(contact=other, other=known).exists()

    def test_an_old_number_of_another_bsuid_moves_nobody(self) -> None:
        known = person(P, Z)
        assert change(old_phone=P, old_bsuid=X, new_phone=Q, new_bsuid=Y) is None
        known.refresh_from_db()
        assert (known.phone, known.bsuid) == (P, Z)


class TestDeciding:
    @pytest.fixture
    def conflict(self, objection: None) -> IdentityConflict:
        person(P), person(bsuid=X)
        came(P, X)
        return IdentityConflict.objects.get()

    def test_the_same_person(self, conflict: IdentityConflict, admin_user: User) -> None:
        merging.decide_same(conflict, admin_user)
        conflict.refresh_from_db()
        assert conflict.contact.person == conflict.other.person == came(P, X)
        assert (conflict.outcome, conflict.decided_by) == ("same", admin_user)
        with pytest.raises(merging.AlreadyDecided):
            merging.decide_different(conflict, admin_user)

    def test_different_people(self, conflict: IdentityConflict, admin_user: User) -> None:
        merging.decide_different(conflict, admin_user)
        conflict.refresh_from_db()
        assert conflict.other.retired_at
        assert (conflict.contact.phone, conflict.other.phone) == (P, None)
        assert came(P, X) == conflict.contact
        assert not IdentityConflict.objects.filter(outcome="open").exists()

    @pytest.mark.parametrize(
        ("button", "outcome"), [("unisci", "same"), ("diverse", "different"), ("", "open")]
    )
    def test_on_the_page(
        self, conflict: IdentityConflict, admin_client: Any, button: str, outcome: str
    ) -> None:
        page = f"/admin/whatsapp/identityconflict/{conflict.pk}/"
        shown = admin_client.get(f"{page}change/").content.decode()
        assert "uno è iscritto e l&#x27;altro no" in shown
        assert "mai iscritto" in shown
        assert P not in shown
        assert admin_client.post(f"{page}decidi/", {"decisione": button}).status_code == 302
        conflict.refresh_from_db()
        assert conflict.outcome == outcome
        assert admin_client.get(f"{page}change/").status_code == 200
        assert admin_client.get("/admin/whatsapp/identityconflict/").status_code == 200


class TestHandover:
    @pytest.mark.parametrize("gone_first", [True, False])
    def test_a_notice_frozen_for_both_is_handed_over_once(self, gone_first: bool) -> None:
        one, two = person(P, X), person(Q, Y)
        content = ContentFactory()
        outbox.enqueue(content, [one.pk, two.pk], Lane.BULK)
        if gone_first:
            assert len(claims.claim(Lane.BULK, 1)) == 1
        merging.merge(one, two)
        assert len(claims.claim(Lane.BULK, 8)) == (0 if gone_first else 1)
        skipped = Message.objects.get(content=content, state=State.SKIPPED)
        assert "la stessa persona" in skipped.reason

    def test_who_was_merged_after_the_first_went_gets_no_second(self) -> None:
        one, two = person(P, X), person(Q, Y)
        content = ContentFactory()
        OutboundMessageFactory(content=content, contact=two, state=State.DELIVERED, lane=Lane.BULK)
        merging.merge(one, two)
        outbox.enqueue(content, [one.pk], Lane.BULK)
        assert claims.claim(Lane.BULK, 8) == []

    def test_promotions_are_not_handed_to_who_stopped_them(self) -> None:
        contact, merged = person(P, X), person(Q, Y)
        contacts.note_marketing_choice(MarketingChoice(sender=Sender(bsuid=Y), wanted=False, at=NOW))
        merged.refresh_from_db()
        merging.merge(contact, merged)
        template = TemplateFactory(category="marketing", accepted_category="marketing")
        content = ContentFactory(kind=Kind.TEMPLATE, template=template)
        outbox.enqueue(content, [contact.pk, person(bsuid=Z).pk], Lane.BULK)
        assert len(claims.claim(Lane.BULK, 8)) == 1
        assert "promozioni" in Message.objects.get(state=State.SKIPPED).reason


def test_answers_stop_after_many_in_an_hour_but_not_what_staff_write() -> None:
    contact = person(P)
    for _ in range(outbox.ANSWERS_AN_HOUR + 2):
        last = outbox.reply(contact, "Non ho capito.", automatic=True)
    assert (last.state, last.reason) == (State.SKIPPED, outbox.FLOOD)
    assert Message.objects.filter(state=State.QUEUED).count() == outbox.ANSWERS_AN_HOUR
    assert outbox.reply(contact, "Scritto a mano").state == State.QUEUED
    assert outbox.reply(person(Q), "Non ho capito.", automatic=True).state == State.QUEUED


def test_the_number_is_asked_from_the_contacts_page(admin_client: Any) -> None:
    hidden, known = person(bsuid=X), person(P)
    closed = ContactFactory(phone=None, bsuid=Y)
    form = {"action": "ask_number", "_selected_action": [hidden.pk, known.pk, closed.pk]}
    shown = admin_client.post("/admin/whatsapp/contact/", form, follow=True).content.decode()
    assert "si conosce già" in shown
    assert "più di 24 ore" in shown
    assert [m.contact for m in Message.objects.filter(content__kind=Kind.NUMBER_REQUEST)] == [hidden]
    assert admin_client.get(f"/admin/whatsapp/contact/{hidden.pk}/change/").status_code == 200
