"""What the channel's pages share."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from whatsapp import audit

Row = TypeVar("Row", bound=Model)


class ReadOnly:
    """A ledger: nothing is added, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Watched(ReadOnly, admin.ModelAdmin[Row]):
    """A ledger about people: who opens a row is written in the log of actions."""

    opened_as = "pk"  # the field whose value the log calls the row by

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context["original"]
        audit.note_opening(row, str(getattr(row, self.opened_as)))
        return super().render_change_form(request, context, *args, **kwargs)


def badge(tone: str, label: str) -> SafeString:
    """A coloured word; the colour only repeats what the word says."""
    return format_html('<span class="wu-badge wu-badge--{}">{}</span>', tone, label)
