"""Django's admin with the town's name and a home page that says what waits."""

from functools import partial
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_GET

from regalbuto_urp import guide, home
from regalbuto_urp.access import locks, pages
from whatsapp import channels


class TownAdminSite(AdminSite):
    site_header = "WhatsURP · Comune di Regalbuto"
    site_title = "WhatsURP"
    index_title = "Che cosa c'è da fare"
    login_form = locks.StaffLoginForm

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().login(request, extra_context)
        if request.method == "POST" and request.user.is_authenticated:
            locks.remember_browser(response, request.user)
        return response

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {"cards": home.cards(request.user), **(extra_context or {})})

    def get_urls(self) -> list[URLPattern | URLResolver]:
        live = path("adesso/", self.admin_view(require_GET(self.home_live)), name="home_live")
        read = self.admin_view(require_GET(partial(guide.page, self)))
        chapters = [path(at, read, name="guide") for at in ("guida/", "guida/<slug:name>/")]
        return [live, *chapters, *pages.urls(self), *super().get_urls()]

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """No form uses it, and it would answer searches that are neither counted nor posted."""
        raise PermissionDenied

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Every page says if the service is on trial."""
        told = super().each_context(request)
        if request.user.is_authenticated and request.user.is_staff:
            told["on_trial"] = channels.on_trial()
        return told

    def home_live(self, request: HttpRequest) -> HttpResponse:
        """The part of the home page that its script fetches again every few seconds."""
        return render(request, "admin/home/live.html", {"cards": home.cards(request.user, home.LIVE)})
