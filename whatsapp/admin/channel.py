"""The number in the back office: its health and its pause."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from whatsapp import channels
from whatsapp.admin.base import badge
from whatsapp.models import Channel


@admin.register(Channel)
class ChannelAdmin(admin.ModelAdmin[Channel]):
    list_display = ["__str__", "status", "pace", "quality", "tier", "last_inbound_at", "last_outbound_at"]
    readonly_fields = (
        "display_number",
        "status",
        "pause_reason",
        "quality",
        "tier",
        "last_inbound_at",
        "last_outbound_at",
        "last_status_at",
        "swept_at",
    )
    fields = ("pace", *readonly_fields)
    actions = ["pause", "resume"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # made from the configuration

    def has_delete_permission(self, request: HttpRequest, obj: Channel | None = None) -> bool:
        return False

    @admin.display(description="stato")
    def status(self, channel: Channel) -> SafeString:
        return badge("red", "in pausa") if channel.paused_at else badge("green", "attivo")

    @admin.action(description="Ferma tutti gli invii", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        for channel in queryset:
            channels.pause(channel, f"fermato da {request.user}")
        self.message_user(request, "Gli invii sono fermi: i messaggi restano in coda.", messages.WARNING)

    @admin.action(description="Riattiva gli invii", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        for channel in queryset:
            channels.resume(channel)
        self.message_user(request, "Gli invii riprendono entro qualche secondo.")
