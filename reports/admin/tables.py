"""Tables the staff keep: who handles what, and the words citizens get."""

from django.contrib import admin

from reports.models import CannedReply, Office, ReplyText, ReportCategory
from whatsapp.admin.base import BackOfficeAdmin, Fixed


@admin.register(Office)
class OfficeAdmin(BackOfficeAdmin[Office]):
    list_display = ["name", "email", "external"]


@admin.register(ReportCategory)
class ReportCategoryAdmin(Fixed, BackOfficeAdmin[ReportCategory]):
    """The kinds are fixed, because the rules that recognise them are; who handles them is not."""

    list_display = ["name", "office", "working_days", "points", "weather", "offered"]
    list_select_related = ["office"]
    fields = ["name", "office", "working_days", "points", "weather", "offered", "standard", "order"]


@admin.register(ReplyText)
class ReplyTextAdmin(Fixed, BackOfficeAdmin[ReplyText]):
    list_display = ["purpose", "body"]
    fields = ["purpose", "body"]
    readonly_fields = ["purpose"]


@admin.register(CannedReply)
class CannedReplyAdmin(BackOfficeAdmin[CannedReply]):
    list_display = ["title", "body"]
    search_fields = ["title", "body"]
