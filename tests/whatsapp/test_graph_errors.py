"""What each error means, row by row of the fact sheet's table (6.3), and what follows from it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.factories.whatsapp import ContactFactory
from whatsapp import channels, claims, errors, ladder, outbox
from whatsapp.providers import graph_errors
from whatsapp.types import Lane

ACCT, SOFT, SLOW = errors.AccountError, errors.NoticesStopped, errors.Throttled
RETRY, LATER, RCPT = errors.Transient, errors.Later, errors.RecipientError
DOWN = errors.ProviderDown
PROMO = errors.PromotionsRefused
TMPL, MSG, UNKNOWN = errors.WindowClosed, errors.MessageError, errors.OutcomeUnknown
# code, HTTP status (0: only in a webhook), class. The statuses come from older pages: indicative only.
TABLE: list[tuple[int, int, type[errors.ChannelError]]] = [
    (0, 401, ACCT), (1, 400, RETRY), (2, 503, DOWN), (3, 500, ACCT), (4, 400, SLOW), (10, 403, ACCT),
    (33, 400, ACCT), (100, 400, MSG), (104, 401, ACCT), (190, 401, ACCT), (200, 403, ACCT), (299, 403, ACCT),
    (368, 403, ACCT), (613, 400, SLOW), (80007, 400, SLOW), (130403, 0, RCPT), (130429, 429, SLOW),
    (130472, 400, RCPT), (130497, 403, RCPT), (131000, 500, RETRY), (131005, 403, ACCT), (131008, 400, MSG),
    (131009, 400, MSG), (131016, 500, DOWN), (131020, 400, MSG), (131021, 400, RCPT), (131026, 400, RCPT),
    (131030, 400, RCPT), (131031, 403, ACCT), (131037, 400, ACCT), (131042, 400, ACCT), (131044, 0, ACCT),
    (131045, 500, ACCT), (131047, 400, TMPL), (131048, 400, SOFT), (131049, 400, LATER), (131050, 0, PROMO),
    (131051, 400, MSG), (131052, 400, MSG), (131053, 400, MSG), (131055, 400, MSG), (131056, 400, LATER),
    (131057, 500, DOWN), (131060, 0, MSG), (131062, 400, RCPT), (131063, 400, MSG), (131064, 0, SOFT),
    (132000, 400, MSG), (132001, 404, MSG), (132005, 400, MSG), (132007, 400, MSG), (132008, 400, MSG),
    (132012, 400, MSG), (132015, 400, MSG), (132016, 400, MSG), (132018, 400, MSG), (132021, 0, MSG),
    (132068, 400, MSG), (132069, 400, MSG),
    # Of setting a number up: they never answer a message, and are no better known than any other.
    (133000, 500, UNKNOWN), (133004, 503, UNKNOWN), (133005, 400, MSG), (133006, 400, MSG),
    (133008, 400, MSG), (133009, 400, MSG), (133015, 400, MSG), (133016, 400, MSG),
    (133010, 400, ACCT), (134011, 0, ACCT), (134100, 400, MSG), (134102, 500, MSG), (135000, 400, RETRY),
    (137000, 0, RCPT), (138000, 400, MSG), (139100, 400, MSG), (139200, 0, SOFT), (2388019, 400, MSG),
    (2388299, 400, MSG), (777777, 400, MSG), (777777, 500, UNKNOWN),
]  # fmt: skip
# What the fact sheet marks **unverified** about a row: nobody has read it at Meta, so look here first.
UNVERIFIED = {
    131048: "whether it, or 130429, is also what a full 24-hour tier answers (5.3)",
    131008: "whether an empty template value answers this (1.5)",
}


def graph(code: Any, status: int = 400, **more: Any) -> errors.ChannelError:
    return graph_errors.from_graph({"code": code, "title": "In English", **more}, status=status or 400)


@pytest.mark.parametrize(("code", "status", "kind"), TABLE)
def test_every_row(code: int, status: int, kind: type[errors.ChannelError]) -> None:
    error = graph(code, status)
    assert type(error) is kind
    assert error.code == str(code)
    assert "English" not in error.text
    assert len(error.text) <= 200


def test_the_doubtful_rows_are_rows() -> None:
    assert UNVERIFIED.keys() <= {code for code, _, _ in TABLE}


def test_an_unknown_code_that_says_it_is_transient_is_tried_again() -> None:
    assert type(graph(777777, is_transient=True)) is RETRY
    assert type(graph(777777, is_transient="true")) is MSG


@pytest.mark.parametrize("code", [None, "131026", [], {}, 1.5, True, 10**30, -1])
def test_a_code_that_is_none_is_unknown(code: Any) -> None:
    assert type(graph(code)) in {MSG, RETRY}


def test_meta_s_own_words_about_a_template_are_shown_to_the_staff() -> None:
    told = graph(2388299, error_data={"details": "Variables can't be at the start"})
    assert told.text == "WhatsApp non accetta il modello: Variables can't be at the start"


def waits(error: errors.ChannelError) -> list[float]:
    """Seconds before each further attempt, as long as there is one; ten at most."""
    found = []
    for attempts in range(1, 11):
        if (pause := ladder.wait(error, attempts)) is None:
            break
        found.append(pause.total_seconds())
    return found


@pytest.mark.parametrize(
    ("code", "tries"), [(1, 2), (135000, 1), (131000, 5), (131026, 0), (132000, 0), (131047, 0), (131049, 2)]
)
def test_how_often_it_is_tried_again(code: int, tries: int) -> None:
    assert len(waits(graph(code))) == tries


def test_the_pair_limit_waits_four_times_longer_each_time() -> None:
    assert waits(graph(131056)) == [1, 4, 16, 64, 256, 1024]


def test_a_marketing_cap_waits_a_day() -> None:
    assert set(waits(graph(131049))) == {timedelta(days=1).total_seconds()}


@pytest.mark.django_db
class TestNoticesStopped:
    """131048: too many people blocked or reported us. What we write first stops, answers go on."""

    def fail(self, code: int) -> None:
        ladder.react(channels.current().pk, graph(code))

    def claimed(self, lane: Lane) -> int:
        return len(claims.claim(lane, 10))

    def test_answers_go_on_notices_and_alerts_wait(self) -> None:
        contact = ContactFactory(reachable=True)
        outbox.reply(contact, "Segnalazione ricevuta")
        for lane in (Lane.ALERT, Lane.BULK):
            outbox.send(contact, outbox.reply(contact, f"Avviso {lane}").content, lane)
        self.fail(131048)
        channel = channels.current()
        assert channel.paused_at
        assert "Le risposte proseguono" in channel.pause_reason
        assert self.claimed(Lane.ALERT) == self.claimed(Lane.BULK) == 0
        assert self.claimed(Lane.REPLY) > 0

    def test_a_full_stop_follows_it_but_not_the_other_way_round(self) -> None:
        outbox.reply(ContactFactory(reachable=True), "Segnalazione ricevuta")
        self.fail(131048)
        self.fail(190)
        assert "chiave di accesso" in channels.current().pause_reason
        self.fail(131048)
        assert "chiave di accesso" in channels.current().pause_reason
        assert self.claimed(Lane.REPLY) == 0

    def test_resuming_forgets_it(self) -> None:
        self.fail(131048)
        channels.resume(channels.current())
        self.fail(131031)
        outbox.reply(ContactFactory(reachable=True), "Segnalazione ricevuta")
        assert self.claimed(Lane.REPLY) == 0

    def test_an_answer_refused_too_is_tried_ever_less_often(self) -> None:
        assert waits(graph(131048)) == [5, 15, 60, 300, 900, 900, 900, 900, 900, 900]
