"""What one does with a notice: send with a hold, schedule, call back, pause, resume, stop, send again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, reverse

from broadcasts import (
    audience,
    composing,
    lifecycle,
    limits,
    pausing,
    progress,
    rendering,
    resending,
    schedule,
    sending,
)
from broadcasts.admin_pages import SEND, STOP, NoticePages
from broadcasts.errors import NotAllowed
from broadcasts.forms import ScheduleForm
from broadcasts.lifecycle import Step
from broadcasts.models import Broadcast
from broadcasts.resending import Again
from broadcasts.types import State
from whatsapp.errors import ContentError


@dataclass(frozen=True, kw_only=True)
class Act:
    """A button of the notice's page: who may press it, what it does, what is logged and said."""

    permission: str
    does: Callable[[Broadcast, AbstractBaseUser], object]
    log: str
    said: str


UNDO = Act(
    permission=SEND,
    does=lambda notice, user: sending.undo(notice),
    log="Invio annullato.",
    said="Invio annullato: non è partito nessun messaggio e l'avviso è di nuovo una bozza.",
)
PAUSE = Act(
    permission=STOP,
    does=pausing.pause,
    log="Messo in pausa.",
    said="L'invio è in pausa: i messaggi che non sono ancora partiti aspettano.",
)
RESUME = Act(
    permission=SEND,
    does=lambda notice, user: pausing.resume(notice),
    log="Ripreso.",
    said="L'invio riprende da dove era.",
)
HALT = Act(
    permission=STOP,
    does=sending.stop,
    log="Fermato.",
    said="L'invio è fermo: non parte nessun altro messaggio.",
)


class NoticeSteps(NoticePages):
    """Its views call the domain and show what it says; each asks for its own permission."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self._address("<int:pk>/invia/", self.send_view, "send"),
            self._address("<int:pk>/programma/", self.schedule_view, "schedule"),
            self._address("<int:pk>/annulla/", self._button(UNDO), "undo"),
            self._address("<int:pk>/pausa/", self._button(PAUSE), "pause"),
            self._address("<int:pk>/riprendi/", self._button(RESUME), "resume"),
            self._address("<int:pk>/ferma/", self.stop_view, "stop"),
            self._address("<int:pk>/rimanda/<str:to>/", self.resend_view, "resend"),
            *super().get_urls(),
        ]

    def _notice_for(self, request: HttpRequest, pk: int, permission: str) -> Broadcast:
        """Raises Http404 or PermissionDenied."""
        notice = self._notice(request, pk)
        if not request.user.has_perm(permission):
            raise PermissionDenied
        return notice

    # --- Check and send --------------------------------------------------------------------------

    def send_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET: what goes, to how many, what stands in the way. POST: it goes after a hold, once."""
        notice = self._notice_for(request, pk, SEND)
        if request.method == "POST":
            return self._confirmed(request, notice)
        if not lifecycle.can(notice, Step.HOLD):
            return self._back(notice)
        return self._check_page(request, notice, ScheduleForm(initial=schedule.proposal()))

    def schedule_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: it leaves at the time typed; a time that cannot be comes back with the reason."""
        notice = self._notice_for(request, pk, SEND)
        form = ScheduleForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._confirmed(request, notice, form)
        if not lifecycle.can(notice, Step.SCHEDULE):
            return self._back(notice)
        return self._check_page(request, notice, form)

    def _check_page(self, request: HttpRequest, notice: Broadcast, form: ScheduleForm) -> HttpResponse:
        reach = audience.reach(notice.category)
        problem = composing.problem(notice)
        return self._page(
            request,
            "send",
            title="Controlla e invia",
            notice=notice,
            bubble=rendering.bubble(notice),
            reach=reach,
            problem=problem,
            digest="" if problem else composing.digest(notice),
            outlook=limits.outlook(notice, audience.of(notice.category), reach.reached),
            expiry_hours=notice.category.expiry_hours,
            hold_seconds=int(schedule.hold_for(notice.category).total_seconds()),
            form=form,
        )

    def _confirmed(
        self, request: HttpRequest, notice: Broadcast, form: ScheduleForm | None = None
    ) -> HttpResponse:
        user: Any = request.user
        digest = request.POST.get("digest", "")
        try:
            limits.refuse_over_budget(notice, known="over_budget" in request.POST)
            if form:
                sending.schedule_for(notice, user, form.cleaned_data["at"], digest=digest)
            else:
                sending.hold(notice, user, digest=digest)
        except (NotAllowed, ContentError) as error:
            self.message_user(request, str(error), messages.WARNING)
            notice.refresh_from_db()
            if notice.state == State.DRAFT:
                return HttpResponseRedirect(reverse("admin:broadcasts_broadcast_send", args=[notice.pk]))
        else:
            self.log_change(request, notice, "Programmato." if form else "Inviato.")
            said = "L'avviso è programmato." if form else "L'avviso sta partendo: puoi ancora annullare."
            self.message_user(request, said, messages.SUCCESS)
            if form and not notice.category.is_alert and (night := limits.quiet(form.cleaned_data["at"])):
                self.message_user(request, night, messages.WARNING)
        return self._back(notice)

    # --- One button, one effect ------------------------------------------------------------------

    def _button(self, act: Act) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            notice = self._notice_for(request, pk, act.permission)
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            return self._do(request, notice, act)

        return view

    def _do(self, request: HttpRequest, notice: Broadcast, act: Act) -> HttpResponse:
        try:
            act.does(notice, request.user)  # type: ignore[arg-type]
        except NotAllowed as error:
            self.message_user(request, str(error), messages.WARNING)
        else:
            self.log_change(request, notice, act.log)
            self.message_user(request, act.said)
        return self._back(notice)

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET: asks. POST: nothing more is handed over."""
        notice = self._notice_for(request, pk, STOP)
        if request.method == "POST":
            return self._do(request, notice, HALT)
        if not lifecycle.can(notice, Step.STOP):
            return self._back(notice)
        found = progress.counts(notice)
        return self._page(request, "stop", title="Ferma l'invio", notice=notice, counts=found)

    def resend_view(self, request: HttpRequest, pk: int, to: str) -> HttpResponse:
        """GET: to how many, and what it means. POST: those are queued again."""
        notice = self._notice_for(request, pk, SEND)
        if to not in list(Again):
            raise Http404
        again = Again(to)
        if request.method == "POST":
            act = Act(
                permission=SEND,
                does=lambda notice, user: resending.resend(notice, again),
                log=f"{resending.TITLES[again]}.",
                said="L'avviso parte di nuovo, solo per queste persone.",
            )
            return self._do(request, notice, act)
        count = progress.counts(notice).of(*resending.STATES[again])
        if not count or not resending.possible(notice):
            return self._back(notice)
        return self._page(
            request,
            "resend",
            title=resending.TITLES[again],
            notice=notice,
            count=count,
            uncertain=again == Again.UNCERTAIN,
            reasons=progress.reasons(notice, resending.STATES[again]),
        )
