"""What a notice meets on its way, told before the click: WhatsApp's limits, its cost, people's patience."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import number_format

from broadcasts import audience, costs
from broadcasts.errors import NotAllowed
from broadcasts.models import Broadcast, Category
from broadcasts.types import LEAVING, State
from whatsapp import channels, claims, tiers
from whatsapp.models import Channel, Contact
from whatsapp.types import Lane

# Between these hours an ordinary notice wakes people up for what can wait: that is how a service loses them.
QUIET_FROM, QUIET_TO = time(21), time(8)
# More ordinary notices than this in a week on one topic, and people leave it.
WEEKLY_CAP, WEEK = 3, timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What to know before sending a notice to so many people."""

    warnings: list[str]
    duration: str
    day: str  # what WhatsApp still allows in 24 hours; empty where no limit is known
    cost: costs.Estimate | None
    month: costs.Month
    alert: bool

    @property
    def euro(self) -> Decimal:
        return self.cost.euro if self.cost else costs.NOTHING

    @property
    def exceeded(self) -> bool:
        """Over the month's budget?"""
        return self.month.exceeded(self.euro)

    @property
    def tick(self) -> bool:
        """Must whoever sends it say to know that? An alert goes anyway."""
        return self.exceeded and not self.alert

    @property
    def left(self) -> Decimal:
        """Of the month's budget, after it."""
        return self.month.left(self.euro)

    @property
    def over(self) -> Decimal:
        """By how much it exceeds the budget."""
        return -self.left

    @property
    def pieces(self) -> list[costs.Piece]:
        return self.month.pieces(self.euro)


def outlook(notice: Broadcast, people: QuerySet[Contact], reached: int) -> Outlook:
    """Everything at once; the queries are as many for six people as for six thousand."""
    channel, prices = channels.current(), costs.Prices()
    return Outlook(
        warnings=[*_channel(channel, notice.category, reached), *_patience(notice.category)],
        duration=_duration(channel, reached),
        day=_day(channel, Lane(notice.category.lane)),
        cost=costs.estimate(notice, people, reached, prices),
        month=costs.month(prices),
        alert=notice.category.is_alert,
    )


def _channel(channel: Channel, category: Category, people: int) -> list[str]:
    found = []
    if channel.paused_at:
        found.append(
            f"Gli invii sono in pausa ({channel.pause_reason or 'senza motivo indicato'}): l'avviso resta "
            "in coda e parte quando il canale viene riattivato."
        )
    room = tiers.room(channel, Lane(category.lane))
    if room is not None and people > room:
        found.append(
            f"WhatsApp permette di scrivere a {_n(tiers.TIERS[channel.tier])} persone nelle 24 ore e ora ne "
            f"restano {_n(room)}: {_n(people - room)} dei {_n(people)} messaggi aspettano che si liberi "
            "posto, e se l'avviso scade prima non partono."
        )
    return found


def _day(channel: Channel, lane: Lane) -> str:
    room, limit = tiers.room(channel, lane), tiers.TIERS.get(channel.tier)
    if room is None or limit is None:
        return ""
    kept = "" if lane == Lane.ALERT else f", {_n(round(limit * tiers.ALERT_SHARE))} riservate alle allerte"
    return (
        f"WhatsApp permette di scrivere ancora a {_n(room)} persone (limite {_n(limit)} al giorno, "
        f"{_n(channel.reached_today)} già raggiunte{kept})."
    )


def _n(number: int) -> str:
    return number_format(number, force_grouping=True)


def _patience(category: Category) -> list[str]:
    """Quiet hours and the weekly cap (feature 37): a word of advice, and none for emergencies."""
    if category.is_alert:
        return []
    found = [quiet(timezone.now())]
    topic = Broadcast.objects.filter(category__topic=category.topic_id, category__lane=Lane.BULK)
    week = topic.filter(started_at__gte=timezone.now() - WEEK).exclude(state=State.STOPPED)
    sent = week.count() + topic.filter(state__in=LEAVING).count()
    if sent >= WEEKLY_CAP:
        found.append(
            f"Negli ultimi sette giorni ci sono già {sent} avvisi sull'argomento «{category.topic}»: troppi "
            "avvisi spingono le persone a cancellarsi. Se può aspettare, uniscilo a un altro."
        )
    return [warning for warning in found if warning]


def quiet(at: datetime) -> str:
    """A word of advice for an ordinary notice at night; empty by day."""
    clock = timezone.localtime(at).time()
    if QUIET_TO <= clock < QUIET_FROM:
        return ""
    return (
        f"Alle {clock:%H:%M} molti dormono: un avviso che può aspettare si programma per la mattina, dopo le "
        f"{QUIET_TO:%H:%M}."
    )


def refuse_over_budget(notice: Broadcast, *, known: bool) -> None:
    """An ordinary notice over the month's budget goes only if the person has said to know it.

    Raises:
        NotAllowed: they have not.
    """
    if known or notice.category.is_alert:
        return
    people, prices = audience.of(audience.rule(notice)), costs.Prices()
    cost = costs.estimate(notice, people, people.count(), prices)
    if cost and costs.month(prices).exceeded(cost.euro):
        raise NotAllowed(
            "Con questo avviso si supera la spesa prevista per il mese: se deve partire lo stesso, segna «So "
            "che supera la spesa prevista» e conferma di nuovo. Non è partito nessun messaggio."
        )


def _duration(channel: Channel, people: int) -> str:
    """About how long handing over takes at the channel's pace, in words."""
    seconds = people / claims.pace(channel)
    if seconds < 60:
        return "meno di un minuto"
    minutes = round(seconds / 60)
    return "circa un minuto" if minutes == 1 else f"circa {minutes} minuti"
