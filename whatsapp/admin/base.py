"""What the channel's pages share."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from whatsapp import audit

Row = TypeVar("Row", bound=Model)


class Fixed:
    """Rows that the program makes: none is added or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_delete_permission = has_add_permission


class ReadOnly(Fixed):
    """A ledger: nothing is changed by hand either."""

    has_change_permission = Fixed.has_add_permission


class Paged(admin.ModelAdmin[Row]):
    """With pages of its own: name -> address and permission; the view is the method `<name>_view`.

    Without a permission they are for who may see the list.
    """

    pages: ClassVar[dict[str, tuple[str, str]]] = {}

    def get_urls(self) -> list[URLPattern]:
        mine: dict[str, tuple[str, str]] = {}
        for one in reversed(type(self).__mro__):
            mine |= vars(one).get("pages", {})
        return [*(self._url(name, *page) for name, page in mine.items()), *super().get_urls()]

    def _url(self, name: str, address: str, permission: str) -> URLPattern:
        view: Callable[..., HttpResponse] = getattr(self, f"{name}_view")

        def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if not (request.user.has_perm(permission) if permission else self.has_view_permission(request)):
                raise PermissionDenied
            return view(request, **arguments)

        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        return path(address, self.admin_site.admin_view(guarded), name=f"{prefix}_{name}")

    def page(self, request: HttpRequest, template: str, title: str, /, **context: Any) -> TemplateResponse:
        """One of these pages, with what every page of the admin has."""
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, f"admin/{template}.html", {**shared, "title": title, **context})


class Watched(ReadOnly, Paged[Row]):
    """A ledger about people: who opens a row is written in the log of actions."""

    opened_as = "pk"  # the field whose value the log calls the row by

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = context["original"]
        audit.note_opening(row, str(getattr(row, self.opened_as)))
        return super().render_change_form(request, context, *args, **kwargs)


def column(description: str, tell: Callable[[Any], Any], **shown_as: Any) -> Callable[[Any, Any], Any]:
    """What a list or a page says of a row; `shown_as` is what `admin.display` takes."""

    def told(self: Any, row: Any) -> Any:
        return tell(row)

    shown: Callable[[Any, Any], Any] = admin.display(told, description=description, **shown_as)
    return shown


def badge(tone: str, label: str) -> SafeString:
    """A coloured word; the colour only repeats what the word says."""
    return format_html('<span class="wu-badge wu-badge--{}">{}</span>', tone, label)
