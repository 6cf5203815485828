"""The door: only the provider gets in, everything it says is kept, nothing it says breaks us."""

from typing import Any

import pytest
from django.test import Client

from tests.factories.whatsapp import OutboundMessageFactory
from tests.whatsapp import envelopes, handlers
from whatsapp import channels, inbox
from whatsapp.models import Attempt, Contact, Message, WebhookEvent
from whatsapp.types import Kind, State

pytestmark = pytest.mark.django_db
MESSAGES, STATUSES = WebhookEvent.Inbox.MESSAGES, WebhookEvent.Inbox.STATUSES


@pytest.fixture
def echo(settings: Any) -> list[str]:
    """A handler that remembers what it was given."""
    settings.INBOUND_HANDLERS = ["tests.whatsapp.handlers.remember"]
    handlers.seen.clear()
    return handlers.seen


class TestDoor:
    def test_signature_of_the_fact_sheet(self, settings: Any, client: Client) -> None:
        settings.WHATSAPP_APP_SECRET = "s3cr3t"
        signature = "sha256=db780e74b7152a02fc0b09479909f9711f095199be060883718889797fa8638d"
        answer = client.post(
            "/webhooks/whatsapp/",
            b'{"object":"whatsapp_business_account","entry":[]}',
            content_type="application/json",
            headers={"X-Hub-Signature-256": signature},
        )
        assert answer.status_code == 200

    @pytest.mark.parametrize("signature", ["", "sha256=", "sha256=00", "sha1=abc", "é"])
    def test_unsigned_is_refused_and_not_stored(self, post_webhook: Any, signature: str) -> None:
        answer = post_webhook(envelopes.text("ciao"), **{"X-Hub-Signature-256": signature})
        assert answer.status_code == 403
        assert not WebhookEvent.objects.exists()

    def test_another_secret_is_refused_without_telling_what_was_expected(self, post_webhook: Any) -> None:
        raw = envelopes.encode(envelopes.text("ciao"))
        answer = post_webhook(raw, **{"X-Hub-Signature-256": envelopes.sign(raw, "altro")})
        assert answer.status_code == 403
        assert envelopes.sign(raw)[7:].encode() not in answer.content

    def test_without_a_secret_nothing_is_accepted(self, settings: Any, post_webhook: Any) -> None:
        settings.WHATSAPP_APP_SECRET = ""
        raw = envelopes.encode(envelopes.text("ciao"))
        assert post_webhook(raw, **{"X-Hub-Signature-256": envelopes.sign(raw, "")}).status_code == 403

    def test_a_signature_of_another_body_is_refused(self, post_webhook: Any) -> None:
        signature = envelopes.sign(envelopes.encode(envelopes.text("ISCRIZIONE ON")))
        answer = post_webhook(envelopes.text("ISCRIZIONE OFF"), **{"X-Hub-Signature-256": signature})
        assert (answer.status_code, answer.content.decode()) == (403, "Firma non valida.")

    def test_handshake(self, client: Client, settings: Any) -> None:
        query = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
        good = client.get(
            "/webhooks/cloud_api/", {**query, "hub.verify_token": settings.WHATSAPP_VERIFY_TOKEN}
        )
        bad = client.get("/webhooks/cloud_api/", {**query, "hub.verify_token": "altro"})
        assert (good.status_code, good.content) == (200, b"1158201444")
        assert bad.status_code == 403

    def test_unknown_provider(self, client: Client) -> None:
        assert client.post("/webhooks/altro/", b"{}", content_type="application/json").status_code == 404

    def test_three_megabytes_are_taken(self, post_webhook: Any) -> None:
        body = envelopes.text("x" * 3_000_000)
        assert post_webhook(body).status_code == 200
        assert inbox.process(MESSAGES) == 1
        text = Message.objects.get().text
        assert text.startswith("x" * 65_536 + " […testo troppo lungo")
        assert len(text) < 66_000

    def test_a_long_text_is_kept_whole(self, post_webhook: Any) -> None:
        text = "Buongiorno, scrivo per la terza volta. " * 500
        post_webhook(envelopes.text(text))
        inbox.process(MESSAGES)
        assert Message.objects.get().text == text

    def test_more_than_the_provider_may_send_is_refused(self, post_webhook: Any) -> None:
        assert post_webhook(b" " * 5_000_000).status_code == 400


