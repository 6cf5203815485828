"""The tables the staff keep: prices, budgets, ready texts."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from broadcasts.tables import Budget, NoticeText, Price
from whatsapp.admin.base import BackOfficeAdmin


@admin.register(Price)
class PriceAdmin(BackOfficeAdmin[Price]):
    list_display = ["day", "kind", "euro", "free_in_window", "free_monthly", "note"]


@admin.register(Budget)
class BudgetAdmin(BackOfficeAdmin[Budget]):
    list_display = ["month", "euro"]


@admin.register(NoticeText)
class NoticeTextAdmin(BackOfficeAdmin[NoticeText]):
    list_display = ["name", "category", "title", "active"]
    list_filter = ["category", "active"]
    list_select_related = ["category"]
    search_fields = ["name", "title", "text"]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The category as a plain list: nobody makes or changes one while writing a text."""
        if db_field.name == "category":
            return db_field.formfield(**kwargs)
        return super().formfield_for_dbfield(db_field, request, **kwargs)
