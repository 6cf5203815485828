"""360dialog keeps the contract; and where it differs from Meta's own."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from django.test import Client

from tests.whatsapp.provider_contract import SECRET, TOKEN, ProviderContract, outbound
from tests.whatsapp.standin import Answer, StandIn
from whatsapp import errors
from whatsapp.providers.base import Provider
from whatsapp.providers.dialog360 import Dialog360
from whatsapp.types import WebhookCall


class TestDialog360(ProviderContract):
    provider_class = Dialog360
    SEND = "POST /messages"
    UPLOAD = "POST /media"
    ABOUT_FILE = "GET /1038"
    TEMPLATES = "GET /v1/configs/templates"
    SUBMIT = "POST /v1/configs/templates"

    def accepted(self, provider_id: str) -> Answer:
        return Answer({"messaging_product": "whatsapp", "messages": [{"id": provider_id}]})

    def refused(self, code: int, status: int = 400) -> Answer:
        return Answer({"error": {"message": f"key {TOKEN}", "code": code}}, status)

    def authorised(self, headers: Any) -> bool:
        return headers["D360-API-KEY"] == TOKEN and "Authorization" not in headers

    def signed(self, body: bytes) -> dict[str, str]:
        return {"X-360dialog-Signature": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}

    def file_url(self, standin: StandIn) -> str:
        return "https://lookaside.fbsbx.com/file?mid=1038&hash=ARx"

    def template_pages(self) -> tuple[list[Answer], list[tuple[str, str]]]:
        first = {"id": "546", "name": "avviso", "language": "it", "status": "approved", "category": "UTILITY",
                 "rejected_reason": "NONE"}  # fmt: skip
        second = {"id": "547", "name": "allerta", "language": "it", "status": "rejected",
                  "category": "MARKETING", "rejected_reason": "PROMOTIONAL"}  # fmt: skip
        pages = [Answer({"waba_templates": [row], "total": 2}) for row in (first, second)]
        return pages, [("offset", "1"), ("limit", "200")]

    def test_a_file_comes_through_the_partner_who_alone_knows_the_key(
        self, provider: Provider, standin: StandIn
    ) -> None:
        self.offer(standin, Answer(b"jpeg!"))
        provider.fetch("1038", limit=5)
        assert standin.asked[1].query == {"mid": ["1038"], "hash": ["ARx"]}

    def test_a_signature_in_base64_is_good_too(self, provider: Provider) -> None:
        signature = base64.b64encode(hmac.new(SECRET.encode(), b"{}", hashlib.sha256).digest()).decode()
        provider.verify(WebhookCall(headers={"X-360dialog-Signature": signature}, body=b"{}"))

    def test_without_a_platform_secret_our_own_header_opens(self, provider: Provider, settings: Any) -> None:
        settings.WHATSAPP_APP_SECRET, settings.WHATSAPP_VERIFY_TOKEN = "", "parola nostra"
        provider.verify(WebhookCall(headers={"X-Webhook-Token": "parola nostra"}, body=b"{}"))
        for wrong in ("", "parola", "parola nostra "):
            with pytest.raises(errors.InvalidSignature):
                provider.verify(WebhookCall(headers={"X-Webhook-Token": wrong}, body=b"{}"))

    def test_with_a_platform_secret_our_own_header_is_not_enough(
        self, provider: Provider, settings: Any
    ) -> None:
        settings.WHATSAPP_VERIFY_TOKEN = "parola nostra"
        with pytest.raises(errors.InvalidSignature):
            provider.verify(WebhookCall(headers={"X-Webhook-Token": "parola nostra"}, body=b"{}"))

    def test_there_is_no_handshake(self, provider: Provider, settings: Any) -> None:
        settings.WHATSAPP_VERIFY_TOKEN = "parola nostra"
        query = {"hub.mode": "subscribe", "hub.verify_token": "parola nostra", "hub.challenge": "1"}
        assert provider.challenge(query) is None

    @pytest.mark.django_db
    def test_the_door_is_its_own(self, client: Client, settings: Any) -> None:
        settings.WHATSAPP_PROVIDER = "dialog360"
        body = b'{"object":"whatsapp_business_account","entry":[]}'
        for name, status in (("dialog360", 200), ("cloud_api", 404), ("whatsapp", 404)):
            answer = client.post(
                f"/webhooks/{name}/", body, content_type="application/json", headers=self.signed(body)
            )
            assert answer.status_code == status
        assert client.get("/webhooks/dialog360/").status_code == 403
        assert client.post("/webhooks/dialog360/", body, content_type="application/json").status_code == 403

    def test_an_unpaid_invoice_is_nobody_s_failure(self, provider: Provider, standin: StandIn) -> None:
        standin.answers[self.SEND] = Answer({"meta": {"developer_message": "payment"}}, 400)
        with pytest.raises(errors.AccountError):
            provider.send(outbound())

    def test_the_number_s_health_is_not_told(self, provider: Provider, standin: StandIn) -> None:
        with pytest.raises(errors.Unsupported):
            provider.number_health()
        assert standin.asked == []
