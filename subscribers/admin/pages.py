"""A plain form on a page of its own, as Django's admin shows its own: desk, lists, exports, requests."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.admin.helpers import AdminForm
from django.http import HttpRequest
from django.template.response import TemplateResponse

from whatsapp.admin.base import Paged

FORM = "subscribers/form"
Fieldsets = Sequence[tuple[str | None, Sequence[str]]]


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def reason_field(example: str) -> forms.CharField:
    """Why something leaves the back office."""
    return forms.CharField(
        label="Motivo",
        min_length=5,
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vLargeTextField"}),
        help_text=f"{example} Resta nel registro delle azioni: non scrivere nomi né numeri di telefono.",
    )


def form_page(
    view: Paged[Any],
    request: HttpRequest,
    form: forms.Form,
    fieldsets: Fieldsets = (),
    *,
    title: str,
    template: str = FORM,
    **context: Any,
) -> TemplateResponse:
    """The form's page: `title` in the head, `button` below; without `fieldsets` all fields together."""
    groups = [(group, {"fields": names}) for group, names in fieldsets or [(None, [*form.fields])]]
    shown = AdminForm(form, groups, {}, model_admin=view)  # type: ignore[arg-type]  # no model behind it
    return view.page(request, template, title, adminform=shown, **context)
