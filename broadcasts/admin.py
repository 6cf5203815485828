"""The notices' back office: write, check, send, follow."""

from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from broadcasts import composing, drafts, library, progress, rendering, sending
from broadcasts.admin_data import BudgetAdmin, NoticeTextAdmin, PriceAdmin
from broadcasts.admin_drafts import DELETED, DraftPages
from broadcasts.errors import NotAllowed
from broadcasts.forms import BroadcastForm, CategoryForm
from broadcasts.models import Broadcast, Category
from broadcasts.types import WRITABLE, State
from whatsapp.admin.base import BackOfficeAdmin, BackOfficeList, badge, key_of
from whatsapp.errors import ContentError

__all__ = ["BroadcastAdmin", "BudgetAdmin", "CategoryAdmin", "NoticeTextAdmin", "PriceAdmin"]


@admin.register(Category)
class CategoryAdmin(BackOfficeAdmin[Category]):
    form = CategoryForm
    list_display = [
        "shown",
        "topic",
        "lane",
        "approval",
        "expiry_hours",
        "usable_templates",
        "active",
        "order",
    ]
    list_filter = ["active", "lane"]
    list_select_related = ["topic"]
    formfield_overrides = {models.ManyToManyField: {"widget": CheckboxSelectMultiple}}
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        return super().get_queryset(request).prefetch_related("templates")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """On opening it, what WhatsApp has taken away from it."""
        for obstacle in composing.stopped(context["original"]) if context["original"] else []:
            self.message_user(request, obstacle, messages.WARNING)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="categoria", ordering="name")
    def shown(self, category: Category) -> SafeString:
        return badge(category.tone, category.name)

    @admin.display(description="modelli utilizzabili")
    def usable_templates(self, category: Category) -> str:
        found = list(category.templates.all())
        return f"{sum(template.usable for template in found)} su {len(found)}"


