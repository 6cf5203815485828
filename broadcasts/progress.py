"""How far a notice has got: people by state, in words the staff understand."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from broadcasts import lifecycle
from broadcasts.lifecycle import Step
from broadcasts.models import Broadcast
from broadcasts.types import State as BroadcastState
from whatsapp.models import Message
from whatsapp.types import State

# Statuses still arrive for days after a notice is over; Meta repeats them for a week.
STILL_MOVING = timedelta(days=7)
ALIVE = (BroadcastState.SENDING, BroadcastState.PAUSED)
UNDER_WAY = (State.QUEUED, State.IN_FLIGHT)
PROBLEMS = (State.FAILED, State.UNCERTAIN, State.SKIPPED)


# Not a state of the channel's: handed over, and the notice expired without a receipt.
LATE = "late"
LATE_LABEL = "non consegnato entro la scadenza"
AWAITING_RECEIPT = (State.ACCEPTED, State.SENT)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A state a message can be in (a `State`, or `LATE`): how it is drawn, what it means, what to do."""

    state: str
    label: str
    colour: str
    meaning: str
    todo: str = ""


# In the order of the bar, from the best outcome on.
ROWS = (
    Row(
        state=State.READ,
        label="letto",
        colour="teal",
        meaning="La persona ha aperto il messaggio. Chi ha tolto le conferme di lettura resta «consegnato».",
    ),
    Row(
        state=State.DELIVERED,
        label="consegnato",
        colour="green",
        meaning="È arrivato sul telefono della persona.",
    ),
    Row(
        state=State.SENT,
        label="inviato",
        colour="blue",
        meaning="WhatsApp lo ha spedito; il telefono è forse spento o senza rete.",
    ),
    Row(
        state=State.ACCEPTED,
        label="consegnato al canale",
        colour="blue",
        meaning="WhatsApp lo ha preso in carico e sta per spedirlo.",
    ),
    Row(
        state=State.QUEUED,
        label="in coda",
        colour="grey",
        meaning="Aspetta il suo turno: parte da solo.",
    ),
    Row(
        state=State.UNCERTAIN,
        label="esito incerto",
        colour="amber",
        meaning="La risposta di WhatsApp si è persa: forse è arrivato, forse no.",
        todo="Di solito si chiarisce da solo. Non si ripete da sé (solo le allerte, una volta), per non "
        "inviare due volte lo stesso avviso: se serve, lo rimandi tu.",
    ),
    Row(
        state=LATE,
        label=LATE_LABEL,
        colour="amber",
        meaning="WhatsApp lo ha preso in carico, ma non ha detto che è arrivato prima della scadenza: il "
        "telefono è forse rimasto spento.",
        todo="Se l'avviso conta ancora, avvisa queste persone in un altro modo.",
    ),
    Row(
        state=State.FAILED,
        label="non riuscito",
        colour="red",
        meaning="WhatsApp non lo ha consegnato: il motivo è accanto a ogni persona.",
        todo="Apri l'elenco dei problemi. Puoi rimandarlo a queste persone o avvisarle in un altro modo.",
    ),
    Row(
        state=State.SKIPPED,
        label="saltato",
        colour="grey",
        meaning="Non è partito: la persona si è cancellata, oppure l'avviso è scaduto o è stato fermato.",
        todo="Non serve fare nulla.",
    ),
)


