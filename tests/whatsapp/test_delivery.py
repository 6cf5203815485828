"""The engine against the simulator over real HTTP: once, in order of urgency, and honest about doubt."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from regalbuto_urp.local import free_port
from tests.factories.whatsapp import ContactFactory, ContentFactory, OutboundMessageFactory, TemplateFactory
from whatsapp import account, channels, claims, contents, delivery, errors, ladder, line, media, outbox, sweep
from whatsapp.models import Attempt, Channel, Contact, Media, Message, Template
from whatsapp.types import Header, Lane, Place, State

pytestmark = pytest.mark.django_db
TOWN_HALL = Place(latitude=37.65, longitude=14.64, name="Municipio", address="Piazza della Repubblica")


def run(lane: Lane = Lane.REPLY) -> None:
    while delivery.run(lane):
        pass


def state_of(message: Message) -> str:
    message.refresh_from_db()
    return message.state


class TestHandingOver:
    def test_a_text_is_accepted_and_attempted_once(
        self, simulator: str, received: Callable[[str], int]
    ) -> None:
        contact = ContactFactory(reachable=True)
        message = outbox.reply(contact, "Buongiorno dal Comune")
        run()
        assert state_of(message) == State.ACCEPTED
        attempt = message.attempts.get()
        assert attempt.provider_id.startswith("wamid.")
        assert received(contact.phone) == 1

    def test_enqueueing_twice_gives_one_row_and_one_message(
        self, simulator: str, received: Callable[[str], int]
    ) -> None:
        contact = ContactFactory(reachable=True)
        content = ContentFactory()
        for _ in range(2):
            outbox.enqueue(content, [contact.pk], Lane.REPLY)
        run()
        outbox.enqueue(content, [contact.pk], Lane.REPLY)
        run()
        assert received(contact.phone) == 1

    @pytest.mark.parametrize("header", [Header.NONE, Header.IMAGE, Header.LOCATION])
    def test_a_template_with_each_header(
        self, simulator: str, received: Callable[[str], int], header: Header, picture: bytes
    ) -> None:
        buttons = [
            {"type": "url", "text": "Leggi", "url": "{site_url}/avvisi/{{1}}"},
            {"type": "quick_reply", "text": "ISCRIZIONE OFF", "payload": "ISCRIZIONE OFF"},
        ]
        template = TemplateFactory(header=header, buttons=buttons, status=Template.Status.DRAFT)
        account.submit(template)
        template.refresh_from_db()
        assert template.status == Template.Status.APPROVED
        content = contents.from_template(
            template,
            ["Via Roma\nchiusa", "Dalle  8\talle 14 "],
            media=stored_picture(picture) if header == Header.IMAGE else None,
            place=TOWN_HALL if header == Header.LOCATION else None,
            button_parameters=[("url", "12/"), ("quick_reply", "ISCRIZIONE OFF")],
        )  # fmt: skip
        contact = ContactFactory()  # the window is closed: templates may go all the same
        message = outbox.send(contact, content, Lane.BULK)
        run(Lane.BULK)
        assert state_of(message) == State.ACCEPTED, message.reason
        assert "*Via Roma chiusa*" in content.text
        assert received(contact.phone) == 1

    def test_a_hidden_number_is_reached_by_its_bsuid(
        self, simulator: str, received: Callable[[str], int]
    ) -> None:
        contact = ContactFactory(phone=None, bsuid="IT.777", reachable=True)
        message = outbox.reply(contact, "Buongiorno")
        run()
        assert state_of(message) == State.ACCEPTED
        assert received("IT.777") == 1


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "state", "words"),
        [
            (131026, State.FAILED, "non ha WhatsApp"),
            (132001, State.FAILED, "modello"),
            (130429, State.QUEUED, "rallentare"),
            (131056, State.QUEUED, "poco tempo"),
            (131016, State.QUEUED, "momentaneo"),
        ],
    )
    def test_what_an_error_means(self, simulator: str, code: int, state: State, words: str) -> None:
        message = outbox.reply(ContactFactory(phone=f"+39001{code}", reachable=True), "Buongiorno")
        delivery.run(Lane.REPLY)
        assert state_of(message) == state
        assert words in message.reason
        if state == State.QUEUED:
            assert message.due_at > timezone.now()

    def test_an_account_error_stops_the_channel_and_nobody_has_failed(self, simulator: str) -> None:
        message = outbox.reply(ContactFactory(phone="+39001131031", reachable=True), "Buongiorno")
        other = outbox.reply(ContactFactory(reachable=True), "Buongiorno")
        delivery.run(Lane.REPLY)
        channel = channels.current()
        assert channel.paused_at
        assert "bloccato" in channel.pause_reason
        assert state_of(message) == State.QUEUED
        later = outbox.reply(ContactFactory(reachable=True), "Buongiorno")
        run()
        assert state_of(later) == State.QUEUED
        assert state_of(other) in {State.ACCEPTED, State.QUEUED}

    def test_a_transient_error_ends_some_day(self, simulator: str) -> None:
        message = outbox.reply(ContactFactory(phone="+39001131000", reachable=True), "Buongiorno")
        for _ in range(len(ladder.LADDER) + 1):
            Message.objects.update(due_at=timezone.now())
            delivery.run(Lane.REPLY)
        assert state_of(message) == State.FAILED
        assert message.attempts.count() == len(ladder.LADDER) + 1

    def test_nobody_listening_is_safe_to_retry(self, settings: Any) -> None:
        settings.WHATSAPP_API_URL = f"http://127.0.0.1:{free_port()}/v25.0"
        message = outbox.reply(ContactFactory(reachable=True), "Buongiorno")
        delivery.run(Lane.REPLY)
        assert state_of(message) == State.QUEUED

    @pytest.mark.parametrize("fault", [{"http_status": 503}, {"lose_answer_rate": 1}])
    def test_a_lost_answer_is_uncertain_and_not_repeated(
        self, simulator: str, received: Callable[[str], int], fault: dict[str, int]
    ) -> None:
        requests.post(f"{simulator}/control/settings", json=fault, timeout=5).raise_for_status()
        contact = ContactFactory(reachable=True)
        message = outbox.reply(contact, "Buongiorno")
        run()
        run()
        assert state_of(message) == State.UNCERTAIN
        assert received(contact.phone) == (1 if "lose_answer_rate" in fault else 0)

    def test_what_was_not_begun_in_time_is_released_unsent(
        self, simulator: str, received: Callable[[str], int]
    ) -> None:
        contact = ContactFactory(reachable=True)
        message = outbox.reply(contact, "Buongiorno")
        [(attempt, slot)] = claims.claim(Lane.REPLY, 1)
        with pytest.raises(errors.NotBegun) as late:
            delivery.hand_over(delivery.prepare(attempt), slot - timedelta(seconds=2), line.Brake())
        delivery.record_failure(attempt, late.value)
        assert (state_of(message), received(contact.phone)) == (State.QUEUED, 0)
        run()
        assert (state_of(message), received(contact.phone)) == (State.ACCEPTED, 1)


class TestClaims:
    def test_who_may_no_longer_receive_is_skipped_with_a_reason(self, settings: Any) -> None:
        blocked = OutboundMessageFactory(contact__blocked=True)
        late = OutboundMessageFactory(content__expires_at=timezone.now() - timedelta(minutes=1))
        closed = OutboundMessageFactory(contact=ContactFactory())
        template = OutboundMessageFactory(contact=ContactFactory(), content__template=TemplateFactory(),
                                          content__kind="template")  # fmt: skip
        claimed = claims.claim(Lane.REPLY, 10)
        assert [attempt.message_id for attempt, _ in claimed] == [template.pk]
        assert [state_of(m) for m in (blocked, late, closed)] == [State.SKIPPED] * 3
        assert "bloccato" in blocked.reason
        assert "scaduto" in late.reason
        assert "24 ore" in closed.reason

    def test_the_apps_above_are_asked(self, settings: Any) -> None:
        settings.HANDOVER_CHECKS = ["tests.whatsapp.handlers.refuse_all"]
        message = OutboundMessageFactory()
        assert claims.claim(Lane.REPLY, 10) == []
        assert state_of(message) == State.SKIPPED
        assert message.reason == "si è cancellato alle 10:03"

    def test_a_notice_gives_way_to_an_alert_while_the_pace_is_short(self) -> None:
        OutboundMessageFactory(lane=Lane.BULK)
        OutboundMessageFactory(lane=Lane.ALERT)
        Channel.objects.filter(pk=channels.current().pk).update(
            next_slot_at=timezone.now() + claims.HORIZON / 2
        )
        assert claims.claim(Lane.BULK, 1) == []
        assert len(claims.claim(Lane.ALERT, 1)) == 1

    @given(wants=st.lists(st.integers(1, 100), min_size=1, max_size=8), pace=st.floats(0.5, 100))
    @hypothesis_settings(
        max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
    )
    def test_slots_never_exceed_the_pace(self, settings: Any, wants: list[int], pace: float) -> None:
        settings.WHATSAPP_PACE = pace
        channel = channels.current()
        Channel.objects.filter(pk=channel.pk).update(next_slot_at=timezone.now())
        slots = [slot for wanted in wants for slot in claims.reserve(channel, wanted)]
        gaps = [later - earlier for earlier, later in itertools.pairwise(slots)]
        assert all(gap >= timedelta(seconds=1 / pace) - timedelta(milliseconds=1) for gap in gaps)
        assert all(slot <= timezone.now() + claims.HORIZON for slot in slots)

    def test_a_whole_town_that_may_not_receive_does_not_jam_the_lane(self) -> None:
        expired = ContentFactory(expires_at=timezone.now() - timedelta(hours=1))
        people = Contact.objects.bulk_create(Contact(phone=f"+3933{n:08}") for n in range(1200))
        outbox.enqueue(expired, [person.pk for person in people], Lane.BULK)
        good = OutboundMessageFactory(lane=Lane.BULK)
        [(attempt, _)] = claims.claim(Lane.BULK, 8)
        assert attempt.message_id == good.pk
        assert Message.objects.filter(state=State.SKIPPED).count() == 1200

    def test_a_paused_channel_claims_nothing(self) -> None:
        message = OutboundMessageFactory()
        channels.pause(channels.current(), "prova")
        assert claims.claim(Lane.REPLY, 10) == []
        assert state_of(message) == State.QUEUED


class TestSweep:
    def lost(self, lane: Lane) -> Message:
        message = OutboundMessageFactory(lane=lane, state=State.IN_FLIGHT, attempts_made=1)
        started = timezone.now() - timedelta(minutes=3)
        Attempt.objects.create(message=message, channel=channels.current(), started_at=started)
        return message

    def test_a_dead_workers_message_is_uncertain_and_stays_so(self) -> None:
        message = self.lost(Lane.BULK)
        sweep.sweep()
        sweep.sweep()
        assert state_of(message) == State.UNCERTAIN
        assert message.attempts.count() == 1

    def test_an_alert_gets_one_second_chance_if_the_webhooks_work(self) -> None:
        message = self.lost(Lane.ALERT)
        sweep.sweep()
        assert state_of(message) == State.UNCERTAIN, "no status came in since: our webhooks may be down"
        Channel.objects.update(last_status_at=timezone.now())
        sweep.sweep()
        assert state_of(message) == State.QUEUED
        [(attempt, _)] = claims.claim(Lane.ALERT, 1)
        delivery.record_failure(attempt, errors.OutcomeUnknown("persa"))
        Attempt.objects.update(started_at=timezone.now() - timedelta(minutes=3))
        sweep.sweep()
        assert state_of(message) == State.UNCERTAIN

    def test_an_emptied_broker_is_found_again(self, django_capture_on_commit_callbacks: Any) -> None:
        OutboundMessageFactory(lane=Lane.BULK)
        with django_capture_on_commit_callbacks() as callbacks:
            sweep.sweep()
        assert [callback.args[0] for callback in callbacks] == ["whatsapp.deliver_bulk"]

    def test_without_a_broker_nothing_breaks(
        self, settings: Any, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("celery.current_app.conf.broker_url", f"redis://127.0.0.1:{free_port()}/0")
        with django_capture_on_commit_callbacks(execute=True):
            message = outbox.reply(ContactFactory(reachable=True), "Buongiorno")
        assert state_of(message) == State.QUEUED


class TestContents:
    def test_a_text_of_5000_characters_is_refused(self) -> None:
        with pytest.raises(errors.ContentError, match="5000 caratteri"):
            contents.text("x" * 5000)

    def test_an_empty_text_is_refused(self) -> None:
        with pytest.raises(errors.ContentError, match="vuoto"):
            contents.text("  \n")

    def test_a_body_over_the_limit_says_by_how_much(self) -> None:
        template = TemplateFactory()
        with pytest.raises(errors.ContentError, match="supera di"):
            contents.from_template(template, ["Titolo", "x" * 1024])

    def test_an_unapproved_template_is_refused(self) -> None:
        template = TemplateFactory(status=Template.Status.PAUSED)
        with pytest.raises(errors.ContentError, match="è sospeso"):
            contents.from_template(template, ["Titolo", "Testo"])

    def test_a_missing_picture_is_refused(self) -> None:
        with pytest.raises(errors.ContentError, match="immagine"):
            contents.from_template(TemplateFactory(header=Header.IMAGE), ["Titolo", "Testo"])


def stored_picture(picture: bytes) -> Media:
    return media.save_outgoing(SimpleUploadedFile("foto.jpg", picture))


class TestAgain:
    def test_a_message_that_must_wait_stays_queued(self, settings: Any) -> None:
        settings.HANDOVER_CHECKS = ["tests.whatsapp.handlers.postpone_all"]
        message = OutboundMessageFactory()
        assert claims.claim(Lane.REPLY, 10) == []
        assert state_of(message) == State.QUEUED
        assert message.due_at > timezone.now()
        settings.HANDOVER_CHECKS = []
        assert outbox.release(message.content) == 1
        assert len(claims.claim(Lane.REPLY, 10)) == 1

    def test_only_failed_and_uncertain_go_again(self) -> None:
        content = ContentFactory()
        for state in (State.FAILED, State.UNCERTAIN, State.DELIVERED, State.SKIPPED):
            OutboundMessageFactory(content=content, state=state)
        assert outbox.resend(content, list(State)) == 2
        assert sorted(content.messages.values_list("state", flat=True)) == [
            "delivered",
            "queued",
            "queued",
            "skipped",
        ]


class TestLimits:
    def test_two_machines_do_not_talk_to_each_other_for_ever(self) -> None:
        contact = ContactFactory(reachable=True)
        for _ in range(claims.ANSWERS_A_MINUTE + 3):
            outbox.reply(contact, "Risposta automatica")
        claimed = [pair for _ in range(5) for pair in claims.claim(Lane.REPLY, 5)]
        assert claims.ANSWERS_A_MINUTE <= len(claimed) < claims.ANSWERS_A_MINUTE + 5
        waiting = Message.objects.filter(contact=contact, state=State.QUEUED)
        assert all(message.due_at > timezone.now() for message in waiting)

    def test_ordinary_notices_leave_a_share_of_the_day_to_alerts(self) -> None:
        Channel.objects.filter(pk=channels.current().pk).update(tier="TIER_50", reached_today=38)
        taken = {}
        for lane in (Lane.BULK, Lane.ALERT):
            for _ in range(15):
                OutboundMessageFactory(lane=lane)
            taken[lane] = sum(len(claims.claim(lane, 8)) for _ in range(3))
        assert taken == {Lane.BULK: 2, Lane.ALERT: 10}

    def test_too_fast_slows_everybody_down_and_recovers(self) -> None:
        message = OutboundMessageFactory()
        [(attempt, _)] = claims.claim(Lane.REPLY, 1)
        before = claims.pace(channels.current())
        delivery.record_failure(attempt, errors.Throttled("piano", code="130429"))
        assert claims.pace(channels.current()) == before / 2
        assert state_of(message) == State.QUEUED
        Channel.objects.update(next_slot_at=timezone.now())
        for _ in range(10):
            ladder.recover()
        assert claims.pace(channels.current()) == before
