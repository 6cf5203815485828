"""Message templates in the back office."""

from django.contrib import admin
from django.utils.safestring import SafeString

from whatsapp import templates
from whatsapp.admin.base import ReadOnly, badge
from whatsapp.models import Template


@admin.register(Template)
class TemplateAdmin(ReadOnly, admin.ModelAdmin[Template]):
    list_display = ["name", "status_badge", "header", "category", "quality", "reason", "synced_at"]
    list_filter = ["status", "category", "header"]
    search_fields = ["name", "body"]
    readonly_fields = (
        "name",
        "language",
        "category",
        "status",
        "reason",
        "quality",
        "header",
        "rendering",
        "footer",
        "button_labels",
        "ttl_seconds",
        "synced_at",
    )
    fields = readonly_fields

    @admin.display(description="stato", ordering="status")
    def status_badge(self, template: Template) -> SafeString:
        tones = {
            Template.Status.APPROVED: "green",
            Template.Status.PENDING: "amber",
            Template.Status.DRAFT: "grey",
        }
        return badge(tones.get(Template.Status(template.status), "red"), template.get_status_display())

    @admin.display(description="come si legge")
    def rendering(self, template: Template) -> str:
        return templates.render(template, template.examples)

    @admin.display(description="pulsanti")
    def button_labels(self, template: Template) -> str:
        return " · ".join(button["text"] for button in template.buttons) or "nessuno"
