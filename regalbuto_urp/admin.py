"""The log of actions, to be read: who did what to which object, and when."""

from typing import Any

# Its own admin, in English, registers itself when imported: it must be there to be replaced.
from auditlog.admin import LogEntry
from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from regalbuto_urp.access import admin as access
from regalbuto_urp.access import request_admin
from whatsapp.admin.base import BackOfficeAdmin, ReadOnly, badge, column

__all__ = ["ActionLogAdmin", "access", "request_admin"]

_TONES = {
    LogEntry.Action.CREATE: "green",
    LogEntry.Action.UPDATE: "blue",
    LogEntry.Action.DELETE: "red",
    LogEntry.Action.ACCESS: "grey",
}
# What an export tells of itself (`subscribers.admin.exporting`).
_EXPORT = {
    "reason": "motivo",
    "person": "contatto",
    "filters": "filtri",
    "whole": "numeri per intero",
    "rows": "righe",
    "sha256": "SHA-256 del file",
}
_WORDS = {"None": "—", "": "—", "True": "sì", "False": "no"}

admin.site.unregister(LogEntry)


@admin.register(LogEntry)
class ActionLogAdmin(ReadOnly, BackOfficeAdmin[LogEntry]):
    list_display = ["when", "who", "what", "thing", "details"]
    list_display_links = None
    list_filter = ["action", ("content_type", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["actor", "content_type"]
    search_fields = ["object_repr", "actor__username", "actor__last_name"]
    search_help_text = "Nome dell'oggetto o di chi ha agito"
    date_hierarchy = "timestamp"
    show_full_result_count = False

    when = column("quando", lambda row: row.timestamp, ordering="timestamp")
    who = column(
        "chi",
        lambda row: (row.actor.get_full_name() or str(row.actor)) if row.actor else "il sistema",
        ordering="actor",
    )

    @admin.display(description="che cosa", ordering="action")
    def what(self, entry: Any) -> SafeString:
        told = entry.additional_data or {}
        done = told.get("done") or ("esportato" if told else entry.get_action_display())
        return badge(_TONES[entry.action], done)

    @admin.display(description="su che cosa", ordering="content_type")
    def thing(self, entry: Any) -> str:
        if "completed" in (entry.additional_data or {}):
            return str(entry.object_repr)
        model = entry.content_type.model_class()
        name = model._meta.verbose_name if model else entry.content_type.model
        return f"{capfirst(str(name))}: {entry.object_repr}"

    @admin.display(description="dettagli")
    def details(self, entry: Any) -> SafeString:
        told = entry.additional_data or {}
        if "successful" in told:
            return format_html("<div><strong>trovato</strong>: {}</div>", _WORDS[str(told["successful"])])
        return _exported(told) if "completed" in told else self._changed(entry)

    @staticmethod
    def _changed(entry: Any) -> SafeString:
        model = entry.content_type.model_class()
        # The log also holds the other ends of relations, which tell nothing.
        fields = (*model._meta.fields, *model._meta.many_to_many) if model else ()
        changes = entry.changes or {}
        rows = ((field.verbose_name, _told(changes[field.name])) for field in fields if field.name in changes)
        return format_html_join("", "<div><strong>{}</strong>: {}</div>", (row for row in rows if row[1]))


def _exported(told: dict[str, Any]) -> SafeString:
    """An export; while it is leaving, or if it was broken off, neither rows nor hash are known."""
    rows = ((label, _WORDS.get(str(told[key]), told[key])) for key, label in _EXPORT.items() if key in told)
    left = "" if told.get("completed") else badge("amber", "non completata: in corso, oppure interrotta")
    return format_html("{}{}", left, format_html_join("", "<div><strong>{}</strong>: {}</div>", rows))


def _told(change: Any) -> str:
    """Old and new value, or what was added to or taken from a list; empty if there was and is nothing."""
    if isinstance(change, dict):
        verb = "aggiunti" if change.get("operation") == "add" else "tolti"
        return f"{verb} {', '.join(change.get('objects', []))}"
    before, after = (_WORDS.get(str(value), str(value)) for value in change)
    return "" if before == after == "—" else f"{before} → {after}"
