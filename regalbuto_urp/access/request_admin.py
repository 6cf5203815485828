"""«Richieste tra amministratori»: what one asks for and another confirms."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from regalbuto_urp.access import changes
from regalbuto_urp.access.changes import DECIDE, KINDS
from regalbuto_urp.access.staff import CannotDo
from regalbuto_urp.models import ChangeRequest
from whatsapp.admin.base import Paged, ReadOnly, badge, column

Outcome = ChangeRequest.Outcome
TONES = {Outcome.CONFIRMED: "green", Outcome.REFUSED: "red", Outcome.WITHDRAWN: "grey"}
DONE = {
    Outcome.CONFIRMED: "Confermata: la modifica è fatta.",
    Outcome.REFUSED: "Rifiutata: non è cambiato nulla.",
    Outcome.WITHDRAWN: "Ritirata: non è cambiato nulla.",
}


@admin.register(ChangeRequest)
class ChangeRequestAdmin(ReadOnly, Paged[ChangeRequest]):
    pages = {"decide": ("<int:pk>/decidi/", DECIDE)}
    list_display = ["what", "summary", "proposed_by", "proposed_at", "state", "decided_by"]
    list_filter = ["outcome"]
    list_select_related = ["proposed_by", "decided_by"]

    what = column("richiesta", lambda row: KINDS[row.kind].label)

    @admin.display(description="esito", ordering="outcome")
    def state(self, request: ChangeRequest) -> SafeString:
        return state_badge(request)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        change = self.get_object(request, object_id)
        if change is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        if not self.has_view_permission(request, change):
            raise PermissionDenied
        return self.page(
            request,
            "access/request",
            KINDS[change.kind].label,
            change=change,
            badge=state_badge(change),
            own=change.proposed_by_id == request.user.pk,
        )

    @method_decorator(require_POST)
    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One of the buttons: confirm, refuse, or withdraw one's own."""
        change = get_object_or_404(ChangeRequest, pk=pk)
        outcome = request.POST.get("outcome", "")
        if outcome not in DONE:
            return HttpResponseBadRequest("Scegli uno dei pulsanti.", content_type="text/plain")
        try:
            changes.decide(change, request.user, Outcome(outcome))
        except CannotDo as problem:
            messages.error(request, str(problem))
        else:
            messages.success(request, DONE[Outcome(outcome)])
        return HttpResponseRedirect(reverse("admin:regalbuto_urp_changerequest_change", args=[pk]))


def state_badge(change: ChangeRequest) -> SafeString:
    if change.is_open:
        return badge("amber", "da decidere")
    if change.outcome == Outcome.WAITING:
        return badge("grey", "scaduta")
    return badge(TONES[Outcome(change.outcome)], change.get_outcome_display())