@dataclass(frozen=True)
class Counts:
    """People by the state of their message: each is in one; read implies delivered implies sent."""

    by_state: Mapping[str, int]
    expired: bool = False  # the notice

    def of(self, *states: State) -> int:
        """How many are in one of these states."""
        return sum(self.by_state.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        return sum(self.by_state.values())

    @property
    def queued(self) -> int:
        """Still to be handed over, the ones being handed over included."""
        return self.of(*UNDER_WAY)

    @property
    def read(self) -> int:
        return self.of(State.READ)

    @property
    def delivered(self) -> int:
        """On the phone, read or not."""
        return self.of(State.DELIVERED, State.READ)

    @property
    def handed_over(self) -> int:
        """WhatsApp has or had it, whatever came of it afterwards."""
        return self.of(State.ACCEPTED, State.SENT, State.DELIVERED, State.READ)

    @property
    def late(self) -> int:
        """Handed over, and no receipt came before the notice expired."""
        return self.of(*AWAITING_RECEIPT) if self.expired else 0

    @property
    def problems(self) -> int:
        """What a person may want to look at."""
        return self.of(State.FAILED, State.UNCERTAIN)

    def rows(self) -> list[tuple[Row, int]]:
        """Every state with its people, in the bar's order; a hand-over under way counts as queued."""
        return [(row, self._of_row(row.state)) for row in ROWS]

    def _of_row(self, state: str) -> int:
        if state == State.QUEUED:
            return self.queued
        if state == LATE:
            return self.late
        return 0 if self.expired and state in AWAITING_RECEIPT else self.by_state.get(state, 0)

    def segments(self) -> list[tuple[Row, float, float]]:
        """Pieces of a bar 100 units long: row, where it begins, how long it is. Empty ones are left out."""
        whole, x, pieces = self.total or 1, 0.0, []
        for row, count in self.rows():
            if count:
                pieces.append((row, round(x, 2), round(100 * count / whole, 2)))
                x += 100 * count / whole
        return pieces

    def share(self, count: int) -> int:
        """A number of people in percent of all."""
        return round(100 * count / self.total) if self.total else 0


def counts(broadcast: Broadcast) -> Counts:
    """Counted now, or the totals kept when the messages' rows are gone."""
    return counts_of([broadcast], fresh=True)[broadcast.pk]


def counts_of(broadcasts: Iterable[Broadcast], *, fresh: bool = False) -> dict[int, Counts]:
    """The counts of many notices with one query at most.

    Args:
        fresh: count also those that are over, whose totals the sweep keeps up to a few seconds.
    """
    broadcasts = list(broadcasts)
    asked = [b for b in broadcasts if not b.totals or b.state in ALIVE or (fresh and _moves(b))]
    by_content = _counted(asked)
    return {b.pk: Counts(by_content.get(b.content_id or 0) or b.totals, b.expired) for b in broadcasts}


def _counted(broadcasts: Iterable[Broadcast]) -> dict[int, dict[str, int]]:
    """Content -> state -> rows, of those that are no drafts; one query, if there are any."""
    by_content: dict[int, dict[str, int]] = defaultdict(dict)
    if contents := [b.content_id for b in broadcasts if b.content_id]:
        rows = Message.objects.filter(content__in=contents).values_list("content_id", "state")
        for content_id, state, count in rows.annotate(n=Count("pk")):
            by_content[content_id][state] = count
    return by_content


def _moves(broadcast: Broadcast) -> bool:
    """May statuses still arrive? Afterwards the totals stand, whatever of the rows has been purged."""
    return not broadcast.finished_at or broadcast.finished_at >= timezone.now() - STILL_MOVING


def settle(broadcasts: Iterable[Broadcast]) -> None:
    """Before their rows are purged: totals as the rows tell them, unless some are gone already."""
    broadcasts = list(broadcasts)
    counted = _counted(broadcasts)
    for notice in broadcasts:
        now = counted[notice.content_id or 0]
        if sum(now.values()) >= sum(notice.totals.values()):
            Broadcast.objects.filter(pk=notice.pk).update(totals=now)


def running() -> QuerySet[Broadcast]:
    """The notices under way, in pause too, oldest first; with their counts by `counts_of`."""
    sending = Broadcast.objects.filter(state__in=ALIVE)
    return sending.select_related("category").order_by("started_at", "pk")


def recent(n: int) -> list[tuple[Broadcast, Counts]]:
    """The last notices sent, newest first, with their counts."""
    sent = Broadcast.objects.filter(started_at__isnull=False).select_related("category")
    notices = list(sent.order_by("-started_at", "-pk")[:n])
    found = counts_of(notices)
    return [(notice, found[notice.pk]) for notice in notices]


def recipients(broadcast: Broadcast) -> QuerySet[Message]:
    """The frozen list: one message per person, with what became of it."""
    # By contact, which the index of «once per person» gives in order: by key the whole ledger would be read.
    messages = Message.objects.filter(content_id=broadcast.content_id or 0, inbound=False)
    return messages.select_related("contact").order_by("contact_id")


def problems(broadcast: Broadcast) -> QuerySet[Message]:
    """The people whose message failed, is uncertain, was skipped, or did not arrive in time."""
    states = PROBLEMS + (AWAITING_RECEIPT if broadcast.expired else ())
    return recipients(broadcast).filter(state__in=states).order_by("state", "pk")


def reasons(broadcast: Broadcast, states: Iterable[State]) -> list[tuple[str, int]]:
    """Why messages are in these states, and of how many people; the commonest first."""
    found = recipients(broadcast).filter(state__in=list(states)).order_by().values_list("reason")
    return list(found.annotate(n=Count("pk")).order_by("-n", "reason"))


def label(broadcast: Broadcast, message: Message) -> str:
    """What became of one person's message, in words."""
    late = broadcast.expired and message.state in AWAITING_RECEIPT
    return LATE_LABEL if late else message.get_state_display()


def finish_due() -> int:
    """Close the broadcasts of which nothing waits any more. Returns how many.

    While a broadcast is valid, an uncertain outcome waits too: a receipt may come, or a person may decide to
    send it again.
    """
    queued = Message.objects.filter(state__in=UNDER_WAY).values("content_id")
    uncertain = Message.objects.filter(state=State.UNCERTAIN, content_id=OuterRef("content_id"))
    over = Broadcast.objects.filter(state__in=ALIVE, queued_at__isnull=False)
    over = over.exclude(content_id__in=queued).exclude(
        Exists(uncertain), expires_at__gt=timezone.now(), state=BroadcastState.SENDING
    )
    return sum(finish(broadcast) for broadcast in over)


@transaction.atomic
def finish(broadcast: Broadcast) -> bool:
    """Close one broadcast, unless it was stopped or closed meanwhile, or something still waits."""
    broadcast = lifecycle.locked(broadcast)
    if not lifecycle.can(broadcast, Step.FINISH):
        return False
    found = counts(broadcast)
    awaits_receipts = found.of(State.UNCERTAIN) and not broadcast.expired
    if found.queued or awaits_receipts:
        return False
    lifecycle.move(broadcast, Step.FINISH)
    broadcast.finished_at = timezone.now()
    broadcast.paused_at = None
    broadcast.totals = dict(found.by_state)
    broadcast.save(update_fields=["state", "finished_at", "paused_at", "totals"])
    return True


def keep_totals() -> int:
    """Bring the totals up to date where statuses may still arrive. Returns how many changed."""
    moving = Broadcast.objects.filter(finished_at__gte=timezone.now() - STILL_MOVING)
    notices = list(moving)
    changed = []
    for notice, found in zip(notices, counts_of(notices, fresh=True).values(), strict=True):
        now = dict(Counter(found.by_state))
        if now != notice.totals:
            notice.totals = now
            changed.append(notice)
    Broadcast.objects.bulk_update(changed, ["totals"])
    return len(changed)
