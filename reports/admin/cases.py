"""Reports in the admin: the list, the most urgent first, and the page of a case. Rules are in `casework`."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.views.decorators.http import require_POST

from reports import casefile, forms, progress, scoring, states, surroundings, texts
from reports.admin import filters
from reports.admin.data import DataPages
from reports.admin.map import MAP_MEDIA
from reports.casework import CaseworkError
from reports.forms import ACTS, ActForm
from reports.models import CannedReply, Office, Report, ReportEvent, ReportItem
from reports.states import Forbidden
from whatsapp import audit
from whatsapp.admin.base import badge, key_of
from whatsapp.errors import ContentError
from whatsapp.models import Media
from whatsapp.types import Kind

SCRIPTS = ("reports/case", "admin_site/once", "admin_site/live")
NOTHING = format_html('<span class="wu-muted">{}</span>', "—")


class LevelFilter(admin.SimpleListFilter):
    """By seriousness, in words."""

    title = "gravità"
    parameter_name = "gravita"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(level), label) for level, (label, _) in casefile.LEVELS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Report]) -> QuerySet[Report]:
        level = self.value() or ""
        return queryset.filter(level=int(level)) if level in {"1", "2", "3", "4"} else queryset


class OpenFilter(admin.SimpleListFilter):
    """What is still to be done."""

    title = "che cosa resta da fare"
    parameter_name = "aperta"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(filters.STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Report]) -> QuerySet[Report]:
        return filters.in_state(queryset, self.value())


@admin.register(Report)
class ReportAdmin(DataPages):
    """Nothing is added, edited or deleted here: a case changes only by the acts of its page."""

    pages = {"act": ("<int:pk>/azione/<slug:name>/", "reports.treat_report")}
    list_display = ["picture", "title", "why", "state_and_who", "age"]
    list_display_links = None
    list_filter = [OpenFilter, "state", "category", LevelFilter, "office", "opened_at"]
    list_select_related = False  # joined to 100,000 rows before they are sorted, for 50 that are shown
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["number", "summary", "address"]
    search_help_text = "Cerca per numero, parole o indirizzo"
    actions = None

    class Media:
        css = {"all": ["reports/case.css"]}
        js = [Script(f"{name}.js", defer=True) for name in SCRIPTS]

    # --- The list ----------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        pictures = ReportItem.objects.filter(
            report=OuterRef("pk"),
            message__content__media__kind=Kind.IMAGE,
            message__content__media__status=Media.Status.FETCHED,
        ).exclude(message__changed_by__content__kind=Kind.REVOKE)
        first = pictures.order_by("message__sent_at", "pk").values("message__content__media")[:1]
        reports = super().get_queryset(request).annotate(first_picture=Subquery(first))
        return scoring.by_urgency(reports.prefetch_related("category", "assigned_to"))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        mark = casefile.mark()
        if request.headers.get("X-Live") == mark:
            return HttpResponse(status=204)
        context = {"title": "Segnalazioni", "mark": mark, **(extra_context or {})}
        return super().changelist_view(request, context)

    @admin.display(description="foto")
    def picture(self, report: Report) -> SafeString:
        pk: int | None = getattr(report, "first_picture", None)
        if pk is None:
            return NOTHING
        return format_html(
            '<a href="{}"><img class="rp-thumb" src="{}" alt="Foto della segnalazione {}"></a>',
            reverse("admin:reports_report_change", args=[report.pk]),
            reverse("whatsapp:media_thumbnail", args=[pk]),
            report.number,
        )

    @admin.display(description="segnalazione", ordering="number")
    def title(self, report: Report) -> SafeString:
        return format_html(
            '<a class="rp-number" href="{}">{}</a> <span class="wu-muted">{}</span><br>{}{}',
            reverse("admin:reports_report_change", args=[report.pk]),
            report.number,
            report.category or "senza categoria",
            Truncator(report.summary).chars(110) or "Senza testo",
            self._where(report),
        )

    @staticmethod
    def _where(report: Report) -> str | SafeString:
        if not report.has_place:
            return format_html('<br><span class="wu-muted">{}</span>', "luogo non ancora detto")
        outside = badge("amber", "fuori dal territorio") if report.inside_town is False else ""
        where = report.address or "posizione sulla mappa"
        return format_html('<br><span class="wu-muted">{}</span> {}', where, outside)

    @admin.display(description="perché è qui", ordering="level")
    def why(self, report: Report) -> SafeString:
        label, colour = casefile.LEVELS[report.level]
        found = scoring.why(report, alert=getattr(report, "alert", False))
        reasons = format_html_join("", "<li>{} <b>+{}</b></li>", found)
        return format_html('{}<ul class="rp-reasons">{}</ul>', badge(colour, label), reasons)

    @admin.display(description="stato e chi se ne occupa", ordering="state")
    def state_and_who(self, report: Report) -> SafeString:
        who = report.assigned_to
        name = (who.get_full_name() or who.get_username()) if who else ""
        return format_html("{}<br>{}", badge(progress.badge(report), report.get_state_display()), name)

    @admin.display(description="età", ordering="opened_at")
    def age(self, report: Report) -> SafeString:
        late = states.is_open(report.state) and report.due_on and report.due_on < timezone.localdate()
        note = format_html("<br>{}", badge("red", "scaduta")) if late else ""
        return format_html('<span class="rp-nowrap">{}</span>{}', timesince(report.opened_at, depth=1), note)

    # --- The page of a case ------------------------------------------------------------------------

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        report = self.get_object(request, object_id)
        if report is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        if not self.has_view_permission(request, report):
            raise PermissionDenied
        live = request.headers.get("X-Live")  # the open page, asking by itself whether anything is new
        if live is None:
            audit.note_opening(report, report.number)
        elif live == casefile.mark(report):
            return HttpResponse(status=204)
        return self._page(request, report, None)

    @method_decorator(require_POST)
    def act_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Do one thing to a case; what goes wrong is shown on its page, with the text that was typed."""
        report = self.get_object(request, str(pk))
        if report is None or name not in ACTS:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(pk))  # type: ignore[attr-defined,no-any-return]
        form = ActForm(name, report, request.POST, request.FILES)
        if form.is_valid():
            try:
                with transaction.atomic():
                    done = form.perform(request.user)  # type: ignore[arg-type]
            except (CaseworkError, Forbidden, ContentError) as problem:
                form.add_error(None, str(problem))
            else:
                messages.success(request, done)
                return HttpResponseRedirect(reverse("admin:reports_report_change", args=[pk]))
        report.refresh_from_db()
        return self._page(request, report, form)

    def _page(self, request: HttpRequest, report: Report, form: ActForm | None) -> HttpResponse:
        events = casefile.history(report)
        chat = casefile.chat(report, events)
        context = {
            "media": self.media + MAP_MEDIA,
            "report": report,
            "level": casefile.LEVELS[report.level],
            "badge": progress.badge(report),
            "why": scoring.why(report, alert=getattr(report, "alert", False)),
            "chat": chat,
            "mark": casefile.mark(report),
            "photo": casefile.photo_place(report, chat),
            "events": events,
            "is_open": states.is_open(report.state),
            "form": form,
            "joined": list(report.duplicates.all()),
            "suggested": surroundings.suggest_duplicates(report) if states.is_open(report.state) else [],
            "others": Report.objects.filter(contact__in=report.contact.rows())
            .exclude(pk=report.pk)
            .order_by("-pk")[:10],
        }
        if request.user.has_perm("reports.treat_report"):
            context |= self._acts(request, report, events, form)
        return self.page(request, "reports/report/case", str(report), **context)

    @staticmethod
    def _acts(
        request: HttpRequest, report: Report, events: list[ReportEvent], failed: ActForm | None
    ) -> dict[str, Any]:
        """The forms of what may be done now; a refused one comes back with what was typed."""
        words = forms.words_for(report)
        begin = {"seen": max((event.pk for event in events), default=0)}
        names = forms.offered(report)
        # Which office it is decides the words: it is chosen first.
        chosen = str(failed.data.get("office", "")) if failed else request.GET.get("ufficio", "")
        office_pk = key_of(chosen)
        office = Office.objects.filter(pk=office_pk).first() if office_pk else None
        extra: dict[str, dict[str, Any]] = {
            "answer": {"text": casefile.undelivered(events)},
            "join": {"main": request.GET.get("unisci", "")},
        }
        if office:
            slug = "handed_out" if office.external else "handed_over"
            extra["hand_over"] = {"office": office, "text": texts.fill(slug, report, ufficio=office.name)}

        def make(name: str) -> ActForm:
            if failed and failed.name == name:
                return failed
            given = {**forms.initial(name, report, words), **begin, **extra.get(name, {})}
            return ActForm(name, report, initial=given)

        return {
            "may_treat": True,
            "answer": make("answer"),
            "acts": [make(name) for name in names],
            "hand_over": make("hand_over") if office else None,
            "place": make("place") if states.is_open(report.state) else None,
            "photo_form": ActForm("photo", report, initial=begin),
            "office": office,
            "offices": Office.objects.all(),
            "canned": [
                (reply.title, texts.filled(reply.body, report)) for reply in CannedReply.objects.all()
            ],
        }
