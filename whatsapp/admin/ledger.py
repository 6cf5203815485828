"""Ledgers to read: messages with their attempts, the raw inbox."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from whatsapp import audit, retries
from whatsapp.admin.base import BackOfficeAdmin, ReadOnly, Watched, badge, column
from whatsapp.models import Attempt, Message, WebhookEvent
from whatsapp.types import State, tone


class SetAsideFilter(admin.SimpleListFilter):
    title = "messi da parte"
    parameter_name = "da_parte"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("si", "solo questi")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "si":
            return queryset
        return queryset.filter(handled_at__isnull=True, set_aside_at__isnull=False)


@admin.action(description="Riprova a trattare", permissions=["view"])
def try_again(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> None:
    """Put what was set aside back into the queue."""
    for row in queryset.filter(handled_at__isnull=True, set_aside_at__isnull=False):
        audit.note_change(row, "set_aside_at", row.set_aside_at, None)
    count = retries.try_again(queryset)
    if count:
        model_admin.message_user(request, f"Si riprovano adesso: {count}. Guarda l'esito fra un minuto.")
    else:
        model_admin.message_user(request, "Nessuno di questi è messo da parte.", messages.WARNING)


class AttemptInline(ReadOnly, admin.TabularInline[Attempt, Message]):
    model = Attempt
    fields = readonly_fields = ("started_at", "answered_at", "state", "error_code", "error_text")
    extra = 0
    ordering = ["pk"]


@admin.register(Message)
class MessageAdmin(Watched[Message]):
    list_display = ["created_at", "direction", "contact", "excerpt", "state_badge", "reason"]
    list_display_links = ["created_at", "excerpt"]
    list_filter = ["state", "lane", "inbound", SetAsideFilter]
    actions = [try_again]
    list_select_related = ["contact", "content", "changed_by__content"]
    search_fields = ["contact__profile_name"]
    number_searched = "contact__phone"
    search_help_text = "Nome su WhatsApp, oppure il numero intero, per esempio 340 111 2202."
    ordering = ["-pk"]
    show_full_result_count = False
    inlines = [AttemptInline]
    fields = readonly_fields = (
        "contact", "direction", "full_text", "state", "reason", "lane", "created_at", "due_at",
        "accepted_at", "sent_at", "delivered_at", "read_at", "handled_at", "set_aside_at",
    )  # fmt: skip

    direction = column(
        "verso", lambda row: "dal cittadino" if row.inbound else "dal Comune", ordering="inbound"
    )
    excerpt = column("testo", lambda row: row.excerpt)
    full_text = column("testo", lambda row: row.text or row.excerpt)
    state_badge = column("stato", lambda row: _state(row), ordering="state")


def _state(row: Message) -> SafeString:
    if row.inbound and row.set_aside_at:
        return badge("red", "messo da parte")
    return badge(tone(State(row.state)), row.get_state_display())


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly, BackOfficeAdmin[WebhookEvent]):
    list_display = ["received_at", "provider", "inbox", "size", "outcome", "attempts", "error"]
    list_filter = ["inbox", ("handled_at", admin.EmptyFieldListFilter), SetAsideFilter]
    actions = [try_again]
    ordering = ["-pk"]
    show_full_result_count = False
    fields = readonly_fields = (
        "received_at", "provider", "inbox", "size", "handled_at", "set_aside_at", "attempts", "lost",
        "due_at", "error",
    )  # fmt: skip

    size = column("byte", lambda row: len(row.body))
    outcome = column("esito", lambda row: _outcome(row), ordering="handled_at")


def _outcome(row: WebhookEvent) -> SafeString:
    if row.handled_at:
        return badge("green", "trattato")
    return badge("red", "messo da parte") if row.set_aside_at else badge("amber", "da trattare")
