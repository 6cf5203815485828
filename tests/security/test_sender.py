"""Whose place in the queue a webhook takes is read from its JSON, however Meta orders the fields."""

from typing import Any

import pytest

from tests.whatsapp import envelopes
from tests.whatsapp.conftest import post_webhook as post_webhook
from whatsapp import inbox
from whatsapp.models import Message, WebhookEvent

pytestmark = pytest.mark.django_db
OUR_NUMBER = "393665340900"


def tap(sender: str, payload: str = "ISCRIZIONE OFF", **changes: Any) -> dict[str, Any]:
    """A template's button, in Meta's order: the message it answers before who taps."""
    row = envelopes.message(
        "button",
        {"payload": payload, "text": payload},
        **{"from": sender, "from_user_id": f"IT.{sender}"} | changes,
    )
    return envelopes.inbound({"context": {"from": OUR_NUMBER, "id": "wamid.NOTICE"}, **row})


def test_two_people_who_tap_are_two_senders(post_webhook: Any) -> None:
    for sender in ("393400000001", "393400000002"):
        assert post_webhook(tap(sender)).status_code == 200
    assert WebhookEvent.objects.values("sender").distinct().count() == 2


def test_two_people_without_a_number_are_two_senders(post_webhook: Any) -> None:
    for bsuid in ("IT.1", "IT.2"):
        post_webhook(tap("393400000001", **{"from": None, "from_user_id": bsuid}))
    assert WebhookEvent.objects.values("sender").distinct().count() == 2


def test_one_person_who_quotes_and_who_writes_is_one_sender(post_webhook: Any) -> None:
    post_webhook(tap("393400000001"))
    post_webhook(envelopes.text("ciao", **{"from": "393400000001"}))
    assert WebhookEvent.objects.values("sender").distinct().count() == 1


def test_words_in_a_message_are_no_sender(post_webhook: Any) -> None:
    for sender in ("393400000001", "393400000002"):
        post_webhook(envelopes.text('"from":"1", "messages":[', **{"from": sender}))
    post_webhook(
        envelopes.statuses({**envelopes.status("read", "wamid.1"), "note": '"messages":[{"from":"1"'})
    )
    assert WebhookEvent.objects.filter(inbox="messages").values("sender").distinct().count() == 2
    assert WebhookEvent.objects.filter(inbox="statuses").count() == 1


def test_a_flood_of_quotes_does_not_delay_a_tapped_off(post_webhook: Any) -> None:
    for n in range(30):
        post_webhook(tap("393400000001", payload=f"citazione {n}"))
    post_webhook(tap("393400000002"))
    inbox.process(WebhookEvent.Inbox.MESSAGES, limit=1)
    first = Message.objects.filter(inbound=True).order_by("pk")[0]
    assert first.content.payload == "ISCRIZIONE OFF"
    assert not Message.objects.filter(inbound=True).exclude(pk=first.pk).exists()
