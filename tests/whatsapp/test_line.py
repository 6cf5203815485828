"""The line to the provider: a gate after a few faults, probes that cost nobody, one trial, then everybody."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from regalbuto_urp.local import free_port
from tests.factories.whatsapp import ContactFactory, ContentFactory, OutboundMessageFactory
from tests.whatsapp import standin
from whatsapp import channels, claims, delivery, errors, line, outbox, paging, sweep
from whatsapp.models import Call, Channel, Message
from whatsapp.types import Lane, Line, State

pytestmark = pytest.mark.django_db
OUT_OF_SERVICE = errors.OutcomeUnknown("WhatsApp ha risposto in modo illeggibile (500).", code="500")
REFUSED = errors.RecipientError("Il numero non ha WhatsApp.", code="131026")


def people(count: int) -> list[int]:
    return [ContactFactory(reachable=True).pk for _ in range(count)]


def states() -> Counter[str]:
    return Counter(Message.objects.values_list("state", flat=True))


def its_time() -> None:
    """The next probe or trial, and every message that waits, is due."""
    Channel.objects.update(line_next_at=timezone.now())
    Message.objects.filter(state=State.QUEUED).update(due_at=timezone.now())


def judge(*errors_: errors.ChannelError | None) -> Channel:
    """Calls that begin now come to this, one after the other."""
    channel = channels.current()
    line.judge(channel.pk, [line.Answer(timezone.now(), error) for error in errors_])
    return channels.current()


def answer_probes(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> int:
    """The provider answers: how many probes it takes until a message may be tried."""
    monkeypatch.setattr(line, "_ask_provider", lambda: "")
    for count in range(1, 10):
        its_time()
        line.probe()
        if channels.current().line == Line.TRIAL:
            return count
    raise AssertionError("no trial")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A turn is over soon after there is nothing to do; probes come when a test says so."""
    monkeypatch.setattr(delivery, "TURN", 1.0)
    line._Seen.suspect, line._Seen.faults_to_close = False, line.FAULTS_TO_CLOSE
    yield
    line._Seen.suspect, line._Seen.faults_to_close = False, line.FAULTS_TO_CLOSE


