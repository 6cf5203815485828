"""The people and the register: ledgers to read, search and export."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from subscribers import exports
from subscribers.admin.dossier import DossierPages
from subscribers.models import ConsentEvent, ConsentEvidence, Subscriber
from whatsapp import phones
from whatsapp.admin.base import ReadOnly, badge


def moment(value: datetime | None) -> str:
    """Short, so that a list keeps its columns on the screen."""
    return date_format(timezone.localtime(value), "d/m/Y H:i") if value else ""


class LeftTopicFilter(admin.RelatedFieldListFilter):
    """Says what it filters: who left the topic, not who keeps it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "argomento lasciato"


class Exportable(ReadOnly, admin.ModelAdmin[Any]):
    """A ledger with a button that exports the rows in view, logged with who, when, filters and count."""

    resource: type[exports.SubscriberResource | exports.ConsentResource]
    export_permission: str
    change_list_template = "admin/subscribers/exportable_change_list.html"
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        export = path("esporta/", self.admin_site.admin_view(self.export), name=name)
        return [export, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        allowed = request.user.has_perm(self.export_permission)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_export"
        extra = {"export_url": f"{reverse(name)}?{request.GET.urlencode()}" if allowed else ""}
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the filtered list as CSV."""
        if not (self.has_view_permission(request) and request.user.has_perm(self.export_permission)):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            self.message_user(request, "Filtro non valido: scegli i filtri dall'elenco ed esporta di nuovo.",
                              messages.ERROR)  # fmt: skip
            return redirect("..")
        self._log(request, rows)
        whole = exports.may_see_whole_numbers(request.user)
        lines = exports.stream(self.resource(whole=whole), self.with_details(rows))
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        filename = f"{self.opts.verbose_name_plural}-{timezone.localtime():%Y-%m-%d-%H%M}.csv".replace(
            " ", "-"
        )
        response["Content-Disposition"] = f'attachment; filename="{filename}"'
        return response

    def with_details(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows

    def _log(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        filters = request.GET.urlencode() or "nessun filtro"
        LogEntry.objects.create(
            user_id=int(request.user.pk or 0),
            content_type=ContentType.objects.get_for_model(self.model),
            object_repr=f"Esportazione CSV: {self.opts.verbose_name_plural}"[:200],
            action_flag=CHANGE,
            change_message=f"Esportate {rows.count()} righe ({filters}).",
        )


@admin.register(Subscriber)
class SubscriberAdmin(DossierPages, Exportable):
    resource = exports.SubscriberResource
    export_permission = "subscribers.export_subscriber"
    list_display = ["name", "number", "state_badge", "joined", "left", "topics_left"]
    list_filter = ["state", "since", ("left_topics__topic", LeftTopicFilter)]
    list_select_related = ["contact"]
    search_fields = ["contact__profile_name"]
    search_help_text = "Nome su WhatsApp, oppure il numero intero, per esempio 340 111 2202."
    ordering = ["-since"]
    readonly_fields = ("name", "number", "state", "joined", "left", "topics_left", "history", "dossier_link")
    fields = readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscriber]:
        return super().get_queryset(request).prefetch_related("left_topics__topic")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Subscriber], search_term: str
    ) -> tuple[QuerySet[Subscriber], bool]:
        """By name, or by a whole number however typed: never by a piece of it, which would unmask it."""
        if number := phones.normalise(search_term):
            return queryset.filter(contact__phone=number), False
        return super().get_search_results(request, queryset, search_term)

    def with_details(self, rows: QuerySet[Subscriber]) -> QuerySet[Subscriber]:
        return rows.select_related("contact").prefetch_related("left_topics__topic")

    @admin.display(description="nome", ordering="contact__profile_name")
    def name(self, subscriber: Subscriber) -> str:
        return subscriber.contact.profile_name or subscriber.contact.display_name

    @admin.display(description="numero")
    def number(self, subscriber: Subscriber) -> str:
        return phones.mask(subscriber.contact.phone)

    @admin.display(description="stato", ordering="state")
    def state_badge(self, subscriber: Subscriber) -> SafeString:
        active = subscriber.state == Subscriber.State.ACTIVE
        return badge("green" if active else "grey", subscriber.get_state_display())

    @admin.display(description="iscritto dal", ordering="since")
    def joined(self, subscriber: Subscriber) -> str:
        return moment(subscriber.since)

    @admin.display(description="cancellato il", ordering="left_at", empty_value="")
    def left(self, subscriber: Subscriber) -> str:
        return moment(subscriber.left_at)

    @admin.display(description="argomenti lasciati")
    def topics_left(self, subscriber: Subscriber) -> str:
        return ", ".join(left.topic.name for left in subscriber.left_topics.all()) or "nessuno"

    @admin.display(description="registro")
    def history(self, subscriber: Subscriber) -> SafeString:
        url = reverse("admin:subscribers_consentevent_changelist")
        query = f"?subject_id__exact={subscriber.contact.subject_id}"
        return format_html('<a href="{}{}">Gli eventi di questa persona nel registro</a>', url, query)


class EvidenceInline(ReadOnly, admin.StackedInline[ConsentEvidence, ConsentEvent]):
    model = ConsentEvidence
    readonly_fields = ("masked_text", "masked_identity", "actor")
    fields = readonly_fields
    can_delete = False

    @admin.display(description="testo ricevuto")
    def masked_text(self, evidence: ConsentEvidence) -> str:
        return phones.masked(evidence.text) or "nessun testo"

    @admin.display(description="numero o identificativo")
    def masked_identity(self, evidence: ConsentEvidence) -> str:
        return (
            phones.mask(evidence.identity) if evidence.identity.startswith("+") else "identificativo WhatsApp"
        )


@admin.register(ConsentEvent)
class ConsentEventAdmin(Exportable):
    resource = exports.ConsentResource
    export_permission = "subscribers.export_consentevent"
    list_display = ["sequence", "when", "kind_badge", "topic", "subject", "actor", "policy_version"]
    list_filter = ["kind", "at", "policy_version"]
    list_select_related = ["evidence"]
    search_fields = ["=subject_id"]
    search_help_text = "Codice dell'interessato."
    inlines = [EvidenceInline]
    readonly_fields = ("sequence", "kind", "at", "topic", "subject_id", "policy_version", "policy_sha256",
                       "commitment", "previous_hash", "hash")  # fmt: skip
    fields = readonly_fields

    def with_details(self, rows: QuerySet[ConsentEvent]) -> QuerySet[ConsentEvent]:
        return rows.select_related("evidence")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "subject_id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="data e ora", ordering="at")
    def when(self, event: ConsentEvent) -> str:
        return moment(event.at)

    @admin.display(description="interessato", ordering="subject_id")
    def subject(self, event: ConsentEvent) -> SafeString:
        """The code's beginning: enough to see who is the same person; a click shows all their events."""
        return format_html(
            '<a href="?subject_id__exact={0}" title="Tutti gli eventi di {0}">{1}…</a>',
            event.subject_id,
            str(event.subject_id)[:8],
        )

    @admin.display(description="evento", ordering="kind")
    def kind_badge(self, event: ConsentEvent) -> SafeString:
        tones = {ConsentEvent.Kind.SUBSCRIBED: "green", ConsentEvent.Kind.LEFT: "red"}
        return badge(tones.get(ConsentEvent.Kind(event.kind), "blue"), event.get_kind_display())

    @admin.display(description="chi")
    def actor(self, event: ConsentEvent) -> str:
        return event.evidence.actor if hasattr(event, "evidence") else "prova cancellata"
