"""What waits, for the admin's home page: each card only for those who may see its things."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, PermissionsMixin, User
from django.db.models import Count, Q
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from broadcasts import approval, composing, costs
from broadcasts import progress as notice_progress
from broadcasts.models import Broadcast, Category
from broadcasts.types import LEAVING
from broadcasts.types import State as NoticeState
from regalbuto_urp.access import changes
from reports import progress as report_progress
from reports import selectors, statistics
from reports.casefile import LEVELS
from reports.models import Report
from reports.states import OPEN
from reports.states import State as ReportState
from subscribers import openings
from subscribers.models import ConsentEvent, Subscriber
from whatsapp import account, antivirus, charts, health
from whatsapp.models import IdentityConflict
from whatsapp.types import Lane, State

Card = dict[str, Any]
Viewer = AbstractBaseUser | AnonymousUser

LANES = {Lane.ALERT: "Allerte in coda", Lane.REPLY: "Risposte in coda", Lane.BULK: "Avvisi in coda"}
# As many as one takes in at a glance; the lists have them all.
REPORTS_SHOWN, NOTICES_SHOWN, DRAFTS_SHOWN, MONTHS_SHOWN = 6, 3, 5, 9
WEEKS_SHOWN = 8


def cards(user: Viewer, names: tuple[str, ...] = ()) -> dict[str, Card]:
    """The cards this person may see, by name; only the named ones, if any are named."""
    if not isinstance(user, PermissionsMixin):
        return {}
    wanted = names or tuple(CARDS)
    return {name: CARDS[name][1](user) for name in wanted if user.has_perm(CARDS[name][0])}


def reports(user: PermissionsMixin) -> Card:
    """Who waits for a person, the most serious first."""
    waiting = selectors.waiting()
    shown = list(waiting[:REPORTS_SHOWN])
    return {
        "shown": [(report, *LEVELS[report.level]) for report in shown],
        "waiting": waiting.count() if len(shown) == REPORTS_SHOWN else len(shown),
        "overdue": selectors.overdue().count(),
    }


def waiting(user: PermissionsMixin) -> Card:
    """Notices that wait for a second person, before or after they left, or for their author."""
    found, alone = list(approval.waiting()), approval.emergencies()
    submitted = [notice for notice in found if notice.state == NoticeState.SUBMITTED]
    others: set[int] = set()
    if submitted and user.has_perm("broadcasts.approve_broadcast"):
        others = {notice.pk for notice in submitted}
        others -= set(approval.written_by(user).filter(pk__in=others).values_list("pk", flat=True))
    may_write = user.has_perm("broadcasts.change_broadcast")
    return {
        "to_approve": [notice for notice in submitted if notice.pk in others],
        "submitted": [notice for notice in submitted if notice.pk not in others],
        "returned": [notice for notice in found if notice not in submitted] if may_write else [],
        "uncountersigned": [notice for notice in alone if notice.needs_countersignature],
        "year": approval.this_year(alone),
    }


def notices(user: PermissionsMixin) -> Card:
    """What is leaving, what waits to be finished, what arrived."""
    running = list(notice_progress.running())
    found = notice_progress.counts_of(running)
    drafts = Broadcast.objects.filter(state=NoticeState.DRAFT).select_related("category", "author")
    may_write = user.has_perm("broadcasts.add_broadcast")
    over = [pair for pair in notice_progress.recent(NOTICES_SHOWN + len(running)) if pair[0].pk not in found]
    leaving = Broadcast.objects.filter(state__in=LEAVING).select_related("category").order_by("leaves_at")
    return {
        "running": [(notice, found[notice.pk]) for notice in running],
        "leaving": list(leaving[:NOTICES_SHOWN]),
        "drafts": list(drafts[:DRAFTS_SHOWN]) if may_write else [],
        "recent": over[:NOTICES_SHOWN],
        "stopped": _stopped_templates(),
        "may_write": may_write,
    }


def _stopped_templates() -> list[tuple[Category, int, int]]:
    """Categories in use of whose templates WhatsApp has taken some away, how many, of how many."""
    active = Category.objects.filter(active=True).prefetch_related("templates")
    lost = [
        (category, len(composing.stopped(category)), len(category.templates.all())) for category in active
    ]
    return [row for row in lost if row[1]]


def channel(user: PermissionsMixin) -> Card:
    """How the line is."""
    line = health.snapshot()
    messages = reverse("admin:whatsapp_message_changelist") if user.has_perm("whatsapp.view_message") else ""
    return {
        "line": line,
        "quality": account.QUALITIES.get(line.quality, ""),
        "lanes": [{"label": label, "count": line.queued[lane]} for lane, label in LANES.items()],
        "uncertain_url": messages and f"{messages}?state__exact={State.UNCERTAIN.value}",
        "set_aside": _set_aside(user, line),
        "url": reverse("admin:whatsapp_channel_changelist"),
        "has_antivirus": antivirus.enabled(),
        "doubts": IdentityConflict.objects.filter(outcome=IdentityConflict.Outcome.OPEN).count(),
    }


def _set_aside(user: PermissionsMixin, line: health.Snapshot) -> list[tuple[str, int, str]]:
    """What no worker could deal with: what, how many, and the list of them, if this person may see it."""
    rows = (
        ("message", "Messaggi", line.set_aside_messages),
        ("webhookevent", "Notifiche", line.set_aside_events),
    )
    return [
        (name, count, f"{reverse(f'admin:whatsapp_{model}_changelist')}?da_parte=si")
        for model, name, count in rows
        if count and user.has_perm(f"whatsapp.view_{model}")
    ]


def subscribers(user: PermissionsMixin) -> Card:
    """How many, who came and left this month, the last months."""
    months = _subscribers_by_month()
    begin = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    this_month = ConsentEvent.objects.filter(at__gte=begin).aggregate(
        joined=Count("pk", filter=Q(kind=ConsentEvent.Kind.SUBSCRIBED)),
        left=Count("pk", filter=Q(kind=ConsentEvent.Kind.LEFT)),
    )
    return {
        "active": Subscriber.objects.filter(state=Subscriber.State.ACTIVE).count(),
        "doubts": Subscriber.objects.filter(doubt_at__isnull=False).count(),
        **this_month,
        "months": months,
        "plot": charts.line([(date_format(month, "M"), count) for month, count in months]),
    }


def _subscribers_by_month() -> list[tuple[date, int]]:
    """The months' first days and how many were subscribed at their ends, from the register."""
    joined, left = ConsentEvent.Kind.SUBSCRIBED, ConsentEvent.Kind.LEFT
    rows = (
        ConsentEvent.objects.filter(kind__in=[joined, left])
        .annotate(month=TruncMonth("at"))
        .values_list("month")
        .annotate(change=Count("pk", filter=Q(kind=joined)) - Count("pk", filter=Q(kind=left)))
        .order_by("month")
    )
    changes = {timezone.localtime(month).date(): change for month, change in rows}
    months = _months_between(min(changes), timezone.localdate()) if changes else []
    totals = accumulate(changes.get(month, 0) for month in months)
    return list(zip(months, totals, strict=True))[-MONTHS_SHOWN:]


