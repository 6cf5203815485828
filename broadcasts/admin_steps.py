"""The buttons of a notice: take back, call back, pause, resume, stop, send again, countersign, follow up."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed

from broadcasts import approval, chains, lifecycle, pausing, progress, resending, sending
from broadcasts.admin_check import NoticeCheck
from broadcasts.admin_pages import ADD, APPROVE, CHANGE, SEND, STOP
from broadcasts.errors import NotAllowed
from broadcasts.lifecycle import Step
from broadcasts.models import Broadcast
from broadcasts.resending import Again
from broadcasts.types import Sequel


@dataclass(frozen=True, kw_only=True)
class Act:
    """A button of the notice's page: who may press it (one of), what it does, what is logged and said."""

    permissions: tuple[str, ...]
    does: Callable[[Broadcast, AbstractBaseUser], object]
    log: str
    said: str


WITHDRAW = Act(
    permissions=(CHANGE,),
    does=approval.withdraw,
    log="Ripreso.",
    said="L'avviso è di nuovo una bozza: correggilo e chiedi di nuovo l'approvazione.",
)
UNDO = Act(
    permissions=(SEND, APPROVE),
    does=sending.undo,
    log="Invio annullato.",
    said="Invio annullato: non è partito nessun messaggio e l'avviso è di nuovo «{state}».",
)
PAUSE = Act(
    permissions=(STOP,),
    does=pausing.pause,
    log="Messo in pausa.",
    said="L'invio è in pausa: i messaggi che non sono ancora partiti aspettano.",
)
RESUME = Act(
    permissions=(SEND,),
    does=lambda notice, user: pausing.resume(notice),
    log="Ripreso.",
    said="L'invio riprende da dove era.",
)
HALT = Act(
    permissions=(STOP,),
    does=sending.stop,
    log="Fermato.",
    said="L'invio è fermo: non parte nessun altro messaggio.",
)
COUNTERSIGN = Act(
    permissions=(APPROVE,),
    does=approval.countersign,
    log="Controfirmato.",
    said="Hai controfirmato l'allerta.",
)


def _button(act: Act) -> Callable[..., HttpResponse]:
    """The view of a button: one press, one effect."""

    def view(self: "NoticeSteps", request: HttpRequest, pk: int) -> HttpResponse:
        notice = self._notice_for(request, pk, *act.permissions)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return self._do(request, notice, act)

    return view


class NoticeSteps(NoticeCheck):
    """Its views call the domain and show what it says; each asks for its own permission."""

    pages = {
        "withdraw": ("<int:pk>/ritira/", ""),
        "undo": ("<int:pk>/annulla/", ""),
        "pause": ("<int:pk>/pausa/", ""),
        "resume": ("<int:pk>/riprendi/", ""),
        "countersign": ("<int:pk>/controfirma/", ""),
        "stop": ("<int:pk>/ferma/", ""),
        "resend": ("<int:pk>/rimanda/<str:to>/", ""),
        "sequel": ("<int:pk>/segue/<str:kind>/", ""),
    }
    withdraw_view = _button(WITHDRAW)
    undo_view = _button(UNDO)
    pause_view = _button(PAUSE)
    resume_view = _button(RESUME)
    countersign_view = _button(COUNTERSIGN)

    def _do(self, request: HttpRequest, notice: Broadcast, act: Act) -> HttpResponse:
        try:
            act.does(notice, request.user)  # type: ignore[arg-type]
        except NotAllowed as error:
            self.message_user(request, str(error), messages.WARNING)
        else:
            self.log_change(request, notice, act.log)
            notice.refresh_from_db(fields=["state"])
            self.message_user(request, act.said.format(state=notice.get_state_display()))
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
                permissions=(SEND,),
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

    def sequel_view(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        """POST: a draft that corrects, updates or ends this notice."""
        notice = self._notice_for(request, pk, ADD)
        if kind not in Sequel.values:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            draft = chains.begin(notice, Sequel(kind), request.user)  # type: ignore[arg-type]
        except NotAllowed as error:
            self.message_user(request, str(error), messages.WARNING)
            return self._back(notice)
        return self._back(draft)
