"""The pace kept, and alerts that go first (figures 3 and 4)."""

import threading
import time
from dataclasses import dataclass, field

from django.db import connection, connections
from tqdm import tqdm

from broadcasts import sending
from broadcasts.models import Broadcast
from tests.benchmarks import stage
from tests.benchmarks.plot import draw
from tests.benchmarks.results import Line, Size, busiest_second, percentile, windows
from whatsapp import outbox
from whatsapp.models import Contact

PACE = 80.0
PEOPLE = {Size.FULL: 5800, Size.QUICK: 1600, Size.TINY: 240}
ALERTED = {Size.FULL: 5800, Size.QUICK: 800, Size.TINY: 160}
LEAD = {Size.FULL: 5.0, Size.QUICK: 5.0, Size.TINY: 0.5}  # seconds of ordinary messages before the alert
SPARE = 78 / (5800 / PACE)  # the design allows 5,800 alerts 78 seconds
SLOTS_QUERY = """
select extract(epoch from next_slot_at)::float, (select count(*) from whatsapp_attempt) from whatsapp_channel
"""


@dataclass
class Slots:
    """Watches the reserved slots from the database: in one snapshot, the next free slot and the attempts."""

    samples: list[tuple[float, int]] = field(default_factory=list)

    def look(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(SLOTS_QUERY)
            self.samples.append(cursor.fetchone())

    @property
    def too_many(self) -> float:
        """The most by which attempts outgrew the slots between two looks: 0, or the pace was broken."""
        pairs = zip(self.samples, self.samples[1:], strict=False)
        return max(taken - before - (slot - then) * PACE for (then, before), (slot, taken) in pairs)

    @property
    def idle(self) -> float:
        """Slots that passed unused after the first message, in seconds."""
        begun = [sample for sample in self.samples if sample[1]]
        (then, before), (slot, taken) = begun[0], begun[-1]
        return slot - then - (taken - before) / PACE


def measure(size: Size) -> list[Line]:
    """Ordinary messages at 80 a second."""
    stage.settle(PEOPLE[size])
    slots = Slots()
    with stage.crew("bulk", "bulk", "beat", pace=PACE) as crew:
        count = sending.fan_out(stage.notice())
        with tqdm(total=count, desc="pace", leave=False) as bar:
            while bar.n < count:
                slots.look()
                bar.update(crew.count() - bar.n)
                time.sleep(0.25)
        slots.look()
        times = [at for at, *_ in crew.arrivals()]
    mean = (count - 1) / (times[-1] - times[0]) / PACE
    seconds = windows(times)
    within = sum(one <= PACE * 1.05 for one in seconds) / len(seconds)
    print(draw(seconds, f"pace: {count} messages"))
    return [
        Line(
            "slots reserved beyond the pace",
            "0",
            f"{max(slots.too_many, 0):.2f} of {count}",
            slots.too_many < 0.01,
            count=count,
        ),
        Line("slots left unused while there was work", "-", f"{slots.idle:.2f} s", count=count),
        Line("mean pace at the provider", "97-101%", f"{mean:.1%}", 0.97 <= mean <= 1.01, count=len(times)),
        Line("one-second windows at most 105%", "99%", f"{within:.1%} of {len(seconds)}", count=len(times)),
        Line("busiest second", "≤ 115%", f"{busiest_second(times) / PACE:.1%}", count=len(times)),
    ]


def alerts(size: Size) -> list[Line]:
    """An alert while ordinary messages are running, and replies in between."""
    stage.settle(ALERTED[size])
    with stage.crew("alert", "reply", "bulk", "beat", pace=PACE) as crew:
        sending.fan_out(stage.notice())
        time.sleep(LEAD[size])
        alert = stage.notice("allerta-meteo")
        replies = Replies()
        began = time.time()
        count = sending.fan_out(alert)
        replies.start()
        known, name = list[stage.Arrival](), _template(alert)
        with tqdm(total=count, desc="alert", leave=False) as bar:
            while bar.n < count and time.time() < began + 240:
                time.sleep(0.5)
                known += crew.arrivals()
                bar.update(sum(one == name for *_, one in known) - bar.n)
        replies.stop()
        time.sleep(3)
        known += crew.arrivals()
    return _told(began, known, replies, alert)


def _template(notice: Broadcast) -> str:
    """By which the stand-in tells one notice from another."""
    assert notice.content is not None
    assert notice.content.template is not None
    return notice.content.template.name


def _told(began: float, known: list[stage.Arrival], replies: "Replies", alert: Broadcast) -> list[Line]:
    name = _template(alert)
    times = sorted(at for at, _, one in known if one == name)
    reached = {to: at for at, to, one in known if one == "text"}
    waits = [reached.get(to, began + 999) - at for to, at in replies.sent.items()]
    between = sum(times[0] < at < times[-1] and one not in {name, "text"} for at, _, one in known)
    lasted = times[-1] - began
    return [
        Line("first alert after it was queued", "2 s", f"{times[0] - began:.2f} s", count=len(times)),
        Line(
            f"{len(times)} alerts at {PACE:.0f}/s",
            f"{len(times) / PACE * SPARE:.1f} s",
            f"{lasted:.1f} s",
            count=len(times),
        ),
        Line("ordinary messages in between", "-", f"{between}", count=len(times)),
        Line(
            f"{len(waits)} replies meanwhile: median, slowest",
            "3 s",
            f"{percentile(waits, 0.5):.2f} s, {max(waits):.2f} s",
            count=len(waits),
        ),
    ]


class Replies:
    """Somebody is answered twice a second, from a thread of its own."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.start = self._thread.start

    def _run(self) -> None:
        for contact in Contact.objects.order_by("-pk")[:500]:
            if self._over.wait(0.5):
                break
            self.sent[str(contact.phone)] = time.time()
            outbox.reply(contact, "Sei iscritto.")
        connections.close_all()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
