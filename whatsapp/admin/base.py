"""What all pages of the back office share."""

import re
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.contrib import admin, messages
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from whatsapp import audit, searches

Row = TypeVar("Row", bound=Model)
SEARCH_KEY = "cerca"  # in an address, instead of the words
SEARCH_LOST = "La ricerca non è più in memoria: ripetila."


def key_of(text: str) -> int | None:
    """A row's number out of an address or a form; None if it can be none."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


class BackOfficeList(ChangeList):
    """A list that the address filters only by what the page offers.

    Raises SuspiciousOperation, which Django answers with 400, for any other name, and for a value that
    cannot be.
    """

    model_admin: "BackOfficeAdmin[Any]"

    def get_filters_params(self, params: Any = None) -> Any:
        chosen = super().get_filters_params(params)
        chosen.pop(SEARCH_KEY, None)
        return chosen

    def get_filters(self, request: HttpRequest) -> Any:
        filters, *rest = super().get_filters(request)
        left: Any = rest[1]  # what neither a filter nor the calendar has read
        offered = set(self.model_admin.lookups_offered)
        if f"{self.date_hierarchy}__year" in self.params:
            offered |= {f"{self.date_hierarchy}__gte", f"{self.date_hierarchy}__lt"}
        refused = left.keys() - offered
        if refused or SEARCH_VAR in self.params:
            raise DisallowedModelAdminLookup(f"Not offered by {self!r}")
        return filters, *rest

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        words = self.model_admin.words_searched(request)
        if words is None:  # never the whole list instead of what was searched
            raise IncorrectLookupParameters
        self.query = words
        return super().get_queryset(request, exclude_parameters)

    def get_results(self, request: HttpRequest) -> None:
        """A page that is no longer there is the first one."""
        try:
            super().get_results(request)
        except IncorrectLookupParameters:
            self.page_num = 1
            super().get_results(request)

    @property
    def search_address(self) -> str:
        """Where the words are posted: this list with its filters, from its first page."""
        return self.get_query_string(remove=[SEARCH_KEY])


class BackOfficeAdmin(admin.ModelAdmin[Row]):
    """What every model's pages derive from: strict addresses, and searches that are not in them."""

    lookups_offered: ClassVar[tuple[str, ...]] = ()  # in links of ours, besides filters and calendar
    number_searched: ClassVar[str] = ""  # the path to the phone that a whole number finds

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BackOfficeList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        try:
            return super().get_changelist_instance(request)
        except (IncorrectLookupParameters, ValueError, OverflowError):
            # Without the cause: what was typed does not belong into the log.
            raise SuspiciousOperation(f"A filter of {self!r} has a value that cannot be") from None

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.method == "POST" and SEARCH_VAR in request.POST:
            return self._search(request)
        if not all(map(key_of, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise SuspiciousOperation("A row that was chosen can be none")
        if self.words_searched(request) is None:
            self.message_user(request, SEARCH_LOST, messages.WARNING)
            return self._list_address(request)
        return super().changelist_view(request, extra_context)

    def words_searched(self, request: HttpRequest) -> str | None:
        """What this list is searched for; None if the session does not remember it."""
        key = request.GET.get(SEARCH_KEY)
        return "" if key is None else searches.recall(request.session, self.model, key)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Row], search_term: str
    ) -> tuple[QuerySet[Row], bool]:
        """By words, or by a whole number however typed: a piece of a number would unmask it."""
        number = searches.number_in(search_term) if self.number_searched else None
        if number:
            return queryset.filter(**{self.number_searched: number}), False
        return super().get_search_results(request, queryset, search_term)

    def _search(self, request: HttpRequest) -> HttpResponse:
        words = " ".join(request.POST[SEARCH_VAR].replace("\0", "").split())[: searches.LONGEST]
        number = searches.number_in(words) if self.number_searched else None
        if number:
            try:
                searches.check_limit(request.user)
            except searches.TooManySearches as problem:
                self.message_user(request, str(problem), messages.ERROR)
                return self._list_address(request)
            rows = self.get_queryset(request).filter(**{self.number_searched: number})
            searches.note(request.user, self.model, number, successful=rows.exists())
        return self._list_address(request, searches.keep(request.session, self.model, words) if words else "")

    def _list_address(self, request: HttpRequest, key: str = "") -> HttpResponseRedirect:
        """This list with its filters, from its first page."""
        kept = request.GET.copy()
        for name in (SEARCH_KEY, PAGE_VAR):
            kept.pop(name, None)
        if key:
            kept[SEARCH_KEY] = key
        return HttpResponseRedirect(f"{request.path}?{kept.urlencode()}" if kept else request.path)


class Fixed:
    """Rows that the program makes: none is added or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_delete_permission = has_add_permission


class ReadOnly(Fixed):
    """A ledger: nothing is changed by hand either."""

    has_change_permission = Fixed.has_add_permission


class Paged(BackOfficeAdmin[Row]):
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
