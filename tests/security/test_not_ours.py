"""One app of Meta's has one webhook for all its numbers: what is about another number has no effect."""

import copy
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.factories.whatsapp import TemplateFactory
from tests.whatsapp import envelopes
from whatsapp import inbox
from whatsapp.models import (
    AccountEvent,
    Call,
    Channel,
    Contact,
    Message,
    Template,
    WebhookEvent,
)
from whatsapp.providers.cloud_api import CloudApi
from whatsapp.providers.dialog360 import Dialog360
from whatsapp.types import NotOurs, WebhookCall

pytestmark = pytest.mark.django_db
PAYLOADS = Path(__file__).resolve().parents[1] / "payloads"
OTHER_NUMBER = {"display_phone_number": "16505551111", "phone_number_id": "999999999999999"}
OTHER_ACCOUNT = "555555555555555"
ACCOUNT_NEWS = ["account_disabled", "account_restriction", "number_quality", "capability", "security"]


def payload(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return body


def of_number(body: dict[str, Any], metadata: dict[str, str]) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    changed["entry"][0]["changes"][0]["value"]["metadata"] = metadata
    return changed


def of_account(body: dict[str, Any], account: str = OTHER_ACCOUNT) -> dict[str, Any]:
    return {**body, "entry": [{**body["entry"][0], "id": account}]}


def receive(body: dict[str, Any]) -> WebhookEvent:
    event = inbox.store(CloudApi(), WebhookCall(headers={}, body=envelopes.encode(body)))
    for box in WebhookEvent.Inbox:
        inbox.process(box)
    event.refresh_from_db()
    return event


def assert_kept_without_effect(event: WebhookEvent) -> None:
    assert event.handled_at
    assert event.error.startswith("Non nostro")
    assert not Contact.objects.exists()
    assert not Message.objects.exists()
    assert not AccountEvent.objects.exists()
    assert not Call.objects.exists()
    assert not Channel.objects.exclude(paused_at=None, tier="", quality="").exists()


@pytest.mark.parametrize("text", ["ISCRIZIONE ON", "Incendio in via Roma"])
def test_messages_for_another_number_subscribe_and_report_nothing(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert_kept_without_effect(receive(of_number(envelopes.text(text), OTHER_NUMBER)))
    assert "another number" in caplog.text
    assert envelopes.PHONE not in caplog.text
    assert "999999999999999" not in caplog.text


def test_the_sample_of_metas_dashboard_is_not_ours() -> None:
    sample = {"display_phone_number": "16505551111", "phone_number_id": "123456123"}
    assert_kept_without_effect(
        receive(of_account(of_number(envelopes.text("this is a text message"), sample), "0"))
    )


@pytest.mark.parametrize("name", ACCOUNT_NEWS)
def test_news_of_another_account_stop_and_change_nothing(name: str) -> None:
    assert_kept_without_effect(receive(of_account(payload(name))))


def test_news_of_another_number_of_our_account_change_nothing() -> None:
    body = payload("number_quality")
    body["entry"][0]["changes"][0]["value"]["display_phone_number"] = "390935000000"
    assert_kept_without_effect(receive(body))
    alert = payload("account_alerts")
    alert["entry"][0]["changes"][0]["value"] |= {"entity_type": "PHONE_NUMBER", "entity_id": "999"}
    assert_kept_without_effect(receive(alert))


def test_a_template_of_another_account_with_our_name_stays_as_it_is() -> None:
    template = TemplateFactory(name="avviso_generico", status=Template.Status.DRAFT)
    assert receive(of_account(payload("template_approved"))).error.startswith("Non nostro")
    template.refresh_from_db()
    assert template.status == Template.Status.DRAFT
    receive(payload("template_approved"))
    template.refresh_from_db()
    assert template.status == Template.Status.APPROVED


def test_ours_in_the_same_webhook_has_its_effect() -> None:
    body = envelopes.text("Buongiorno")
    body["entry"] += of_number(envelopes.text("Buonasera"), OTHER_NUMBER)["entry"]
    assert receive(body).error.startswith("Non nostro")
    assert [message.text for message in Message.objects.filter(inbound=True)] == ["Buongiorno"]


@pytest.mark.parametrize(
    ("metadata", "account", "ours"),
    [
        ({"phone_number_id": "106540352242922"}, OTHER_ACCOUNT, True),  # the most precise one decides
        ({"display_phone_number": "+39 366 534 0900"}, OTHER_ACCOUNT, True),
        ({"display_phone_number": "16505551111"}, "102290129340398", False),
        ({}, "102290129340398", True),
        ({}, OTHER_ACCOUNT, False),
        ({}, "", False),
    ],
)
def test_the_most_precise_identifier_decides(metadata: dict[str, str], account: str, ours: bool) -> None:
    body = of_account(of_number(envelopes.text("Buongiorno"), metadata), account)
    updates = CloudApi().parse(envelopes.encode(body))
    assert (updates == [NotOurs()]) is not ours


def test_without_an_account_id_of_ours_360dialog_still_works(settings: Any) -> None:
    settings.WHATSAPP_WABA_ID = ""
    for body in (envelopes.text("ISCRIZIONE ON"), payload("template_approved"), payload("account_disabled")):
        assert NotOurs() not in Dialog360().parse(envelopes.encode(body))
    other = of_number(envelopes.text("ISCRIZIONE ON"), OTHER_NUMBER)
    assert Dialog360().parse(envelopes.encode(other)) == [NotOurs()]
