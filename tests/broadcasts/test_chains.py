"""A notice after a notice, and who gets it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from broadcasts import audience, chains, published, resending, sending, tasks
from broadcasts.errors import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.types import Sequel, State
from subscribers.models import Subscriber
from tests.factories.broadcasts import BroadcastFactory, SubscribedContactFactory
from whatsapp.models import Contact, Message
from whatsapp.types import State as MessageState

pytestmark = pytest.mark.django_db
OUTBOUND = set(MessageState.values) - {"received"}


@pytest.fixture
def alert(approved: None, staff: Any) -> Broadcast:
    """Sent to one person for each state a message may be in."""
    for state in OUTBOUND:
        SubscribedContactFactory(profile_name=state)
    notice = sending.send(BroadcastFactory(slug="allerta-meteo", title="Allerta arancione"), staff)
    for message in Message.objects.filter(content=notice.content).select_related("contact"):
        Message.objects.filter(pk=message.pk).update(state=message.contact.profile_name)
    return Broadcast.objects.get(pk=notice.pk)


def names(notice: Broadcast) -> set[str]:
    return set(audience.of(audience.rule(notice)).values_list("profile_name", flat=True))


MAY_HAVE_IT = {"in_flight", "accepted", "sent", "delivered", "read", "uncertain"}


@pytest.mark.parametrize("sequel", [Sequel.CORRECTION, Sequel.END])
def test_exactly_those_who_may_have_it(alert: Broadcast, staff: Any, sequel: Sequel) -> None:
    SubscribedContactFactory(profile_name="joined later")
    draft = chains.begin(alert, sequel, staff)
    assert (draft.category, draft.follows, draft.state) == (alert.category, alert, State.DRAFT)
    assert names(draft) == {*MAY_HAVE_IT, "queued"}  # what is queued comes before
    stopped = sending.stop(alert, staff)
    draft.refresh_from_db()
    assert draft.follows == stopped
    assert names(draft) == MAY_HAVE_IT
    reach = audience.reach(audience.rule(draft))
    assert (reach.reached, reach.left_out) == (len(MAY_HAVE_IT), [])


def test_what_was_corrected_is_not_sent_again(alert: Broadcast, staff: Any) -> None:
    """Who gets it only now would have the error and not the correction."""
    Message.objects.filter(content=alert.content).exclude(state="failed").update(state="read")
    tasks.sweep()
    assert resending.possible(alert)
    sending.send(chains.begin(alert, Sequel.CORRECTION, staff), staff)
    alert.refresh_from_db()
    assert not resending.possible(alert)
    with pytest.raises(NotAllowed, match="superato da «Rettifica: Allerta arancione»"):
        resending.resend(alert, resending.Again.FAILED)


def test_before_there_is_a_list_nobody_can_be_corrected(
    approved: None, people: list[Contact], staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crash:
        crash.setattr(sending, "fan_out", lambda broadcast: 0)
        first = sending.send(BroadcastFactory(), staff)
    with pytest.raises(NotAllowed, match="nulla del genere"):
        chains.begin(first, Sequel.CORRECTION, staff)
    tasks.sweep()
    assert chains.begin(first, Sequel.CORRECTION, staff).follows == first


def test_an_update_is_for_everybody(alert: Broadcast, staff: Any) -> None:
    SubscribedContactFactory(profile_name="joined later")
    draft = chains.begin(alert, Sequel.UPDATE, staff)
    assert names(draft) == {*OUTBOUND, "joined later"}


def test_off_wins_between_the_two(alert: Broadcast, staff: Any) -> None:
    gone = Contact.objects.get(profile_name="read")
    Subscriber.objects.filter(contact=gone).update(state="left", left_at=timezone.now())
    draft = chains.begin(sending.stop(alert, staff), Sequel.CORRECTION, staff)
    assert names(draft) == MAY_HAVE_IT - {"read"}
    assert audience.reach(audience.rule(draft)).excluded == 1
    sent = sending.send(draft, staff)
    assert not Message.objects.filter(content=sent.content, contact=gone).exists()


def test_it_follows_who_was_merged(alert: Broadcast, staff: Any) -> None:
    old = Contact.objects.get(profile_name="read")
    new = SubscribedContactFactory(profile_name="new phone")
    Contact.objects.filter(pk=old.pk).update(merged_into=new)
    draft = chains.begin(sending.stop(alert, staff), Sequel.CORRECTION, staff)
    assert names(draft) == MAY_HAVE_IT - {"read"} | {"new phone"}


def test_the_same_button_twice_is_one_draft_and_another_is_refused(alert: Broadcast, staff: Any) -> None:
    draft = chains.begin(alert, Sequel.CORRECTION, staff)
    assert chains.begin(alert, Sequel.CORRECTION, staff) == draft
    with pytest.raises(NotAllowed, match="già seguito da «Rettifica: Allerta arancione»"):
        chains.begin(alert, Sequel.END, staff)
    sending.send(draft, staff)
    with pytest.raises(NotAllowed, match="già seguito"):
        chains.begin(alert, Sequel.CORRECTION, staff)
    with pytest.raises(IntegrityError), transaction.atomic():
        BroadcastFactory(follows=alert, sequel=Sequel.UPDATE)
    sending.stop(draft, staff)
    assert chains.begin(alert, Sequel.CORRECTION, staff) != draft  # it may be said again


def test_what_may_follow_what(alert: Broadcast, staff: Any) -> None:
    assert chains.offers(BroadcastFactory()) == []
    assert set(chains.offers(alert)) == set(Sequel)
    road = sending.send(BroadcastFactory(), staff)
    road.refresh_from_db()
    assert chains.offers(road) == [Sequel.CORRECTION, Sequel.UPDATE]
    with pytest.raises(NotAllowed, match="nulla del genere"):
        chains.begin(road, Sequel.END, staff)
    end = sending.send(chains.begin(alert, Sequel.END, staff), staff)
    end.refresh_from_db()
    assert chains.offers(alert) == []
    assert chains.offers(end) == [Sequel.CORRECTION]


def test_nobody_left_is_told(approved: None, staff: Any) -> None:
    SubscribedContactFactory()
    first = sending.send(BroadcastFactory(), staff)
    Message.objects.update(state=MessageState.FAILED)
    with pytest.raises(NotAllowed, match="non c'è nessuno a cui scrivere"):
        sending.send(chains.begin(first, Sequel.CORRECTION, staff), staff)


def test_titles_fit_and_do_not_pile_up(approved: None, people: list[Contact], staff: Any) -> None:
    first = sending.send(BroadcastFactory(title="x" * 80), staff)
    second = chains.begin(first, Sequel.CORRECTION, staff)
    assert len(second.title) == 80
    Broadcast.objects.filter(pk=second.pk).update(title="Rettifica: via Roma")
    second.refresh_from_db()
    third = chains.begin(sending.send(second, staff), Sequel.UPDATE, staff)
    assert third.title == "Aggiornamento: via Roma"


def test_an_ended_alert_is_no_longer_in_force(alert: Broadcast, staff: Any, client: Client) -> None:
    assert list(published.alerts_in_force()) == [alert]
    draft = chains.begin(alert, Sequel.END, staff)
    assert published.is_alert_in_force()  # a draft ends nothing
    end = sending.send(draft, staff)
    assert not published.is_alert_in_force()
    page = client.get(f"/avvisi/{alert.pk}/").content.decode()
    assert "Questa allerta è terminata" in page
    assert f'href="/avvisi/{end.pk}/"' in page
    page = client.get(f"/avvisi/{end.pk}/").content.decode()
    assert "L&#x27;allerta è terminata." in page or "L'allerta è terminata." in page
    assert f'href="/avvisi/{alert.pk}/"' in page
    assert "valida fino a" not in page


def test_an_update_takes_the_place_of_the_alert(alert: Broadcast, staff: Any, client: Client) -> None:
    update = sending.send(chains.begin(alert, Sequel.UPDATE, staff), staff)
    assert list(published.alerts_in_force()) == [update]
    assert "è stato aggiornato" in client.get(f"/avvisi/{alert.pk}/").content.decode()
    sending.stop(update, staff)
    assert list(published.alerts_in_force()) == [alert]
    assert "è stato aggiornato" not in client.get(f"/avvisi/{alert.pk}/").content.decode()


def test_the_list_is_frozen_by_the_rule_that_was_confirmed(alert: Broadcast, staff: Any) -> None:
    draft = sending.hold(chains.begin(alert, Sequel.CORRECTION, staff), staff)
    Broadcast.objects.filter(pk=draft.pk).update(leaves_at=timezone.now() - timedelta(seconds=1))
    Broadcast.objects.filter(pk=draft.pk).update(sequel=Sequel.UPDATE)  # to everybody, all of a sudden
    tasks.sweep()
    draft.refresh_from_db()
    assert (draft.state, draft.content) == (State.DRAFT, None)
