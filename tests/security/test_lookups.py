"""What an address may ask of the back office: what its pages offer, and whatever else without an error."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.admin import FieldListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.test import Client, RequestFactory

from broadcasts.models import Broadcast
from regalbuto_urp.roles import ROLES
from reports.models import Report
from tests.regalbuto_urp import walk
from whatsapp.admin.base import BackOfficeAdmin

LOOKUPS = ("", "exact", "startswith", "contains", "regex", "gt", "gte", "lt", "in", "isnull", "year")
ABSURD = (
    "", "(", "-1", "9" * 5000, "\u00b2", "9999-12-31 23:59:59-12:00", "0001-01-01 00:00:00+14:00", "a" * 2000,
)  # fmt: skip
ADMINS: list[Any] = list(admin.site._registry.values())


APPS = sorted({one.opts.app_label for one in ADMINS})


def _of(app: str) -> list[Any]:
    return [one for one in ADMINS if one.opts.app_label == app]


def _address(one: Any) -> str:
    return f"/admin/{one.opts.app_label}/{one.opts.model_name}/"


def _paths(model: Any) -> Iterator[str]:
    """The model's fields, those of the models it points to, and those of the models that point to it."""
    for field in model._meta.get_fields():
        yield field.name
        if field.related_model:
            yield from (f"{field.name}__{other.name}" for other in field.related_model._meta.get_fields())


def _names(model: Any) -> Iterator[str]:
    for path in _paths(model):
        yield from (f"{path}__{lookup}" if lookup else path for lookup in LOOKUPS)


def _offered(one: Any, request: Any) -> set[str]:
    """What filters, calendar and links of a list put into addresses, as the filters themselves say."""
    names = {*one.lookups_offered, *([f"{one.date_hierarchy}__year"] if one.date_hierarchy else [])}
    for item in one.get_list_filter(request):
        if isinstance(item, type):
            names.add(item.parameter_name)  # type: ignore[attr-defined]
            continue
        path, kind = item if isinstance(item, tuple) else (item, FieldListFilter.create)
        field = get_fields_from_path(one.model, path)[-1]
        names |= set(kind(field, request, {}, one.model, one, field_path=path).expected_parameters())
    return names


@pytest.mark.parametrize("one", ADMINS, ids=lambda one: one.opts.label)
def test_every_admin_has_the_same_base(one: Any) -> None:
    assert isinstance(one, BackOfficeAdmin)


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.DEBUG = False
    walk.world()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_list_is_filtered_by_what_it_offers_and_by_nothing_else(rf: RequestFactory, role: str) -> None:
    """Of every list this role sees: each field, each lookup, in the function that reads the address."""
    request = rf.get("/")
    request.user = walk.member(role)
    refused, wrong = 0, []
    for one in ADMINS:
        if not one.has_view_permission(request):
            continue
        shown, offered = one.get_changelist_instance(request), _offered(one, request)
        for name in {*_names(one.model), *offered}:
            shown.params, shown.filter_params = {name: "1"}, {name: ["1"]}
            try:
                shown.get_filters(request)
            except SuspiciousOperation:
                refused += 1
                wrong += [f"{one}: {name} refused"] if name in offered else []
            else:
                wrong += [] if name in offered else [f"{one}: {name} taken"]
    assert wrong == []
    assert refused > 500


class Asker:
    """Someone who may do everything that a role may, and asks for addresses until one fails."""

    def __init__(self, client: Client) -> None:
        user = walk.member(*ROLES)
        client.force_login(user)
        client.raise_request_exception = False
        self.client, self.user, self.wrong = client, user, list[str]()
        self.request = RequestFactory().get("/")
        self.request.user = user

    def get(self, path: str, allowed: tuple[int, ...] = (200, 302, 400), **query: Any) -> None:
        """With nothing kept of what the address did."""
        self._check(path, query, allowed, self._ask("get", path, query))

    def post(self, path: str, data: dict[str, Any], allowed: tuple[int, ...] = (200, 302, 400)) -> None:
        self._check(path, data, allowed, self._ask("post", path, data))

    def _ask(self, method: str, path: str, data: dict[str, Any]) -> int:
        with transaction.atomic():
            status: int = getattr(self.client, method)(path, data).status_code
            transaction.set_rollback(True)
        return status

    def _check(self, path: str, data: dict[str, Any], allowed: tuple[int, ...], status: int) -> None:
        if status not in allowed:
            self.wrong.append(f"{path} {str(data)[:120]}: {status}")


@pytest.fixture
def asker(client: Client, world: None) -> Iterator[Asker]:
    asker = Asker(client)
    logging.disable()  # each refusal is a line of the log; to format thousands of them takes minutes
    yield asker
    logging.disable(logging.NOTSET)
    assert asker.wrong == []


