"""Ledgers to read: messages with their attempts, the raw inbox."""

from django.contrib import admin

from whatsapp.admin.base import BackOfficeAdmin, ReadOnly, Watched, badge, column
from whatsapp.models import Attempt, Message, WebhookEvent
from whatsapp.types import State, tone


class AttemptInline(ReadOnly, admin.TabularInline[Attempt, Message]):
    model = Attempt
    fields = readonly_fields = ("started_at", "answered_at", "state", "error_code", "error_text")
    extra = 0
    ordering = ["pk"]


@admin.register(Message)
class MessageAdmin(Watched[Message]):
    list_display = ["created_at", "direction", "contact", "excerpt", "state_badge", "reason"]
    list_display_links = ["created_at", "excerpt"]
    list_filter = ["state", "lane", "inbound"]
    list_select_related = ["contact", "content", "changed_by__content"]
    search_fields = ["contact__profile_name"]
    number_searched = "contact__phone"
    search_help_text = "Nome su WhatsApp, oppure il numero intero, per esempio 340 111 2202."
    ordering = ["-pk"]
    show_full_result_count = False
    inlines = [AttemptInline]
    fields = readonly_fields = (
        "contact", "direction", "full_text", "state", "reason", "lane", "created_at", "due_at",
        "accepted_at", "sent_at", "delivered_at", "read_at", "handled_at",
    )  # fmt: skip

    direction = column(
        "verso", lambda row: "dal cittadino" if row.inbound else "dal Comune", ordering="inbound"
    )
    excerpt = column("testo", lambda row: row.excerpt)
    full_text = column("testo", lambda row: row.text or row.excerpt)
    state_badge = column(
        "stato", lambda row: badge(tone(State(row.state)), row.get_state_display()), ordering="state"
    )


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly, BackOfficeAdmin[WebhookEvent]):
    list_display = ["received_at", "provider", "inbox", "size", "handled_at", "attempts", "error"]
    list_filter = ["inbox", ("handled_at", admin.EmptyFieldListFilter)]
    ordering = ["-pk"]
    show_full_result_count = False
    fields = readonly_fields = (
        "received_at", "provider", "inbox", "size", "handled_at", "attempts", "due_at", "error",
    )  # fmt: skip

    size = column("byte", lambda row: len(row.body))
