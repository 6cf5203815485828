"""What the channel's pages share."""

from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString


class ReadOnly:
    """A ledger: nothing is added, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def badge(tone: str, label: str) -> SafeString:
    """A coloured word; the colour only repeats what the word says."""
    return format_html('<span class="wu-badge wu-badge--{}">{}</span>', tone, label)
