"""The scripted conversations: the same reports in any order of arrival and however often delivered."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reports import answering, casework
from reports.models import Report, ReportEvent, ReportItem
from reports.severity import DANGER
from reports.states import State, is_open
from subscribers.models import Subscriber
from tests.factories.subscribers import SubscriberFactory
from tests.factories.whatsapp import ContactFactory
from tests.reports.scripts import (
    CHANGES,
    LATEST,
    OTHERS,
    PIECES,
    TAPS,
    TYPED,
    BadScript,
    Conversation,
    Line,
    read,
    read_all,
)
from whatsapp import inbox
from whatsapp.models import Attempt, Channel, Message
from whatsapp.types import InboundMedia, InboundMessage, Kind, Place, Sender

pytestmark = pytest.mark.django_db
TALKS = read_all()
LONGEST = max(len(talk.lines) for talk in TALKS)
EXAMPLES = 100 if os.environ.get("FAULTS") == "long" else 8
PHONES = {"Maria": "+393401112201", "Piero": "+393401112202"}
WITH_FILE = {Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.DOCUMENT}
# Danger is answered whatever was said before; «basta così» asks for its answer.
UNCOUNTED = {ReportEvent.Kind.DANGER, ReportEvent.Kind.ENDED}
Picture = dict[frozenset[int], tuple[object, ...]]


def each(talks: list[Conversation]) -> pytest.MarkDecorator:
    """A test for each; those of one conversation run in the same process, which knows what came of it."""
    return pytest.mark.parametrize(
        "talk",
        [
            pytest.param(talk, id=f"{talk.file}: {talk.title}", marks=pytest.mark.xdist_group(talk.title))
            for talk in talks
        ],
    )


# What the same conversation made when all arrived in order; and the orders that were tried.
in_order: dict[str, Picture] = {}
tried: set[tuple[str, tuple[int, ...]]] = set()


class Clock(datetime):
    """The time of the conversation, for all who ask `timezone.now`: the defaults of the models too."""

    moment: ClassVar[datetime]

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return cls.moment


class Replay:
    """One conversation as it happens to us."""

    def __init__(self, talk: Conversation) -> None:
        self.talk = talk
        self.start = timezone.now().replace(microsecond=0)
        self.user = User.objects.create_user("segreteria")
        for phone in PHONES.values():
            SubscriberFactory(contact=ContactFactory(phone=phone))
        self.by_staff: dict[int, Message] = {}  # number of a line -> what the citizen was told
        self.numbers: dict[int, str] = {}
        self.last_event = 0
        self.answers: list[tuple[int, int]] = []  # automatic: case, when what it answers was written

    def run(self, arrivals: Sequence[tuple[int, Line]], *, times: int) -> None:
        """Let everything happen; a message delivered again comes at once and after the next one too."""
        last: Line | None = None
        for seconds, line in arrivals:
            self._pass_time(seconds)
            if line.by_staff:
                self._act(line)
            else:
                for again in [line, last][:times] + [line] * (times - 1):
                    self._deliver(again or line)
                last = line
            self._look(line.written)
        self._pass_time(max(seconds for seconds, _ in arrivals) + 10 * LATEST)
        waiting = Message.objects.filter(inbound=True, handled_at=None)
        assert not waiting, [message.reason for message in waiting]

    def _at(self, seconds: int) -> datetime:
        return self.start + timedelta(seconds=seconds)

    def _pass_time(self, until: int) -> None:
        """What the program does by itself meanwhile: it asks what is still missing."""
        while due := Report.objects.filter(ask_at__lte=self._at(until)).order_by("ask_at").first():
            Clock.moment = due.ask_at
            answering.ask_pending()
            self._look(int((Clock.moment - self.start).total_seconds()))
        Clock.moment = self._at(until)

    def _deliver(self, line: Line) -> None:
        if message := inbox.keep(self._update(line)):
            inbox.handle(message.pk)

    def _update(self, line: Line) -> InboundMessage:
        kind = {**PIECES, **CHANGES, **OTHERS}.get(line.verb, Kind.BUTTON_REPLY)
        text, payload, place = self._filled(line.text), "", None
        if kind == Kind.LOCATION:
            latitude, longitude = map(float, text.split())
            text, place = "", Place(latitude=latitude, longitude=longitude)
        elif line.verb in TAPS:
            payload, title = self._button(line) if line.is_tap else ("", "")
            # Who has no such button before them writes it.
            kind = kind if payload else Kind.TEXT
            text = title or text.removeprefix(TYPED) or "Basta così"
        return InboundMessage(
            provider_id=f"wamid.{line.number}",
            sender=Sender(phone=PHONES[line.person]),
            sent_at=self._at(line.written),
            kind=kind,
            text=text,
            payload=payload,
            media=InboundMedia(provider_media_id=f"media.{line.number}") if kind in WITH_FILE else None,
            place=place,
            context_id=self._context(line),
        )

    def _filled(self, text: str) -> str:
        return re.sub(r"\{([A-Z])\}", lambda letter: self.report(letter[1]).number, text)

    def _button(self, line: Line) -> tuple[str, str]:
        """Payload and title of the newest button or row of ours that says it."""
        for message in self._told(line).select_related("content").order_by("-pk"):
            for payload, title, *_ in message.content.buttons:
                chosen = payload.endswith(f":{line.text}") if line.text else "basta" in title.lower()
                if chosen:
                    return payload, title
        return "", ""

    def _told(self, line: Line) -> Any:
        return Message.objects.filter(inbound=False, contact__phone=PHONES[line.person])

    def _context(self, line: Line) -> str:
        if line.about or (line.quotes.isdigit() and int(line.quotes) not in self.by_staff):
            return f"wamid.{line.about or line.quotes}"
        if not line.quotes:
            return ""
        staff = {message.pk for message in self.by_staff.values()}
        automatic = self._told(line).exclude(pk__in=staff)
        message = automatic.latest("pk") if line.quotes == "R" else self.by_staff[int(line.quotes)]
        channel = Channel.objects.get_or_create(phone_number_id="1")[0]
        provider_id = f"wamid.OUT{message.pk}"
        Attempt.objects.get_or_create(message=message, channel=channel, provider_id=provider_id)
        return provider_id

    def _act(self, line: Line) -> None:
        report = self.report(line.case)
        if line.verb == "ufficio":
            event = casework.answer(report, self.user, line.text)
        elif line.verb == "chiude":
            event = casework.close(report, self.user, State.RESOLVED, "Il lavoro è fatto.")
        else:
            event = casework.reopen(report, self.user, "L'abbiamo riaperta.")
        assert event.message_to_citizen
        self.by_staff[line.number] = event.message_to_citizen

    def _look(self, written: int) -> None:
        """After each step: the numbers stand, and what was answered by itself is noted."""
        now = dict(Report.objects.values_list("pk", "number"))
        assert self.numbers.items() <= now.items(), "a number once given never changes"
        self.numbers = now
        events = ReportEvent.objects.filter(pk__gt=self.last_event).order_by("pk")
        for event in events:
            self.last_event = event.pk
            if event.message_to_citizen_id and not event.actor_id and event.kind not in UNCOUNTED:
                self.answers.append((event.report_id, written))

    def report(self, letter: str) -> Report:
        """The case that the first piece of this letter is in."""
        ids = [f"wamid.{n}" for n in self.talk.pieces[letter]] or [
            f"wamid.{line.number}" for line in self.talk.lines if line.case == letter
        ]
        found = ReportItem.objects.filter(message__provider_id__in=ids).order_by("message__sent_at").first()
        assert found, f"no piece of {letter} is in a case"
        return found.report

    def picture(self) -> Picture:
        """What came of it: the lines of each case, and what it says."""
        return {
            self._lines(report): (
                report.category and report.category.slug,
                report.level,
                (report.latitude, report.longitude, report.inside_town, report.address),
                report.summary,
                report.state,
                report.opened_at - self.start,
            )
            for report in Report.objects.select_related("category")
        }

    def _lines(self, report: Report) -> frozenset[int]:
        ids = report.items.values_list("message__provider_id", flat=True)
        numbers = {int(id_.removeprefix("wamid.")) for id_ in ids}
        return frozenset(numbers & frozenset().union(*self.talk.standing.values()))

    def check(self, *, count_answers: bool) -> None:
        """Is it what the script says?"""
        assert not Subscriber.objects.exclude(state=Subscriber.State.ACTIVE), "nobody has left the service"
        made = Counter(self._lines(report) for report in Report.objects.all())
        assert made == Counter(self.talk.standing.values())
        for letter, facts in self.talk.ends.items():
            report = self.report(letter)
            texts = [self._filled(text) for text in self.talk.texts(letter)]
            assert [*dict.fromkeys(report.summary.splitlines())] == [*dict.fromkeys(texts)]
            answered = sorted(written for pk, written in self.answers if pk == report.pk)
            gaps = [later - sooner for sooner, later in pairwise(answered)]
            assert all(gap > LATEST for gap in gaps), f"{letter}: more than one answer to a burst"
            for fact in facts:
                _check_fact(report, fact, len(answered) if count_answers else None)


def _check_fact(report: Report, fact: str, answers: int | None) -> None:
    category = report.category.slug if report.category else ""
    known: dict[str, tuple[object, object]] = {
        "dentro": (report.inside_town, True),
        "fuori": (report.inside_town, False),
        "senza punto": (report.inside_town, None),
        "aperta": (is_open(report.state), True),
        "chiusa": (report.state, State.RESOLVED),
        "riaperta": (report.state, State.REOPENED),
        "chiesto il luogo": ("place" in report.asked, True),
        "non chiesto il luogo": ("place" in report.asked, False),
        "chiesto il tipo": ("kind" in report.asked, True),
        "non chiesto il tipo": ("kind" in report.asked, False),
        category: (True, True),
        "pericolo": (report.level, DANGER),
        "senza pericolo": (report.level < DANGER, True),
    }
    what, number = fact.rsplit(" ", 1)[-1], fact.split(" ")[0]
    if what in {"pezzo", "pezzi"}:
        return  # counted when the script was read
    if what in {"risposta", "risposte"}:
        assert answers is None or answers == int(number), f"{report}: {answers} answers"
        return
    is_so, expected = known.get(fact, (fact.lower() in report.address.lower(), True))
    assert is_so == expected, f"{report} is not «{fact}»: {category}, level {report.level}, {report.address}"


def replay(talk: Conversation, delays: Sequence[int], *, times: int = 1) -> Picture:
    """What the conversation makes of nothing, checked against its script; nothing of it stays."""
    arrivals = talk.arrivals(delays)
    tried.add((talk.title, tuple(line.number for _, line in arrivals)))
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        replaying = Replay(talk)
        patch.setattr(timezone, "datetime", Clock)
        replaying.run(arrivals, times=times)
        replaying.check(count_answers=not any(delays))
        picture = replaying.picture()
        transaction.set_rollback(True)
    return picture


@each(TALKS)
def test_in_order_again_and_backwards(talk: Conversation) -> None:
    punctual = [0] * len(talk.lines)
    in_order[talk.title] = replay(talk, punctual)
    assert replay(talk, punctual, times=2) == in_order[talk.title]
    if talk.may_swap:
        assert replay(talk, talk.backwards()) == in_order[talk.title]


@each([talk for talk in TALKS if talk.may_swap])
@given(delays=st.lists(st.integers(0, LATEST), min_size=LONGEST, max_size=LONGEST))
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    # An example is a whole conversation: to shrink it would take minutes, and it is short enough.
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_in_any_order_of_arrival(talk: Conversation, delays: list[int]) -> None:
    if talk.title not in in_order:
        in_order[talk.title] = replay(talk, [0] * len(talk.lines))
    order = tuple(line.number for _, line in talk.arrivals(delays))
    if (talk.title, order) not in tried:
        assert replay(talk, delays) == in_order[talk.title]


def test_there_are_many_and_each_has_its_name() -> None:
    assert len(TALKS) >= 110
    assert not [title for title, count in Counter(talk.title for talk in TALKS).items() if count > 1]


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("0:00  A  foto", "begins with"),
        ("# T", "nothing happens"),
        ("# T\n0:00 foto", "m:ss"),
        ("# T\n0:00  A  fotografia", "«fotografia» is none of"),
        ("# T\n0:00  A  foto", "how does A end"),
        ("# T\n0:00  A  foto\n= B 1 pezzo", "how does A end"),
        ("# T\n0:00  A  foto\n= A", "A fact, fact"),
        ("# T\n0:00  A  foto\n= A 2 pezzi", "A has 1 pieces"),
        ("# T\n0:00  A  @2 foto\n= A 1 pezzo", "a later line"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused(script: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "prova.txt"
    path.write_text(script, encoding="utf-8")
    with pytest.raises(BadScript, match=complaint):
        list(read(path))