class NoticeList(BackOfficeList):
    """The list with each notice's counts, from one query for the whole page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = list(self.result_list)
        found = progress.counts_of(self.result_list)
        for notice in self.result_list:
            notice.found = found[notice.pk]


@admin.register(Broadcast)
class BroadcastAdmin(DraftPages):
    form = BroadcastForm
    fieldsets = [
        (None, {"fields": ["category", "title", "text", "draft", "seen"]}),
        (
            "Che cosa accompagna il testo",
            {"fields": ["attachment", "upload", "kept", "coordinates", "place_name", "place_address"]},
        ),
    ]
    list_display = ["named", "state_badge", "category_badge", "reached", "when", "author"]
    list_filter = ["state", "category"]
    list_per_page = 30
    search_fields = ["title", "text"]
    actions = None
    view_on_site = False
    show_full_result_count = False

    class Media:
        css = {"all": ["whatsapp/phone.css", "broadcasts/notices.css"]}
        js = ["broadcasts/compose.js", "broadcasts/drafts.js"]

    # --- List ------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NoticeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Broadcast]:
        everything = super().get_queryset(request)
        return everything.select_related(
            "category__topic", "media", "content__template", "author", "edited_by", "follows"
        )

    @admin.display(description="titolo", ordering="title")
    def named(self, notice: Broadcast) -> str:
        return str(notice)

    @admin.display(description="stato", ordering="state")
    def state_badge(self, notice: Broadcast) -> SafeString:
        return badge(notice.tone, notice.state_label)

    @admin.display(description="categoria", ordering="category__order")
    def category_badge(self, notice: Broadcast) -> SafeString:
        return badge(notice.category.tone, notice.category.name)

    @admin.display(description="arrivato a")
    def reached(self, notice: Any) -> SafeString | str:
        counts: progress.Counts = notice.found
        if not counts.total:
            return "–"
        bar = format_html_join(
            "",
            '<rect class="wu-fill--{} bc-fill--{}" x="{}" width="{}" height="1"/>',
            ((row.colour, row.state, str(x), str(width)) for row, x, width in counts.segments()),
        )
        return format_html(
            '{} su {}<svg class="wu-progress bc-mini" viewBox="0 0 100 1" preserveAspectRatio="none" '
            'aria-hidden="true">{}</svg>',
            counts.delivered,
            counts.total,
            bar,
        )

    @admin.display(description="data", ordering="created_at")
    def when(self, notice: Broadcast) -> str:
        at = timezone.localtime(notice.leaves_at or notice.started_at or notice.created_at)
        return f"{'parte ' if notice.leaves_at else ''}{at:%d/%m/%Y %H:%M}"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The category as a plain list: nobody makes or changes one while writing a notice."""
        if db_field.name == "category":
            return db_field.formfield(**kwargs)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    # --- Who may do what -------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Broadcast | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.state in WRITABLE)

    def has_delete_permission(self, request: HttpRequest, obj: Broadcast | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.state in WRITABLE)

    # --- Write -----------------------------------------------------------------------------------

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Broadcast | None:
        """Locked while it is being saved: a draft that leaves meanwhile is never turned back into one."""
        if request.method == "POST" and (pk := key_of(object_id)):
            list(Broadcast.objects.select_for_update().filter(pk=pk).values_list("pk"))
        return super().get_object(request, object_id, from_field)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A notice may begin with a ready text, whose fields stay to be filled, or as the address tells."""
        chosen = key_of(request.GET.get("modello", ""))
        if chosen and (ready := library.texts().filter(pk=chosen).first()):
            return {"category": ready.category_id, "title": ready.title, "text": ready.text}
        return dict(super().get_changeform_initial_data(request))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The same page sent twice, or saved by itself meanwhile, makes one draft."""
        for _attempt in range(2):
            there = drafts.find(request.POST.get("draft", ""))
            if there:
                return self.change_view(request, str(there.pk), form_url, extra_context)
            with suppress(IntegrityError):  # it came twice at once: now it is there
                return super().add_view(request, form_url, extra_context)
        raise PermissionDenied

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A draft is a form; what was sent, or may only be looked at, is a page to read."""
        pk = key_of(object_id)
        known = pk and self.get_queryset(request).filter(pk=pk).exists()
        if request.method == "POST" and not known:
            self.message_user(request, DELETED, messages.WARNING)
            return super().add_view(request, reverse("admin:broadcasts_broadcast_add"), extra_context)
        notice = self._notice(request, pk) if pk else None
        if notice and not self.has_change_permission(request, notice):
            if request.method == "POST":
                return self.left_page(request, notice)
            return self.detail_page(request, notice)
        if notice and notice.obstacle and request.method == "GET":
            self.message_user(request, f"L'avviso non è partito. {notice.obstacle}", messages.WARNING)
        if notice and notice.state == State.RETURNED and request.method == "GET":
            self.message_user(request, f"Da correggere: {notice.return_reason}", messages.WARNING)
        return super().change_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        form: BroadcastForm = context["adminform"].form
        notice = form.instance
        user: Any = request.user
        context |= {
            "file": form.file,
            "ready": library.texts(),
            "writing": drafts.writing(notice, user) if notice.pk else "",
            "conflict": self.conflict(request, form) if form.conflict else "",
            "bubble": rendering.bubble(notice)
            if notice.pk
            else rendering.sketch(None, notice.header, "", ""),
            "now": timezone.now(),
            "title": "Scrivi un avviso"
            if not notice.pk
            else "Da correggere"
            if notice.return_reason
            else "Bozza",
            "subtitle": None,
            "may_send": request.user.has_perm("broadcasts.send_broadcast"),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: Broadcast, form: ModelForm[Broadcast], change: bool
    ) -> None:
        if not change:
            obj.author = request.user  # type: ignore[assignment]
        drafts.keep(obj, request.user)  # type: ignore[arg-type]
        if remark := getattr(form, "remark", ""):
            self.message_user(request, remark, messages.WARNING)

    def response_add(
        self, request: HttpRequest, obj: Broadcast, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._saved(request, obj)

    def response_change(self, request: HttpRequest, obj: Broadcast) -> HttpResponse:
        return self._saved(request, obj)

    def _saved(self, request: HttpRequest, notice: Broadcast) -> HttpResponse:
        """The draft is safe; then whatever the button said."""
        if "_review" in request.POST:
            return HttpResponseRedirect(reverse("admin:broadcasts_broadcast_send", args=[notice.pk]))
        if "_test" in request.POST:
            self._test(request, notice)
            return self._back(notice)
        self.message_user(request, f"La bozza «{notice}» è salva.", messages.SUCCESS)
        if problem := composing.problem(notice):
            self.message_user(request, problem, messages.WARNING)
        return HttpResponseRedirect(reverse("admin:broadcasts_broadcast_changelist"))

    def _test(self, request: HttpRequest, notice: Broadcast) -> None:
        if not request.user.has_perm("broadcasts.send_broadcast"):
            raise PermissionDenied
        try:
            sending.send_test(notice, request.user)  # type: ignore[arg-type]
        except (NotAllowed, ContentError) as error:
            self.message_user(request, f"La bozza è salva, la prova non è partita. {error}", messages.WARNING)
        else:
            self.message_user(
                request, "La bozza è salva e la prova è in viaggio verso il tuo telefono.", messages.SUCCESS
            )
