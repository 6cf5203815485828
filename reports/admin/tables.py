"""Tables the staff keep: who handles what, and the words citizens get."""

from django.contrib import admin
from django.http import HttpRequest

from reports.models import CannedReply, Office, ReplyText, ReportCategory


@admin.register(Office)
class OfficeAdmin(admin.ModelAdmin[Office]):
    list_display = ["name", "email", "external"]


@admin.register(ReportCategory)
class ReportCategoryAdmin(admin.ModelAdmin[ReportCategory]):
    """The kinds are fixed, because the rules that recognise them are; who handles them is not."""

    list_display = ["name", "office", "working_days", "points", "weather", "offered"]
    list_select_related = ["office"]
    fields = ["name", "office", "working_days", "points", "weather", "offered", "standard", "order"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ReportCategory | None = None) -> bool:
        return False


@admin.register(ReplyText)
class ReplyTextAdmin(admin.ModelAdmin[ReplyText]):
    list_display = ["purpose", "body"]
    fields = ["purpose", "body"]
    readonly_fields = ["purpose"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ReplyText | None = None) -> bool:
        return False


@admin.register(CannedReply)
class CannedReplyAdmin(admin.ModelAdmin[CannedReply]):
    list_display = ["title", "body"]
    search_fields = ["title", "body"]
