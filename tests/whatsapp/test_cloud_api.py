"""Meta's Cloud API keeps the contract; and what is its own."""

import hashlib
import hmac
from typing import Any

import pytest

from tests.whatsapp.provider_contract import SECRET, TOKEN, ProviderContract, outbound
from tests.whatsapp.standin import Answer, StandIn
from whatsapp import errors
from whatsapp.providers.base import Provider
from whatsapp.providers.cloud_api import CloudApi
from whatsapp.types import NumberHealth

NUMBER = "/v25.0/106"


class TestCloudApi(ProviderContract):
    provider_class = CloudApi
    base_path = "/v25.0"
    SEND = f"POST {NUMBER}/messages"
    UPLOAD = f"POST {NUMBER}/media"
    ABOUT_FILE = "GET /v25.0/1038"
    TEMPLATES = "GET /v25.0/102/message_templates"
    SUBMIT = "POST /v25.0/102/message_templates"

    def accepted(self, provider_id: str) -> Answer:
        return Answer({"messaging_product": "whatsapp", "messages": [{"id": provider_id}]})

    def refused(self, code: int, status: int = 400) -> Answer:
        return Answer({"error": {"message": f"token {TOKEN}", "code": code, "fbtrace_id": "Axyz"}}, status)

    def authorised(self, headers: Any) -> bool:
        return headers["Authorization"] == f"Bearer {TOKEN}" and "D360-API-KEY" not in headers

    def signed(self, body: bytes) -> dict[str, str]:
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return {"X-Hub-Signature-256": f"sha256={signature}"}

    def template_pages(self) -> tuple[list[Answer], list[tuple[str, str]]]:
        first = {"id": "546", "name": "avviso", "language": "it", "status": "APPROVED", "category": "UTILITY",
                 "rejected_reason": "NONE"}  # fmt: skip
        second = {"id": 547, "name": "allerta", "language": "it", "status": "REJECTED",
                  "category": "MARKETING", "rejected_reason": "PROMOTIONAL"}  # fmt: skip
        following = f"https://graph.facebook.com/next?access_token={TOKEN}"
        pages = [
            Answer({"data": [first], "paging": {"cursors": {"after": "QW"}, "next": following}}),
            Answer({"data": [second], "paging": {"cursors": {"after": "QX"}}}),
        ]
        return pages, [("after", "QW"), ("limit", "200")]

    @pytest.mark.parametrize(
        ("code", "status", "kind"),
        [(131000, 500, errors.Transient), (131026, 500, errors.RecipientError),
         (190, 401, errors.AccountError), (999_999, 500, errors.OutcomeUnknown),
         (999_999, 400, errors.MessageError),
         (999_999, 429, errors.Throttled), (131047, 400, errors.WindowClosed)],
    )  # fmt: skip
    def test_the_code_decides_before_the_status(
        self, provider: Provider, standin: StandIn, code: int, status: int, kind: type[errors.ChannelError]
    ) -> None:
        standin.answers[self.SEND] = self.refused(code, status)
        with pytest.raises(kind) as refused:
            provider.send(outbound())
        assert type(refused.value) is kind

    @pytest.mark.parametrize("status", ["held_for_quality_assessment", "paused"])
    def test_a_message_held_back_is_told(self, provider: Provider, standin: StandIn, status: str) -> None:
        standin.answers[self.SEND] = Answer({"messages": [{"id": "wamid.X", "message_status": status}]})
        assert "può partire più tardi, o mai" in provider.send(outbound()).note

    def test_a_message_taken_normally_has_no_note(self, provider: Provider, standin: StandIn) -> None:
        standin.answers[self.SEND] = Answer({"messages": [{"id": "wamid.X", "message_status": "accepted"}]})
        assert provider.send(outbound()).note == ""

    def test_the_number_s_health(self, provider: Provider, standin: StandIn) -> None:
        told = {"quality_rating": "GREEN", "whatsapp_business_manager_messaging_limit": "TIER_250"}
        standin.answers[f"GET {NUMBER}"] = Answer(told)
        assert provider.number_health() == NumberHealth(tier="TIER_250", quality="GREEN")

    def test_the_phone_is_preferred_and_has_its_plus(self, provider: Provider, standin: StandIn) -> None:
        provider.send(outbound(bsuid="IT.777"))
        body = standin.asked[0].json()
        assert body["to"] == "+393401112233"
        assert "recipient" not in body
