"""The people and the register: ledgers to read, search and export."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import linebreaksbr
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from subscribers import consent, exports
from subscribers.admin.dossier import DossierPages
from subscribers.admin.enrolment import DeskEnrolment
from subscribers.admin.exporting import Exportable
from subscribers.models import ConsentEvent, ConsentEvidence, Subscriber, Topic
from whatsapp import phones
from whatsapp.admin.base import ReadOnly, badge, column


def moment(value: datetime | None) -> str:
    """Short, so that a list keeps its columns on the screen."""
    return date_format(timezone.localtime(value), "d/m/Y H:i") if value else ""


class LeftTopicFilter(admin.RelatedFieldListFilter):
    """Says what it filters: who left the topic, not who keeps it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "argomento lasciato"


class DoubtFilter(admin.EmptyFieldListFilter):
    """Who was asked «do you want to leave?» and has not answered."""

    def choices(self, changelist: Any) -> Any:
        labels = ("tutti", "no", "sì, non ha risposto")
        for choice, label in zip(super().choices(changelist), labels, strict=True):
            yield {**choice, "display": label}


class TopicFilter(admin.SimpleListFilter):
    """By the topic an event is about; the register holds its slug."""

    title, parameter_name = "argomento", "topic"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Topic.objects.values_list("slug", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConsentEvent]) -> QuerySet[ConsentEvent]:
        return queryset.filter(topic=self.value()) if self.value() else queryset


@admin.register(Subscriber)
class SubscriberAdmin(DeskEnrolment, DossierPages, Exportable):
    resource = exports.SubscriberResource
    export_permission = "subscribers.export_subscriber"
    export_dated = "since"
    list_display = ["name", "number", "state_badge", "joined", "left", "topics_left"]
    list_filter = ["state", "since", ("left_topics__topic", LeftTopicFilter), ("doubt_at", DoubtFilter)]
    actions = ["resolve_doubt"]
    list_select_related = ["contact"]
    search_fields = ["contact__profile_name"]
    number_searched = "contact__phone"
    search_help_text = "Nome su WhatsApp, oppure il numero intero, per esempio 340 111 2202."
    ordering = ["-since"]
    readonly_fields = ("name", "number", "state", "joined", "left", "topics_left", "history", "dossier_link")
    fields = readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscriber]:
        return super().get_queryset(request).prefetch_related("left_topics__topic")

    def with_details(self, rows: QuerySet[Subscriber]) -> QuerySet[Subscriber]:
        return rows.select_related("contact").prefetch_related("left_topics__topic")

    name = column(
        "nome",
        lambda row: row.contact.name or row.contact.identity,
        ordering="contact__profile_name",
    )
    number = column("numero", lambda row: phones.mask(row.contact.phone))

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscribers.change_subscriber")

    @admin.action(description="Il dubbio è risolto: resta iscritto", permissions=["settle"])
    def resolve_doubt(self, request: HttpRequest, subscribers: QuerySet[Subscriber]) -> None:
        doubtful = list(subscribers.filter(doubt_at__isnull=False).select_related("contact"))
        for subscriber in doubtful:
            consent.resolve_doubt(subscriber.contact)
        self.message_user(request, f"Dubbi risolti: {len(doubtful)}. Restano iscritti e ricevono gli avvisi.")

    @admin.display(description="stato", ordering="state")
    def state_badge(self, subscriber: Subscriber) -> SafeString:
        if subscriber.doubt_at:
            return badge("amber", "forse vuole cancellarsi")
        active = subscriber.state == Subscriber.State.ACTIVE
        return badge("green" if active else "grey", subscriber.get_state_display())

    joined = column("iscritto dal", lambda row: moment(row.since), ordering="since")
    left = column("cancellato il", lambda row: moment(row.left_at), ordering="left_at", empty_value="")
    topics_left = column(
        "argomenti lasciati",
        lambda row: ", ".join(left.topic.name for left in row.left_topics.all()) or "nessuno",
    )

    @admin.display(description="registro")
    def history(self, subscriber: Subscriber) -> SafeString:
        url = reverse("admin:subscribers_consentevent_changelist")
        query = f"?subject_id__exact={subscriber.contact.subject_id}"
        return format_html('<a href="{}{}">Gli eventi di questa persona nel registro</a>', url, query)


class EvidenceInline(ReadOnly, admin.StackedInline[ConsentEvidence, ConsentEvent]):
    model = ConsentEvidence
    readonly_fields = ("masked_text", "masked_identity", "masked_shown", "actor")
    fields = readonly_fields
    can_delete = False

    masked_text = column("testo ricevuto", lambda row: exports.written(row.text, False) or "nessun testo")
    masked_shown = column(
        "che cosa è stato mostrato", lambda row: linebreaksbr(exports.written(row.shown, False)) or "niente"
    )

    @admin.display(description="numero o identificativo")
    def masked_identity(self, evidence: ConsentEvidence) -> str:
        return (
            phones.mask(evidence.identity) if evidence.identity.startswith("+") else "identificativo WhatsApp"
        )


@admin.register(ConsentEvent)
class ConsentEventAdmin(Exportable):
    resource = exports.ConsentResource
    export_permission = "subscribers.export_consentevent"
    export_dated = "at"
    export_without = {"day"}
    opened_as = "sequence"
    list_display = ["sequence", "when", "kind_badge", "topic", "subject", "actor", "policy_version"]
    list_filter = ["kind", "at", "source", TopicFilter, "policy_version"]
    list_select_related = ["evidence"]
    lookups_offered = ("subject_id__exact",)
    search_fields = ["=subject_id"]
    search_help_text = "Codice dell'interessato."
    inlines = [EvidenceInline]
    readonly_fields = ("sequence", "kind", "source", "at", "recorded_at", "topic", "subject_id",
                       "policy_version", "policy_sha256", "commitment", "previous_hash", "hash")  # fmt: skip
    fields = readonly_fields

    def with_details(self, rows: QuerySet[ConsentEvent]) -> QuerySet[ConsentEvent]:
        return rows.select_related("evidence")

    when = column("data e ora", lambda row: moment(row.at), ordering="at")

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

    actor = column("chi", lambda row: row.proof.actor or "prova cancellata")
