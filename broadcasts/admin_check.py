"""The page before a notice goes: what it says, to how many; then ask, send, approve, return, or go alone."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from broadcasts import (
    approval,
    audience,
    composing,
    lifecycle,
    limits,
    rendering,
    schedule,
    sending,
    versions,
)
from broadcasts.admin_pages import APPROVE, CHANGE, EMERGENCY, SEND, NoticePages, has_one_of
from broadcasts.errors import NotAllowed
from broadcasts.forms import ScheduleForm
from broadcasts.lifecycle import Step
from broadcasts.models import Broadcast
from broadcasts.step_forms import CountForm, EmergencyForm, ReturnForm
from broadcasts.types import WRITABLE, State
from whatsapp.errors import ContentError

SENT = "L'avviso sta partendo: puoi ancora annullare."
SCHEDULED = "L'avviso è programmato."
ASKED = "Hai chiesto l'approvazione: l'avviso parte quando un'altra persona lo approva."
RETURNED = "L'avviso è tornato a chi lo ha scritto, con il tuo motivo."


class NoticeCheck(NoticePages):
    """What may be decided on the page follows from the notice's state, its category and the person."""

    pages = {
        "send": ("<int:pk>/invia/", ""),
        "schedule": ("<int:pk>/programma/", ""),
        "submit": ("<int:pk>/chiedi/", ""),
        "return": ("<int:pk>/restituisci/", ""),
        "emergency": ("<int:pk>/emergenza/", ""),
    }

    def _notice_for(self, request: HttpRequest, pk: int, *permissions: str) -> Broadcast:
        """Raises Http404 or PermissionDenied: one of the permissions is wanted."""
        notice = self._notice(request, pk)
        if not has_one_of(request, permissions):
            raise PermissionDenied
        return notice

    # --- The page --------------------------------------------------------------------------------

    def send_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET: what goes, to how many, what stands in the way. POST: it goes after a hold, once."""
        notice = self._notice_for(request, pk, CHANGE, SEND, APPROVE, EMERGENCY)
        if request.method == "POST":
            return self._go(request, notice, None)
        return self._check_page(request, notice)

    def schedule_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: it leaves at the time typed; a time that cannot be comes back with the reason."""
        notice = self._notice_for(request, pk, SEND, APPROVE)
        form = ScheduleForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._go(request, notice, form)
        return self._check_page(request, notice, form=form)

    def _check_page(self, request: HttpRequest, notice: Broadcast, **forms: Any) -> HttpResponse:
        """`forms`: those that come back with an error."""
        submitted = notice.state == State.SUBMITTED
        if not (notice.state in WRITABLE or (submitted and self._is_second(request, notice))):
            return self._back(notice)
        rule, shown = audience.rule(notice), _shown(notice)
        reach = shown["reach"]
        context: dict[str, Any] = {
            **shown,
            "title": "Controlla e approva" if submitted else "Controlla",
            "now": notice.submitted_at if submitted else timezone.now(),
            "rule": rule,
            "outlook": limits.outlook(notice, audience.of(rule), reach.reached),
            "expiry_hours": notice.category.expiry_hours,
            "hold_seconds": int(schedule.hold_for(notice.category).total_seconds()),
            "way": "approve" if submitted else _way(request, notice),
            "alone": self._may_alone(request, notice),
            "form": ScheduleForm(initial=schedule.proposal(notice.wanted_at)),
            "count": CountForm(None, people=reach.reached),
            "back": ReturnForm(),
            "changes": versions.since_last_shown(notice) if submitted else [],
            "history": versions.history(notice),
        }
        return self._page(request, "send", **{**context, **forms})

    # --- What one decides there ------------------------------------------------------------------

    def _go(self, request: HttpRequest, notice: Broadcast, form: ScheduleForm | None) -> HttpResponse:
        """Send or schedule it, or approve that; the number of people is asked of who approves."""
        if notice.state == State.SUBMITTED:
            people = audience.reach(audience.rule(notice)).reached
            count = CountForm(request.POST, people=people)
            if not count.is_valid():
                return self._check_page(request, notice, count=count, **({"form": form} if form else {}))
        digest, user = request.POST.get("digest", ""), request.user

        def go() -> None:
            # The row's lock is held from here on: the state does not change between right and deed.
            now = lifecycle.locked(notice)
            if not user.has_perm(APPROVE if now.state == State.SUBMITTED else SEND):
                raise PermissionDenied
            limits.refuse_over_budget(now, known="over_budget" in request.POST)
            if form:
                sending.schedule_for(now, user, form.cleaned_data["at"], digest=digest)  # type: ignore[arg-type]
            else:
                sending.hold(now, user, digest=digest)  # type: ignore[arg-type]

        night = limits.quiet(form.cleaned_data["at"]) if form and not notice.category.is_alert else ""
        return self._done(request, notice, go, f"{SCHEDULED} {night}".strip() if form else SENT)

    def submit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: a second person is asked; with `later`, for the time typed."""
        notice = self._notice_for(request, pk, CHANGE)
        if request.method != "POST":
            return self._check_page(request, notice)
        form = ScheduleForm(request.POST) if "later" in request.POST else None
        if form and not form.is_valid():
            return self._check_page(request, notice, form=form)
        at, digest = form.cleaned_data["at"] if form else None, request.POST.get("digest", "")

        def ask() -> None:
            approval.submit(notice, request.user, digest=digest, at=at)  # type: ignore[arg-type]

        return self._done(request, notice, ask, ASKED)

    def return_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: it goes back to whoever wrote it, with a reason."""
        notice = self._notice_for(request, pk, APPROVE)
        form = ReturnForm(request.POST or None)
        if request.method != "POST" or not form.is_valid():
            return self._check_page(request, notice, back=form)

        def give_back() -> None:
            approval.send_back(notice, request.user, form.cleaned_data["reason"])  # type: ignore[arg-type]

        return self._done(request, notice, give_back, RETURNED, "admin:index")  # it is another's now

    def emergency_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET: what it means to send an alert alone. POST: it goes after the hold, once."""
        notice = self._notice_for(request, pk, EMERGENCY)
        possible = notice.category.is_alert and lifecycle.can(notice, Step.HOLD)
        if request.method != "POST" and not possible:
            return self._back(notice)
        shown = _shown(notice)
        form = EmergencyForm(request.POST or None, people=shown["reach"].reached)
        if request.method != "POST" or not form.is_valid():
            context = {**shown, "now": timezone.now(), "form": form}
            return self._page(request, "emergency", title="Invia da solo", **context)
        digest = request.POST.get("digest", "")

        def go() -> None:
            sending.hold(notice, request.user, digest=digest, emergency=form.emergency)  # type: ignore[arg-type]

        return self._done(request, notice, go, SENT)

    def _done(
        self, request: HttpRequest, notice: Broadcast, deed: Callable[[], None], said: str, then: str = ""
    ) -> HttpResponse:
        """Do it and go to `then` or to the notice, or say why not and show what can still be decided."""
        try:
            with transaction.atomic():
                deed()
        except (NotAllowed, ContentError) as error:
            self.message_user(request, str(error), messages.WARNING)
            notice.refresh_from_db()
            if notice.state in (*WRITABLE, State.SUBMITTED):
                return HttpResponseRedirect(reverse("admin:broadcasts_broadcast_send", args=[notice.pk]))
        else:
            self.log_change(request, notice, said)
            self.message_user(request, said, messages.SUCCESS)
            if then:
                return HttpResponseRedirect(reverse(then))
        return self._back(notice)


def _shown(notice: Broadcast) -> dict[str, Any]:
    """What whoever confirms it must have seen: the message, how many get it, what stands in the way."""
    problem = composing.problem(notice)
    return {
        "notice": notice,
        "bubble": rendering.bubble(notice),
        "reach": audience.reach(audience.rule(notice)),
        "problem": problem,
        "digest": "" if problem else composing.digest(notice),
    }


def _way(request: HttpRequest, notice: Broadcast) -> str:
    """What may be done with a draft: `send` it, or `submit` it to a second person; or nothing."""
    if not notice.category.approval and request.user.has_perm(SEND):
        return "send"
    return "submit" if request.user.has_perm(CHANGE) else ""