def _months_between(first: date, last: date) -> list[date]:
    """The first days of the months from one to the other."""
    begin, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return [date(month // 12, month % 12 + 1, 1) for month in range(begin, end + 1)]


def states(user: PermissionsMixin) -> Card:
    """The reports by state, as a bar for each."""
    counts = selectors.counts_by_state()
    most = max(counts.values())
    rows = [
        {
            "label": state.label,
            "count": count,
            "url": f"{reverse('admin:reports_report_changelist')}?state__exact={state.value}",
            "bar": charts.segments([(state.label, count, report_progress.BADGES.get(state, "grey"))], most),
        }
        for state, count in counts.items()
        if count or state in (ReportState.RECEIVED, ReportState.TAKEN, ReportState.RESOLVED)
    ]
    month = Report.objects.filter(opened_at__gte=timezone.now() - timedelta(days=30))
    return {
        "rows": rows if most else [],
        "open": sum(counts[state] for state in OPEN),
        "month": statistics.summary(month),
        "statistics_url": reverse("admin:reports_report_statistics"),
    }


def arrivals(user: PermissionsMixin) -> Card:
    """The last weeks' notices: how many messages arrived and how many were read, by the week they left."""
    today = timezone.localdate()
    this = today - timedelta(days=today.weekday())
    weeks = [this - timedelta(weeks=ago) for ago in reversed(range(WEEKS_SHOWN))]
    begin = timezone.make_aware(datetime.combine(weeks[0], time()))
    sent = list(Broadcast.objects.filter(started_at__gte=begin))
    totals: dict[date, Counter[str]] = defaultdict(Counter)
    for notice, found in zip(sent, notice_progress.counts_of(sent).values(), strict=True):
        left = timezone.localdate(notice.started_at)
        totals[left - timedelta(days=left.weekday())].update(delivered=found.delivered, read=found.read)
    series = [(date_format(week, "j M"), (totals[week]["delivered"], totals[week]["read"])) for week in weeks]
    return {"plot": charts.columns(series), "notices": len(sent)}


def money(user: PermissionsMixin) -> Card:
    """What the month's messages have cost, of what was meant to be spent."""
    month = costs.month()
    return {"month": month, "pieces": month.pieces(), "over": -min(month.left(), costs.NOTHING)}


def administration(user: PermissionsMixin) -> Card:
    """Requests that wait, warnings, and superusers that are no longer needed."""
    superusers = User.objects.filter(is_superuser=True, is_active=True)
    appointed = changes.administrators().filter(is_superuser=False)
    return {
        "requests": list(changes.waiting().select_related("proposed_by")),
        "openings": list(openings.warnings()),
        # One is needed to set the service up, until there is an administrator.
        "superusers": list(superusers) if appointed.exists() else [],
    }


# card -> (permission to see it, what fills it)
CARDS: dict[str, tuple[str, Callable[[PermissionsMixin], Card]]] = {
    "administration": (changes.DECIDE, administration),
    "waiting": ("broadcasts.view_broadcast", waiting),
    "reports": ("reports.view_report", reports),
    "notices": ("broadcasts.view_broadcast", notices),
    "channel": ("whatsapp.view_channel", channel),
    "subscribers": ("subscribers.view_subscriber", subscribers),
    "states": ("reports.view_report", states),
    "arrivals": ("broadcasts.view_broadcast", arrivals),
    "money": ("broadcasts.view_budget", money),
}
# Those that change while one looks; the others wait for the next visit.
LIVE = ("administration", "waiting", "reports", "notices", "channel")