class TestReading:
    @pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'{"entry": 3}', b"\xff\xfe", b"[" * 100_000])
    def test_malformed_is_kept_and_shown(self, post_webhook: Any, raw: bytes) -> None:
        assert post_webhook(raw).status_code == 200
        inbox.process(STATUSES)
        event = WebhookEvent.objects.get()
        assert bytes(event.body) == raw
        assert event.handled_at
        assert event.error.startswith("Illeggibile")

    @pytest.mark.parametrize(
        ("type_", "content", "kind"),
        [
            ("text", {"body": "ciao"}, Kind.TEXT),
            ("text", {"body": ""}, Kind.TEXT),
            ("text", {}, Kind.TEXT),
            ("location", {"latitude": 37.65, "longitude": 14.64}, Kind.LOCATION),
            ("location", {"latitude": "nord"}, Kind.OTHER),
            ("location", {"latitude": 500, "longitude": 14.64}, Kind.OTHER),
            ("image", {"id": "123", "mime_type": "image/jpeg", "caption": "buca"}, Kind.IMAGE),
            ("image", {}, Kind.OTHER),
            ("sticker", {"id": "124"}, Kind.STICKER),
            ("button", {"payload": "ISCRIZIONE OFF", "text": "ISCRIZIONE OFF"}, Kind.BUTTON_REPLY),
            (
                "interactive",
                {"type": "list_reply", "list_reply": {"id": "a", "title": "b"}},
                Kind.BUTTON_REPLY,
            ),
            ("reaction", {"message_id": "wamid.X"}, Kind.REACTION),
            ("unsupported", {"type": "poll"}, Kind.UNSUPPORTED),
            ("contacts", [{"name": {}}], Kind.CONTACTS),
            ("holographic", {"depth": 3}, Kind.OTHER),
            ("text", "not an object", Kind.TEXT),
        ],
    )
    def test_every_kind_is_kept(self, post_webhook: Any, type_: str, content: Any, kind: Kind) -> None:
        post_webhook(envelopes.inbound(envelopes.message(type_, content)))
        inbox.process(MESSAGES)
        assert Message.objects.get().content.kind == kind
        assert not WebhookEvent.objects.filter(handled_at=None).exists()

    def test_a_citizen_without_a_number(self, post_webhook: Any) -> None:
        post_webhook({**envelopes.inbound(envelopes.message(**{"from": None}))})
        inbox.process(MESSAGES)
        contact = Contact.objects.get()
        assert (contact.phone, contact.bsuid) == (None, envelopes.BSUID)

    def test_ten_times_the_same_webhook_has_one_effect(self, post_webhook: Any, echo: list[str]) -> None:
        body = envelopes.text("ISCRIZIONE ON")
        for _ in range(10):
            assert post_webhook(body).status_code == 200
        inbox.process(MESSAGES)
        assert Message.objects.count() == 1
        assert echo == ["ISCRIZIONE ON"]

    def test_replayed_later_it_has_no_second_effect(self, post_webhook: Any, echo: list[str]) -> None:
        body = envelopes.text("ISCRIZIONE ON")
        for _ in range(3):
            post_webhook(body)
            inbox.process(MESSAGES)
        assert echo == ["ISCRIZIONE ON"]
        assert not WebhookEvent.objects.filter(handled_at=None).exists()

    def test_several_messages_in_one_webhook(self, post_webhook: Any, echo: list[str]) -> None:
        rows = [envelopes.message(content={"body": str(n)}) for n in range(5)]
        post_webhook(envelopes.inbound(*rows))
        inbox.process(MESSAGES)
        assert echo == ["0", "1", "2", "3", "4"]

    def test_a_failing_handler_loses_nothing(self, post_webhook: Any, settings: Any) -> None:
        settings.INBOUND_HANDLERS = ["tests.whatsapp.handlers.fail"]
        post_webhook(envelopes.text("ciao"))
        inbox.process(MESSAGES)
        message = Message.objects.get()
        assert message.handled_at is None
        assert "riprova" in message.reason
        settings.INBOUND_HANDLERS = ["tests.whatsapp.handlers.remember"]
        Message.objects.update(due_at=message.created_at)
        inbox.process(MESSAGES)
        message.refresh_from_db()
        assert message.handled_at

    def test_nul_and_lone_surrogates_do_not_reach_the_database(self, post_webhook: Any) -> None:
        raw = envelopes.encode(envelopes.text("CIAO")).replace(b"CIAO", b"a\\u0000b\\ud800c")
        post_webhook(raw)
        inbox.process(MESSAGES)
        assert Message.objects.get().text == "abc"

    def test_a_recycled_number_inherits_nothing(self, post_webhook: Any) -> None:
        post_webhook(envelopes.text("ciao"))
        post_webhook(envelopes.text("salve", from_user_id="IT.999"))
        inbox.process(MESSAGES)
        old, new = Contact.objects.order_by("pk")
        assert (old.phone, old.bsuid) == (None, envelopes.BSUID)
        assert (new.phone, new.bsuid) == ("+393401112233", "IT.999")

    def test_a_change_of_number_keeps_the_person(self, post_webhook: Any) -> None:
        post_webhook(envelopes.text("ciao"))
        change = {"type": "user_changed_number", "wa_id": "393479998877", "user_id": "IT.NEW",
                  "previous_user_id": envelopes.BSUID}  # fmt: skip
        post_webhook(envelopes.inbound(envelopes.message("system", change)))
        inbox.process(MESSAGES)
        contact = Contact.objects.get()
        assert (contact.phone, contact.bsuid) == ("+393479998877", "IT.NEW")
        assert contact.aliases.get().phone == "+393401112233"


