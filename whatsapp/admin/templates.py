"""Message templates in the back office: read, draft, submit, accept what WhatsApp made of them."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from whatsapp import account, bubbles, templates
from whatsapp.admin.base import Paged, badge, column
from whatsapp.admin.template_form import TemplateForm
from whatsapp.errors import ChannelError, ContentError
from whatsapp.models import Template

TONES = {
    Template.Status.APPROVED: "green",
    Template.Status.PENDING: "amber",
    Template.Status.DRAFT: "grey",
}


@admin.register(Template)
class TemplateAdmin(Paged[Template]):
    """A draft is a form; what WhatsApp has is a page to read."""

    pages = {
        "submit": ("<int:pk>/sottoponi/", "whatsapp.change_template"),
        "accept": ("<int:pk>/accetta/", "whatsapp.change_template"),
    }
    form = TemplateForm
    list_display = [
        "name", "status_badge", "category_badge", "header", "quality_badge", "reason", "synced_at",
    ]  # fmt: skip
    list_filter = ["status", "category", "header"]
    search_fields = ["name", "body"]
    search_help_text = "Nome del modello o parole del testo."
    actions = None
    fieldsets = [
        (None, {"fields": ["name", "category"]}),
        ("Che cosa dice", {"fields": ["header", "header_text", "body", "examples", "footer"]}),
        ("Pulsanti e validità", {"fields": ["page_label", "offers_leave", "ttl_seconds"]}),
    ]

    class Media:
        css = {"all": ["whatsapp/phone.css"]}

    status_badge = column(
        "stato",
        lambda row: badge(TONES.get(Template.Status(row.status), "red"), row.get_status_display()),
        ordering="status",
    )

    @admin.display(description="categoria", ordering="category")
    def category_badge(self, template: Template) -> SafeString | str:
        label = template.get_category_display()
        return badge("red", f"{label}, da accettare") if template.recategorised else label

    @admin.display(description="qualità", ordering="quality")
    def quality_badge(self, template: Template) -> SafeString | str:
        label = account.QUALITIES.get(template.quality, "–")
        return badge("red", label) if template.quality == "RED" else label

    # --- Who may do what -------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.status in account.EDITABLE)

    def has_delete_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        """Only what WhatsApp has never seen: the rest is deleted in WhatsApp Manager."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or (obj.status == Template.Status.DRAFT and not obj.provider_id))

    # --- Pages -----------------------------------------------------------------------------------

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        template = self.get_object(request, object_id)
        to_read = template and not self.has_change_permission(request, template)
        if template and to_read and self.has_view_permission(request):
            return self._page(request, template, "detail", str(template.name))
        return super().change_view(request, object_id, *args, **kwargs)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        template = context["original"]
        context |= {
            "title": "Modello da sottoporre" if template else "Nuovo modello",
            "subtitle": template and template.name,
            "bubble": template and bubbles.example(template),
            "now": timezone.now(),
            "uses": templates.uses(template) if template else [],
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: Template, post_url_continue: Any = None
    ) -> HttpResponse:
        if "_submit" in request.POST:
            return HttpResponseRedirect(reverse("admin:whatsapp_template_submit", args=[obj.pk]))
        self.message_user(request, "La bozza è salva. Non si può usare finché WhatsApp non l'ha approvata.")
        return self._back(obj)

    response_change = response_add

    def submit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET: what goes and what it means. POST: it goes, once."""
        template = get_object_or_404(Template, pk=pk)
        if template.status not in account.EDITABLE:
            return self._back(template)
        if request.method != "POST":
            return self._page(request, template, "submit", "Sottoponi a WhatsApp")
        try:
            account.submit(template)
        except (ChannelError, ContentError) as error:
            self.message_user(request, f"Il modello non è stato sottoposto. {error}", messages.WARNING)
        else:
            self.log_change(request, template, "Sottoposto a WhatsApp.")
            template.refresh_from_db()
            self.message_user(request, f"Sottoposto a WhatsApp: ora è {template.get_status_display()}.")
        return self._back(template)

    def accept_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST: the staff reckon with the category WhatsApp gave."""
        template = get_object_or_404(Template, pk=pk)
        if request.method == "POST" and template.recategorised:
            account.accept_category(template)
            self.log_change(request, template, f"Accettata la categoria «{template.get_category_display()}».")
            said = "Categoria accettata: il modello si può usare. Riprendi gli avvisi che sono in pausa."
            self.message_user(request, said)
        return self._back(template)

    def _page(self, request: HttpRequest, template: Template, name: str, title: str) -> HttpResponse:
        return self.page(
            request,
            f"whatsapp/template/{name}",
            title,
            template=template,
            bubble=bubbles.example(template),
            now=timezone.now(),
            uses=templates.uses(template),
            tone=TONES.get(Template.Status(template.status), "red"),
            obstacle=templates.obstacle(template),
            quality=account.QUALITIES.get(template.quality, "non ancora nota"),
            may_change=request.user.has_perm("whatsapp.change_template"),
        )

    @staticmethod
    def _back(template: Template) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:whatsapp_template_change", args=[template.pk]))
