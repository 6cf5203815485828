"""Eight months of the service, lived in order through the apps' own functions.

So registers, histories and numbers are those that real use would have left.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from broadcasts import approval, progress, sending
from broadcasts.models import Broadcast, Category
from regalbuto_urp.demo import chat, clock, people, pictures, stories
from regalbuto_urp.demo.people import Person
from regalbuto_urp.demo.stories import Case, Notice
from reports import casework, deciding, places, texts
from reports.models import Report
from reports.states import State
from whatsapp import media
from whatsapp.models import Media
from whatsapp.types import Place

Step = Callable[[Report, User, str], object]
MONTHS = timedelta(days=242)
# The same people and stories at every run.
SEED = 94017
JOINING = ["ISCRIZIONE ON"] * 6 + ["Iscrizione on", "iscrizione on", "Iscrizione On!", "ISCRIZIONE ON 👍"]
LEAVING = ["ISCRIZIONE OFF", "Iscrizione off", "iscrizione off grazie", "ISCRIZIONE OFF."]
TOPICS_LEFT = ["EVENTI OFF", "Eventi off", "VIABILITÀ OFF"]
QUESTIONS = ["STATO", "AIUTO", "Grazie", "Grazie mille!", "Buongiorno"]
# Out of a hundred subscribers.
LEAVE, RETURN, LEAVE_A_TOPIC, ASK = 8, 2, 6, 12


@dataclass(order=True)
class Moment:
    """Something that happens at a time."""

    at: datetime
    act: Callable[[], object] = field(compare=False)


class Town:
    """The people, the staff and what happens to them. `now` is when the months end."""

    def __init__(self, staff: dict[str, User], now: datetime) -> None:
        self.rng = Random(SEED)
        self.staff = staff
        self.now = now
        self.people = people.invent(self.rng)

    def moments(self) -> list[Moment]:
        """All that happens, in order."""
        return sorted([*self._joining(), *self._notices(), *self._cases()])

    def live(self, moment: Moment) -> None:
        """Let one thing happen, and what we say because of it arrive."""
        with clock.at(moment.at):
            moment.act()
            chat.deliver(self.rng)

    def _ago(self, days: float) -> datetime:
        return self._by_day(self.now - timedelta(days=days))

    def _later(self, moment: datetime, days: float) -> datetime:
        """Some time within so many days, never after the end nor before the moment."""
        later = moment + min(timedelta(days=days), self.now - moment) * self.rng.uniform(0.05, 0.95)
        return max(self._by_day(later), moment + timedelta(minutes=5))

    def _by_day(self, moment: datetime) -> datetime:
        """The same day between eight and eight, when people are up; the last two days stay as they are."""
        if self.now - moment < timedelta(days=2):
            return moment
        local = timezone.localtime(moment)
        minutes = 8 * 60 + (local.hour * 60 + local.minute) // 2
        return local.replace(hour=minutes // 60, minute=minutes % 60)

    # --- Subscribers ----------------------------------------------------------------------------

    def _joining(self) -> Iterator[Moment]:
        for number, person in enumerate(self.people):
            # Many at the start, when the town hears of it, then a few each week.
            joined = self._ago((MONTHS.days - 3) * (1 - self.rng.random() ** 2.2 * 0.99))
            yield self._says(joined, person, JOINING)
            yield from self._second_thoughts(number % 100, person, joined)
        for days, known in ((236, people.GIUSEPPE), (222, people.CONCETTA)):
            yield Moment(self._ago(days), partial(chat.write, known, "ISCRIZIONE ON"))

    def _second_thoughts(self, share: int, person: Person, joined: datetime) -> Iterator[Moment]:
        """`share` is the person's place among a hundred."""
        if share < LEAVE:
            left = self._later(joined, 120)
            yield self._says(left, person, LEAVING)
            if share < RETURN:
                yield self._says(self._later(left, 30), person, JOINING)
        elif share < LEAVE + LEAVE_A_TOPIC:
            yield self._says(self._later(joined, 90), person, TOPICS_LEFT)
        elif share < LEAVE + LEAVE_A_TOPIC + ASK:
            yield self._says(self._later(joined, 200), person, QUESTIONS)

    def _says(self, at: datetime, person: Person, words: list[str]) -> Moment:
        return Moment(at, partial(chat.write, person, self.rng.choice(words)))

    # --- Notices --------------------------------------------------------------------------------

    def _notices(self) -> Iterator[Moment]:
        for notice in stories.notices():
            yield Moment(self._ago(notice.days), partial(self._write_notice, notice))

    def _write_notice(self, notice: Notice) -> None:
        broadcast = Broadcast.objects.create(
            category=Category.objects.get(slug=notice.category),
            title=notice.title,
            text=notice.text,
            media=self._attachment(notice) if notice.picture else None,
            author=self.staff["segreteria"],
        )
        author, approver = self.staff["segreteria"], self.staff["responsabile"]
        if notice.fate == "draft":
            return
        broadcast = approval.submit(broadcast, author)
        if notice.fate == "returned":
            approval.send_back(broadcast, approver, notice.reason)
        if notice.fate != "sent":
            return
        sending.send(broadcast, approver)
        chat.deliver(self.rng)
        progress.finish(broadcast)

    def _attachment(self, notice: Notice) -> Media:
        picture = pictures.draw(notice.picture, self.rng)
        upload = SimpleUploadedFile(f"{notice.picture}.jpg", picture, "image/jpeg")
        return media.save_outgoing(upload, for_subscribers=True)

    # --- Reports --------------------------------------------------------------------------------

    def _cases(self) -> Iterator[Moment]:
        reporters = self.rng.sample(self.people, len(stories.cases()))
        for case, person in zip(stories.cases(), reporters, strict=True):
            yield from self._case(case, person)

    def _case(self, case: Case, person: Person) -> Iterator[Moment]:
        """The citizen's messages one after another, then what the staff do."""
        told = self._ago(case.days)
        for number, act in enumerate(self._messages(case, person)):
            yield Moment(told + timedelta(seconds=25 * number), act)
        for number, step in enumerate(STEPS[case.fate]):
            # The first step within the day, while the chat is still open; the others take their time.
            at = self._later(told, 0.9 if number == 0 else min(case.days, 12 * number))
            told = min(at, self.now)
            yield Moment(told, partial(self._step, step, case, person))

    def _messages(self, case: Case, person: Person) -> Iterator[Callable[[], object]]:
        for subject in case.pictures:
            yield partial(chat.write, person, picture=pictures.draw(subject, self.rng))
        for text in case.texts:
            yield partial(chat.write, person, text)
        if case.placed:
            latitude, longitude = places.random_point_inside(self.rng)
            place = Place(latitude=round(latitude, 6), longitude=round(longitude, 6))
            yield partial(chat.write, person, place=place)

    def _step(self, step: Step, case: Case, person: Person) -> None:
        step(_report_of(person), self.staff["segreteria"], case.answer)


def _report_of(person: Person) -> Report:
    identity = {"contact__phone": person.phone} if person.phone else {"contact__bsuid": person.bsuid}
    return Report.objects.filter(**identity).latest("opened_at")


def _take(report: Report, user: User, answer: str) -> None:
    casework.take_charge(report, user, texts.fill("taken", report))


def _note(report: Report, user: User, answer: str) -> None:
    deciding.add_note(report, user, "Sentito l'ufficio tecnico: squadra avvisata.")


def _close(outcome: State) -> Step:
    return lambda report, user, answer: casework.close(report, user, outcome, answer)


# fate -> what the staff do, in turn
STEPS: dict[str, tuple[Step, ...]] = {
    "new": (),
    "taken": (_take, _note),
    "working": (_take, _note, casework.start_work),
    "closed": (_take, _close(State.RESOLVED)),
    "rejected": (_close(State.REJECTED),),
    "not_ours": (_take, _close(State.NOT_OURS)),
}


def end_of(now: datetime | None = None) -> datetime:
    """The moment at which the practice months end: a minute ago, so that nothing lies in the future."""
    return (now or timezone.now()) - timedelta(minutes=1)