class TestStatuses:
    @pytest.fixture
    def attempt(self) -> Attempt:
        message = OutboundMessageFactory(state=State.ACCEPTED)
        return Attempt.objects.create(
            message=message, channel=channels.current(), state=State.ACCEPTED, provider_id="wamid.OUT"
        )

    def deliver(self, post_webhook: Any, attempt: Attempt, *states: str, **extra: Any) -> Message:
        for state in states:
            post_webhook(envelopes.statuses(envelopes.status(state, "wamid.OUT", **extra)))
        inbox.process(STATUSES)
        attempt.message.refresh_from_db()
        return attempt.message

    def test_in_the_wrong_order(self, post_webhook: Any, attempt: Attempt) -> None:
        message = self.deliver(post_webhook, attempt, "read", "delivered", "sent", "delivered")
        assert message.state == State.READ

    def test_read_without_delivered(self, post_webhook: Any, attempt: Attempt) -> None:
        assert self.deliver(post_webhook, attempt, "sent", "read").state == State.READ

    def test_failed_says_why_in_italian(self, post_webhook: Any, attempt: Attempt) -> None:
        message = self.deliver(post_webhook, attempt, "failed", code=131026)
        assert message.state == State.FAILED
        assert "non ha WhatsApp" in message.reason

    def test_failed_never_follows_delivered(self, post_webhook: Any, attempt: Attempt) -> None:
        message = self.deliver(post_webhook, attempt, "delivered", "failed", code=131026)
        assert message.state == State.DELIVERED

    def test_of_an_unknown_message(self, post_webhook: Any, attempt: Attempt) -> None:
        post_webhook(envelopes.statuses(envelopes.status("read", "wamid.NOBODY")))
        inbox.process(STATUSES)
        event = WebhookEvent.objects.get()
        assert event.handled_at
        assert not event.error

    def test_the_opaque_id_finds_an_attempt_whose_answer_was_lost(
        self, post_webhook: Any, attempt: Attempt
    ) -> None:
        Attempt.objects.update(provider_id=None, state=State.UNCERTAIN)
        Message.objects.update(state=State.UNCERTAIN)
        message = self.deliver(post_webhook, attempt, "delivered", opaque_id=attempt.opaque_id)
        attempt.refresh_from_db()
        assert message.state == State.DELIVERED
        assert attempt.provider_id == "wamid.OUT"

    def test_citizens_do_not_wait_behind_receipts(self, post_webhook: Any) -> None:
        post_webhook(envelopes.statuses(envelopes.status("read", "wamid.X")))
        post_webhook(envelopes.text("iscrizione off"))
        assert list(WebhookEvent.objects.order_by("pk").values_list("inbox", flat=True)) == [
            STATUSES,
            MESSAGES,
        ]