class TestGate:
    def test_a_provider_out_of_service_costs_a_handful_and_the_rest_wait(
        self, simulator: str, received: Callable[[str], int], settings: Any
    ) -> None:
        settings.WHATSAPP_PACE = 20.0  # few calls at once, however slow the machine
        requests.post(f"{simulator}/control/settings", json={"http_status": 500}, timeout=5)
        outbox.enqueue(ContentFactory(), people(40), Lane.REPLY)
        delivery.run(Lane.REPLY)
        assert channels.current().line == Line.DOWN
        uncertain = states()[State.UNCERTAIN]
        assert line.FAULTS_TO_CLOSE <= uncertain <= 10
        assert states()[State.QUEUED] == 40 - uncertain
        assert set(Message.objects.filter(state=State.QUEUED).values_list("attempts_made", flat=True)) == {0}

        for _ in range(5):  # it lasts: probes reach nobody
            its_time()
            delivery.run(Lane.REPLY)
        assert states()[State.UNCERTAIN] == uncertain

        requests.post(f"{simulator}/control/settings", json={"http_status": 0}, timeout=5)
        its_time()
        while delivery.run(Lane.REPLY):
            its_time()
        assert channels.current().line == Line.WELL
        assert states() == {State.UNCERTAIN: uncertain, State.ACCEPTED: 40 - uncertain}
        contacts = Message.objects.filter(state=State.ACCEPTED).values_list("contact__phone", flat=True)
        assert all(received(phone) == 1 for phone in contacts)

    def test_without_a_connection_nobody_is_uncertain_fails_or_uses_up_a_retry(
        self, simulator: str, settings: Any
    ) -> None:
        there = settings.WHATSAPP_API_URL
        settings.WHATSAPP_API_URL = f"http://127.0.0.1:{free_port()}/v25.0"
        outbox.enqueue(ContentFactory(), people(20), Lane.REPLY)
        for _ in range(20):
            its_time()
            delivery.run(Lane.REPLY)
        assert channels.current().line == Line.DOWN
        assert states() == {State.QUEUED: 20}
        assert set(Message.objects.values_list("attempts_made", flat=True)) == {0}
        settings.WHATSAPP_API_URL = there
        its_time()
        while delivery.run(Lane.REPLY):
            its_time()
        assert states() == {State.ACCEPTED: 20}

    def test_calls_that_hang_close_it_before_they_have_failed(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(line, "SILENCE", 0.8)
        with standin.running() as provider:
            path = f"POST /v25.0/{settings.WHATSAPP_PHONE_NUMBER_ID}/messages"
            provider.answers[path] = standin.Answer(act="silence")
            settings.WHATSAPP_API_URL = f"{provider.url}/v25.0"
            settings.WHATSAPP_PACE = 20.0
            outbox.enqueue(ContentFactory(), people(60), Lane.REPLY)
            delivery.run(Lane.REPLY)
            begun = len(provider.asked)
        assert channels.current().line_reason == delivery.SILENT
        assert begun <= line.FEW + settings.WHATSAPP_PACE * (line.PATIENCE + 0.5)
        assert states()[State.UNCERTAIN] <= begun
        assert states()[State.QUEUED] >= 60 - begun

    def test_what_refuses_one_person_shows_that_the_line_works(self) -> None:
        for _ in range(3):
            channel = judge(*[OUT_OF_SERVICE] * 4, REFUSED)
        assert (channel.line, channel.line_faults) == (Line.WELL, 0)

    def test_faults_are_counted_across_rounds_and_workers(self) -> None:
        for _ in range(line.FAULTS_TO_CLOSE):
            channel = judge(OUT_OF_SERVICE)
        assert channel.line == Line.DOWN
        assert channel.line_reason == OUT_OF_SERVICE.text
        assert claims.claim(Lane.ALERT, 5) == []

    def test_calls_from_before_the_line_changed_tell_nothing(self) -> None:
        old = timezone.now() - timedelta(seconds=30)
        channel = judge(*[OUT_OF_SERVICE] * 5)
        line.judge(channel.pk, [line.Answer(old, None)] * 10)
        assert channels.current().line == Line.DOWN


class TestReturn:
    def test_one_message_is_tried_an_alert_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        OutboundMessageFactory.create_batch(2, lane=Lane.BULK)
        alerts = OutboundMessageFactory.create_batch(3, lane=Lane.ALERT)
        channel = judge(*[OUT_OF_SERVICE] * 5)
        assert answer_probes(channel, monkeypatch) == 1
        assert claims.claim(Lane.BULK, 8) == []
        [(attempt, _slot)] = claims.claim(Lane.ALERT, 8)
        assert attempt.message_id == alerts[0].pk
        assert claims.claim(Lane.ALERT, 8) == [], "a second trial beside the first"
        assert judge(None).line == Line.WELL
        assert len(claims.claim(Lane.ALERT, 8)) == 2

    def test_a_trial_whose_worker_died_is_followed_by_another(self, monkeypatch: pytest.MonkeyPatch) -> None:
        OutboundMessageFactory.create_batch(2)
        answer_probes(judge(*[OUT_OF_SERVICE] * 5), monkeypatch)
        assert len(claims.claim(Lane.REPLY, 8)) == 1
        Channel.objects.update(line_next_at=timezone.now())
        assert len(claims.claim(Lane.REPLY, 8)) == 1

    def test_a_provider_that_answers_but_takes_nothing_costs_ever_fewer_trials(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        channel = judge(*[OUT_OF_SERVICE] * 5)
        waits = []
        for _ in range(8):
            answer_probes(channel, monkeypatch)
            channel = judge(OUT_OF_SERVICE)
            assert channel.line == Line.DOWN
            waits.append(round((channel.line_next_at - timezone.now()).total_seconds()))
        assert waits == [10, 20, 40, 80, 160, 300, 300, 300]

    def test_a_status_of_the_trial_shows_that_the_line_works_though_its_answer_was_lost(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = timezone.now()
        channel = judge(*[OUT_OF_SERVICE] * 5)
        answer_probes(channel, monkeypatch)
        trial = timezone.now()
        channel = judge(OUT_OF_SERVICE)
        assert channel.line == Line.DOWN
        assert line.hear(channel.pk, [before]) is None, "an earlier message says nothing"
        assert line.hear(channel.pk, [before, trial]) is Line.WELL
        assert channels.current().line == Line.WELL

    def test_statuses_of_earlier_messages_hide_no_fault(self) -> None:
        earlier = timezone.now()
        for _ in range(line.FAULTS_TO_CLOSE):
            channel = judge(OUT_OF_SERVICE)
            line.hear(channel.pk, [earlier])
        assert channels.current().line == Line.DOWN

    def test_a_failed_trial_belongs_to_the_same_outage(self, monkeypatch: pytest.MonkeyPatch) -> None:
        channel = judge(*[OUT_OF_SERVICE] * 5)
        answer_probes(channel, monkeypatch)
        assert judge(OUT_OF_SERVICE).line_since == channel.line_since

    def test_a_line_that_comes_and_goes_is_trusted_less(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert answer_probes(judge(*[OUT_OF_SERVICE] * 5), monkeypatch) == 1
        assert judge(None).line == Line.WELL
        assert judge(*[OUT_OF_SERVICE] * line.FAULTS_WHEN_RECENT).line == Line.DOWN
        assert answer_probes(channels.current(), monkeypatch) == line.PROOFS_WHEN_RECENT
        judge(None)
        Channel.objects.update(line_since=timezone.now() - line.RECENTLY)
        assert judge(*[OUT_OF_SERVICE] * line.FAULTS_WHEN_RECENT).line == Line.WELL, "after a calm while"

    def test_one_probe_at_a_time_and_none_while_it_is_well(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[int] = []
        monkeypatch.setattr(line, "_ask_provider", lambda: asked.append(1) or "ancora niente")
        line.probe()
        judge(*[OUT_OF_SERVICE] * 5)
        line.probe()
        assert asked == []
        its_time()
        line.probe()
        line.probe()
        sweep.sweep()
        assert asked == [1]
        assert channels.current().line_reason == "ancora niente"

    @pytest.mark.parametrize("status", [200, 400, 401, 404])
    def test_any_answer_but_an_outage_shows_that_the_provider_is_there(
        self, settings: Any, status: int
    ) -> None:
        with standin.running() as provider:
            path = f"GET /v25.0/{settings.WHATSAPP_PHONE_NUMBER_ID}"
            provider.answers[path] = standin.Answer({"id": "1"}, status)
            settings.WHATSAPP_API_URL = f"{provider.url}/v25.0"
            assert line._ask_provider() == ""

    @pytest.mark.parametrize(
        "answer",
        [standin.Answer(b"<html>", 502), standin.Answer(act="reset"), standin.Answer({}, 429)],
        ids=["502", "reset", "429"],
    )
    def test_an_outage_is_told(self, settings: Any, answer: standin.Answer) -> None:
        with standin.running() as provider:
            provider.answers[f"GET /v25.0/{settings.WHATSAPP_PHONE_NUMBER_ID}"] = answer
            settings.WHATSAPP_API_URL = f"{provider.url}/v25.0"
            assert "WhatsApp" in line._ask_provider()


class TestStaff:
    def test_they_are_called_once_for_an_outage_and_no_more_when_it_is_over(
        self, simulator: str, settings: Any
    ) -> None:
        there = settings.WHATSAPP_API_URL
        settings.WHATSAPP_API_URL = f"http://127.0.0.1:{free_port()}/v25.0"
        outbox.enqueue(ContentFactory(), people(8), Lane.REPLY)
        for _ in range(6):
            its_time()
            delivery.run(Lane.REPLY)
        call = Call.objects.get()
        assert "interrotto" in call.reason
        assert "non è raggiungibile" in call.text
        settings.WHATSAPP_API_URL = there
        its_time()
        while delivery.run(Lane.REPLY):
            its_time()
        call.refresh_from_db()
        assert call.settled_at
        assert paging.unanswered().count() == 0


def test_the_last_message_sent_is_one_that_was_accepted(simulator: str, settings: Any) -> None:
    there = settings.WHATSAPP_API_URL
    settings.WHATSAPP_API_URL = f"http://127.0.0.1:{free_port()}/v25.0"
    channels._Noted.at = 0.0
    outbox.reply(ContactFactory(reachable=True), "Buongiorno")
    delivery.run(Lane.REPLY)
    assert channels.current().last_outbound_at is None
    settings.WHATSAPP_API_URL = there
    its_time()
    while delivery.run(Lane.REPLY):
        its_time()
    assert channels.current().last_outbound_at
