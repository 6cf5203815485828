"""What the provider writes (errors, news of templates and of the account) reaches the database clean."""

from typing import Any

import pytest

from tests.factories.whatsapp import OutboundMessageFactory
from tests.whatsapp import envelopes
from tests.whatsapp.conftest import post_webhook as post_webhook
from whatsapp import channels, inbox
from whatsapp.models import AccountEvent, Attempt, WebhookEvent
from whatsapp.providers import graph_errors
from whatsapp.types import State

pytestmark = pytest.mark.django_db
BAD = "prima\x00dopo\ud800" + "x" * 5_000


def process_all() -> None:
    for box in WebhookEvent.Inbox:
        inbox.process(box)
    assert list(WebhookEvent.objects.exclude(error="").values_list("error", flat=True)) == []
    assert not WebhookEvent.objects.filter(handled_at=None).exists()


@pytest.mark.parametrize("name", ["error_user_msg", "message", "error_data", "details"])
@pytest.mark.parametrize("code", [2388299, 131026, "2388299"])
def test_errors_of_a_message(post_webhook: Any, name: str, code: Any) -> None:
    message = OutboundMessageFactory(state=State.ACCEPTED)
    attempt = Attempt.objects.create(
        message=message, channel=channels.current(), state=State.ACCEPTED, provider_id="wamid.OUT"
    )
    said = {"error_data": {"details": BAD}} if name == "details" else {name: BAD}
    error = {"code": code, "error_subcode": 2388299, "fbtrace_id": BAD, **said}
    post_webhook(envelopes.statuses({**envelopes.status("failed", "wamid.OUT"), "errors": [error]}))
    process_all()
    attempt.refresh_from_db()
    assert attempt.state == State.FAILED
    assert "prima" in attempt.error_text or code == 131026


def test_errors_about_nothing_of_ours(post_webhook: Any) -> None:
    post_webhook(envelopes.envelope({"errors": [{"code": 2388299, "error_user_msg": BAD}]}))
    process_all()
    assert "primadopo" in AccountEvent.objects.get().text


@pytest.mark.parametrize(
    "field", ["account_update", "account_alerts", "phone_number_quality_update", "security"]
)
def test_news_of_the_account(post_webhook: Any, field: str) -> None:
    value = dict.fromkeys(["event", "alert_description", "alert_type", "current_limit", "decision"], BAD)
    post_webhook(envelopes.envelope(value, field))
    process_all()
    assert AccountEvent.objects.count() == 1


def test_an_error_of_any_type_is_read() -> None:
    for value in (None, 1, 1.5, [], {}, [BAD], {"details": [BAD]}, True, BAD):
        error = {"code": 2388299, "error_user_msg": value, "error_data": value, "message": value}
        assert len(graph_errors.from_graph(error).text) <= 300
