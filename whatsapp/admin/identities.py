"""«Identità dubbie»: two contacts that may be one person, side by side, for somebody to decide."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from whatsapp import audit, merging, names, phones, signals
from whatsapp.admin.base import Paged, ReadOnly, badge
from whatsapp.models import Contact, IdentityConflict, StaffPhone

Outcome = IdentityConflict.Outcome
DECISIONS = {
    "unisci": (merging.decide_same, "Uniti: da ora sono una persona sola."),
    "diverse": (merging.decide_different, "Registrato: sono persone diverse, ciascuna per conto suo."),
}


@admin.register(IdentityConflict)
class IdentityConflictAdmin(ReadOnly, Paged[IdentityConflict]):
    pages = {"decide": ("<int:pk>/decidi/", "whatsapp.change_identityconflict")}
    list_display = ["found_at", "contact", "other", "reason", "outcome_badge", "decided_by"]
    list_display_links = ["found_at", "contact"]
    list_filter = ["outcome"]
    list_select_related = ["contact", "other", "decided_by"]
    ordering = ["outcome", "-pk"]

    @admin.display(description="esito", ordering="outcome")
    def outcome_badge(self, conflict: IdentityConflict) -> SafeString:
        open_one = conflict.outcome == Outcome.OPEN
        return badge("amber" if open_one else "green", conflict.get_outcome_display())

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        conflict = self.get_object(request, object_id)
        if conflict is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        if not self.has_view_permission(request, conflict):
            raise PermissionDenied
        audit.note_opening(conflict)
        return self.page(
            request,
            "whatsapp/identityconflict/decide",
            "È la stessa persona?",
            conflict=conflict,
            sides=[_side(conflict.contact), _side(conflict.other)],
            open=conflict.outcome == Outcome.OPEN,
            may_decide=request.user.has_perm("whatsapp.change_identityconflict"),
        )

    @method_decorator(require_POST)
    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One of the two buttons."""
        conflict = get_object_or_404(IdentityConflict, pk=pk)
        decision, done = DECISIONS.get(request.POST.get("decisione", ""), (None, ""))
        try:
            if decision:
                decision(conflict, request.user)  # type: ignore[arg-type]
                messages.success(request, done)
        except merging.AlreadyDecided as problem:
            messages.error(request, str(problem))
        return HttpResponseRedirect(reverse("admin:whatsapp_identityconflict_change", args=[pk]))


def _side(contact: Contact) -> dict[str, Any]:
    """What tells one contact from another; the apps above add what they know (`contact_described`)."""
    told = signals.contact_described.send(Contact, contact=contact)
    written = contact.messages.filter(inbound=True).order_by("created_at")
    first, last = written.first(), written.last()
    on_call = StaffPhone.objects.filter(contact__in=contact.rows()).select_related("user").first()
    return {
        "contact": contact,
        "facts": [
            ("Nome su WhatsApp", contact.name or "non detto"),
            ("Numero", phones.mask(contact.phone)),
            ("Nome utente", f"@{names.shown(contact.username)}" if contact.username else "nessuno"),
            ("Primo messaggio", first and first.sent_at),
            ("Ultimo messaggio", last and last.sent_at),
            *([("Telefono del personale di", on_call.user)] if on_call else []),
            *(fact for _, facts in told for fact in facts or []),
        ],
    }
