"""Ledgers to read: messages with their attempts, the raw inbox."""

from django.contrib import admin
from django.utils.safestring import SafeString

from whatsapp.admin.base import ReadOnly, Watched, badge
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
    search_fields = ["=contact__phone", "contact__profile_name"]
    search_help_text = "Nome su WhatsApp, oppure il numero intero (+39…)."
    ordering = ["-pk"]
    show_full_result_count = False
    inlines = [AttemptInline]
    fields = readonly_fields = (
        "contact", "direction", "full_text", "state", "reason", "lane", "created_at", "due_at",
        "accepted_at", "sent_at", "delivered_at", "read_at", "handled_at",
    )  # fmt: skip

    @admin.display(description="verso", ordering="inbound")
    def direction(self, message: Message) -> str:
        return "dal cittadino" if message.inbound else "dal Comune"

    @admin.display(description="testo")
    def excerpt(self, message: Message) -> str:
        return message.excerpt

    @admin.display(description="testo")
    def full_text(self, message: Message) -> str:
        return message.text or message.excerpt

    @admin.display(description="stato", ordering="state")
    def state_badge(self, message: Message) -> SafeString:
        return badge(tone(State(message.state)), message.get_state_display())


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly, admin.ModelAdmin[WebhookEvent]):
    list_display = ["received_at", "provider", "inbox", "size", "handled_at", "attempts", "error"]
    list_filter = ["inbox", ("handled_at", admin.EmptyFieldListFilter)]
    ordering = ["-pk"]
    show_full_result_count = False
    fields = readonly_fields = (
        "received_at", "provider", "inbox", "size", "handled_at", "attempts", "due_at", "error",
    )  # fmt: skip

    @admin.display(description="byte")
    def size(self, event: WebhookEvent) -> int:
        return len(event.body)