@pytest.mark.django_db
@pytest.mark.parametrize("app", APPS)
def test_no_value_breaks_a_list(asker: Asker, app: str) -> None:
    for one in _of(app):
        for value in ABSURD:
            for name in _offered(one, asker.request):
                asker.get(_address(one), **{name: value})
            asker.get(_address(one), p=value, o=value, e=value, all=value, _facets=value, _popup=value)
            asker.get(_address(one), _to_field=value, cerca=value)
        for order in ("99", "-1", "--1", "1.2.x", "1" + ".1" * 1000):
            asker.get(_address(one), o=order, p="99999999")
        if day := one.date_hierarchy:
            for year, month, at in (
                ("9999", "12", "31"),
                ("1", "1", "1"),
                ("2026", "13", "1"),
                ("2026", "", "x"),
            ):
                asker.get(_address(one), **{f"{day}__year": year, f"{day}__month": month, f"{day}__day": at})
                asker.get(_address(one), **{f"{day}__year": year, f"{day}__month": month})
                asker.get(_address(one), allowed=(400,), **{f"{day}__month": month})


@pytest.mark.django_db
@pytest.mark.parametrize("app", APPS)
def test_no_value_breaks_the_pages_of_a_row(asker: Asker, app: str) -> None:
    for one in _of(app):
        anything = (200, 302, 400, 403, 404)
        for value in ABSURD:
            if not value or "/" in value:
                continue
            for page in ("change", "history", "delete"):
                asker.get(f"{_address(one)}{quote(value)}/{page}/", allowed=anything)
            asker.post(f"{_address(one)}{quote(value)}/change/", {"title": "x"}, allowed=anything)
        form = one.get_form(asker.request) if one.has_add_permission(asker.request) else None
        for value in ABSURD:
            fields = dict.fromkeys([*(form.base_fields if form else []), "modello", "_popup"], value)
            asker.get(f"{_address(one)}add/", allowed=anything, **fields)


@pytest.mark.django_db
@pytest.mark.parametrize("app", APPS)
def test_no_posted_value_breaks_a_list(asker: Asker, app: str) -> None:
    for one in _of(app):
        actions = [name for name, _label in one.get_action_choices(asker.request) if name]
        for value in (*ABSURD, "\x00"):
            asker.post(_address(one), {"q": value})
            for action in actions[:2]:
                asker.post(_address(one), {"action": action, "_selected_action": [value], "index": "0"})
            asker.post(_address(one), {"action": value, "_selected_action": ["1"], "index": value})
        asker.post(_address(one), {"q": "a " * 2500})


OWN_PAGES = {
    "/admin/reports/report/mappa/": (
        "aperta",
        "category__id__exact",
        "gravita",
        "giorni",
        "office__id__exact",
    ),
    "/admin/reports/report/mappa/dati/": ("bbox", "zoom", "tranne", "category__id__exact", "giorni"),
    "/admin/reports/report/statistiche/": ("category__id__exact", "giorni"),
    "/admin/guida/": ("p",),
    "/admin/adesso/": ("x",),
    "/admin/sicurezza/": ("next",),
    "/admin/codice/": ("next",),
}


@pytest.mark.django_db
@pytest.mark.parametrize("value", ABSURD, ids=lambda value: value[:12])
def test_no_value_breaks_a_page_of_ours(asker: Asker, value: str) -> None:
    for path, names in OWN_PAGES.items():
        asker.get(path, **dict.fromkeys(names, value))
    asker.get("/admin/reports/report/mappa/dati/", bbox="14,37,15,38", zoom=12, tranne=value)
    asker.get("/admin/reports/report/mappa/dati/", bbox=f"14,37,15,{value}", zoom=12)
    asker.get("/admin/reports/report/mappa/dati/", bbox="14,37,15,38", zoom=value)
    report = Report.objects.values_list("pk", flat=True)[0]
    asker.get(f"/admin/reports/report/{report}/change/", ufficio=value, unisci=value)
    for notice in Broadcast.objects.values_list("pk", flat=True):
        for page in ("destinatari", "problemi"):
            asker.get(f"/admin/broadcasts/broadcast/{notice}/{page}/", p=value)
    for of in ("subscribers/subscriber", "subscribers/consentevent", "reports/report"):
        asker.get(f"/admin/{of}/esporta/", cerca=value)
        for name in ("reason", "kind", "start", "end", "day"):
            asker.post(f"/admin/{of}/esporta/", {"reason": "prova di valori", "kind": "csv", name: value})


@pytest.mark.django_db
@pytest.mark.parametrize("value", [*ABSURD, "\x00"], ids=lambda value: repr(value[:12]))
def test_no_posted_value_breaks_a_page_of_ours(asker: Asker, value: str) -> None:
    asker.post("/admin/subscribers/subscriber/fascicolo/", {"number": value})
    for name in ("category", "header", "draft", "title", "place_name"):
        asker.post("/admin/broadcasts/broadcast/anteprima/", {name: value})
    for name in ("category", "draft", "seen", "coordinates", "kept"):
        asker.post("/admin/broadcasts/broadcast/salva/", {"title": "Prova", name: value}, (200, 400, 409))


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_no_role_has_suggestions_while_typing(client: Client, world: None, role: str) -> None:
    client.force_login(walk.member(role))
    query = {
        "app_label": "whatsapp",
        "model_name": "message",
        "field_name": "contact",
        "term": "+393401112201",
    }
    assert client.get("/admin/autocomplete/", query).status_code == 403
    assert client.get("/admin/autocomplete/").status_code == 403
