"""The pages of a notice to look at: the preview, how far it has got, who gets it, what went wrong."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from broadcasts import (
    approval,
    audience,
    chains,
    lifecycle,
    progress,
    published,
    rendering,
    resending,
    schedule,
    versions,
)
from broadcasts.lifecycle import Step
from broadcasts.models import Broadcast
from broadcasts.types import State
from whatsapp.admin.base import Paged
from whatsapp.models import Message

PEOPLE_PAGE = 100
FOLDER = "broadcasts/broadcast"
ADD, CHANGE = "broadcasts.add_broadcast", "broadcasts.change_broadcast"
SEND, STOP = "broadcasts.send_broadcast", "broadcasts.stop_broadcast"
APPROVE, EMERGENCY = "broadcasts.approve_broadcast", "broadcasts.emergency_broadcast"
# The buttons of a notice's page, each with the permissions of which it wants one.
STEPS = [
    (Step.WITHDRAW, (CHANGE,)),
    (Step.UNDO, (SEND, APPROVE)),
    (Step.PAUSE, (STOP,)),
    (Step.RESUME, (SEND,)),
    (Step.STOP, (STOP,)),
]


def has_one_of(request: HttpRequest, permissions: Iterable[str]) -> bool:
    """Has this person one of these permissions?"""
    return any(request.user.has_perm(permission) for permission in permissions)


class NoticePages(Paged[Broadcast]):
    """Its views call the domain and show what it says; each asks for its own permission, by the notice."""

    pages = {
        "people": ("<int:pk>/destinatari/", ""),
        "problems": ("<int:pk>/problemi/", ""),
        "progress": ("<int:pk>/andamento/", ""),
    }

    def _notice(self, request: HttpRequest, pk: int) -> Broadcast:
        """Raises Http404 or PermissionDenied: whoever may not see notices sees none of these pages."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        notice = self.get_queryset(request).filter(pk=pk).first()
        if notice is None:
            raise Http404("Avviso inesistente.")
        return notice

    def _page(self, request: HttpRequest, name: str, *, title: str, **context: Any) -> TemplateResponse:
        return self.page(request, f"{FOLDER}/{name}", title, **context)

    @staticmethod
    def _back(notice: Broadcast) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:broadcasts_broadcast_change", args=[notice.pk]))

    # --- People ----------------------------------------------------------------------------------

    def people_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Who a draft would reach now, or who is on the list of a notice that was sent; numbers masked."""
        notice = self._notice(request, pk)
        sent = notice.content_id is not None
        rule = audience.rule(notice)
        people: Any = progress.recipients(notice) if sent else audience.of(rule).order_by("pk")
        page = Paginator(people, PEOPLE_PAGE).get_page(request.GET.get("p"))
        return self._page(
            request,
            "people",
            title="Destinatari",
            notice=notice,
            sent=sent,
            page=page,
            shown=_labelled(notice, page) if sent else [],
            left_out=[] if sent else audience.reach(rule).left_out,
        )

    def problems_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The people whose message did not go well, with the reason."""
        notice = self._notice(request, pk)
        page = Paginator(progress.problems(notice), PEOPLE_PAGE).get_page(request.GET.get("p"))
        return self._page(
            request,
            "problems",
            title="Persone con un problema",
            notice=notice,
            page=page,
            shown=_labelled(notice, page),
        )

    # --- Follow ----------------------------------------------------------------------------------

    def detail_page(self, request: HttpRequest, notice: Broadcast) -> HttpResponse:
        """A notice to read: what went, and how far it has got."""
        found = progress.counts(notice)
        return self._page(
            request,
            "detail",
            title=notice.title,
            notice=notice,
            bubble=rendering.bubble(notice),
            phone_time=notice.leaves_at or notice.started_at or notice.created_at,
            counts=found,
            pieces=_pieces(found),
            summary=_summary(found),
            seconds_left=schedule.seconds_left(notice.leaves_at),
            may=self._may(request, notice),
            history=versions.history(notice),
            later=published.sequel(notice),
            sequels=chains.offers(notice) if request.user.has_perm(ADD) else [],
            again=_again(notice, found) if request.user.has_perm(SEND) else [],
        )

    def _may(self, request: HttpRequest, notice: Broadcast) -> dict[str, bool]:
        """What this person may do with this notice now."""
        may = {step.value: lifecycle.can(notice, step) and has_one_of(request, p) for step, p in STEPS}
        may["approve"] = notice.state == State.SUBMITTED and self._is_second(request, notice)
        may["alone"] = self._may_alone(request, notice)
        unsigned = notice.needs_countersignature and notice.sent_by_id != request.user.pk
        may["countersign"] = unsigned and self._is_second(request, notice)
        return may

    @staticmethod
    def _is_second(request: HttpRequest, notice: Broadcast) -> bool:
        """May this person answer for what another wrote?"""
        user: Any = request.user
        return user.has_perm(APPROVE) and not approval.refusal(notice, user)

    @staticmethod
    def _may_alone(request: HttpRequest, notice: Broadcast) -> bool:
        """Is there an emergency to send without a second person, and somebody who may?"""
        alert = notice.category.is_alert and notice.category.approval
        return alert and request.user.has_perm(EMERGENCY)

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The counters as JSON, asked for every second by the page above."""
        notice = self._notice(request, pk)
        found = progress.counts(notice)
        leaving = notice.state == State.HOLDING or (notice.state == State.SENDING and not notice.queued_at)
        return JsonResponse(
            {
                "running": leaving or bool(found.queued),
                "left": schedule.seconds_left(notice.leaves_at),
                "state": notice.state,
                "label": notice.state_label,
                "tone": notice.tone,
                "summary": _summary(found),
                "total": found.total,
                "delivered": found.delivered,
                "read": found.read,
                "problems": found.problems,
                "rows": _pieces(found),
            }
        )


def _labelled(notice: Broadcast, page: Iterable[Message]) -> list[tuple[Message, str]]:
    """Messages with what became of each."""
    return [(message, progress.label(notice, message)) for message in page]


def _again(notice: Broadcast, counts: progress.Counts) -> list[dict[str, Any]]:
    """The ways to send it once more, those without people too: the page shows them when there are some."""
    if not resending.possible(notice):
        return []
    return [
        {"to": again.value, "title": title, "state": state.value, "count": counts.of(state)}
        for again, title in resending.TITLES.items()
        for state in resending.STATES[again]
    ]


def _pieces(counts: progress.Counts) -> list[dict[str, Any]]:
    """One row for each state, those without people too, with its place in the bar."""
    places = {row.state: (x, width) for row, x, width in counts.segments()}
    return [
        {
            "state": str(row.state),
            "label": row.label,
            "colour": row.colour,
            "meaning": row.meaning,
            "todo": row.todo,
            "count": count,
            "share": counts.share(count),
            "x": places.get(row.state, (0, 0))[0],
            "width": places.get(row.state, (0, 0))[1],
        }
        for row, count in counts.rows()
    ]


def _summary(counts: progress.Counts) -> str:
    """One line that a screen reader may say aloud."""
    if not counts.total:
        return "L'elenco delle persone si sta preparando."
    line = f"Arrivato a {counts.delivered} persone su {counts.total} ({counts.share(counts.delivered)}%)"
    return f"{line}, letto da {counts.read}."
