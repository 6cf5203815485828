"""«Sicurezza del mio accesso», and the page that asks for the code."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django_otp import login as remember_device
from django_otp.plugins.otp_static.models import StaticDevice

from regalbuto_urp.access import factor, sessions


class CodeInput(forms.TextInput):
    """A refused code is not shown again: the next one is another."""

    def __init__(self) -> None:
        super().__init__(
            {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "size": 12}
        )

    def format_value(self, value: Any) -> str | None:
        return None


class CodeForm(forms.Form):
    """A code, tried with `check`; the device that gave it is `device`."""

    code = forms.CharField(label="Codice", max_length=20, widget=CodeInput())

    def __init__(self, data: Any, user: Any, check: Callable[[Any, str], Any] = factor.verify) -> None:
        super().__init__(data)
        self.user, self.check, self.device = user, check, None

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        try:
            self.device = self.check(self.user, code)
        except factor.Refused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return code


def urls(site: AdminSite) -> list[URLPattern]:
    """The pages, for whoever is on the staff."""

    def page(address: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        def shown(request: HttpRequest) -> HttpResponse:
            return view(site, request)

        return path(address, site.admin_view(never_cache(shown)), name=name)

    return [
        page("codice/", code, "code"),
        page("sicurezza/", security, "security"),
        page("sicurezza/telefono/", enrol, "security_enrol"),
        page("sicurezza/codici/", partial(_with_code, "Nuovi codici di riserva", _codes), "security_codes"),
        page("sicurezza/togli/", partial(_with_code, "Togli il telefono", _remove), "security_remove"),
        page("sicurezza/sessioni/", close_sessions, "security_sessions"),
    ]


def _show(site: AdminSite, request: HttpRequest, name: str, title: str, **context: Any) -> TemplateResponse:
    everything = {
        **site.each_context(request),
        "title": title,
        "next": _next(request),
        "before_the_code": settings.SECOND_FACTOR and not factor.is_verified(request.user),
        **context,
    }
    return TemplateResponse(request, f"admin/access/{name}.html", everything)


def _next(request: HttpRequest) -> str:
    """Where the person was going; only on this site."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    return asked if url_has_allowed_host_and_scheme(asked, {request.get_host()}) else ""


def code(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """«Inserisci il codice», and back to where one was going."""
    where = _next(request) or reverse("admin:index")
    if not factor.must_verify(request.user):
        return HttpResponseRedirect(where)
    form = CodeForm(request.POST or None, request.user)
    if not form.is_valid():
        return _show(site, request, "code", "Inserisci il codice", form=form)
    _verified(request, form.device)
    if isinstance(form.device, StaticDevice):
        left = factor.backup_codes_left(request.user)
        messages.warning(
            request,
            f"Hai usato un codice di riserva: ne restano {left}. Se hai perso il telefono, toglilo da "
            "«Sicurezza del mio accesso» e registra quello nuovo.",
        )
    return HttpResponseRedirect(where)


def _verified(request: HttpRequest, device: Any) -> None:
    """The session may do more from here on: it gets another key."""
    remember_device(request, device)
    request.session.cycle_key()


def security(site: AdminSite, request: HttpRequest) -> HttpResponse:
    return _show(
        site,
        request,
        "security",
        "Sicurezza del mio accesso",
        phone=factor.phone(request.user),
        left=factor.backup_codes_left(request.user),
        form=CodeForm(None, request.user),
        sessions=sessions.of(request.user, request.session.session_key),
    )


def enrol(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """GET: the QR code. POST: the first code from the app, answered with the backup codes."""
    if factor.phone(request.user):
        messages.info(request, "Il telefono è già registrato. Per cambiarlo, prima toglilo.")
        return redirect("admin:security")
    form = CodeForm(request.POST or None, request.user, factor.confirm)
    if not form.is_valid():
        device = factor.begin(request.user)
        shown = {"picture": factor.picture(device), "secret": factor.secret(device)}
        return _show(site, request, "enrol", "Registra il telefono", form=form, **shown)
    _verified(request, form.device)
    return _codes(site, request)


def _codes(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Shown in the answer itself: nothing keeps them."""
    codes = factor.new_backup_codes(request.user)
    return _show(site, request, "codes", "Codici di riserva", codes=[f"{one[:5]} {one[5:]}" for one in codes])


def _remove(site: AdminSite, request: HttpRequest) -> HttpResponse:
    factor.remove(request.user, by=request.user)
    messages.success(request, "Il telefono è tolto e i codici di riserva non valgono più.")
    return redirect("admin:security")


def _with_code(
    title: str, act: Callable[[AdminSite, HttpRequest], HttpResponse], site: AdminSite, request: HttpRequest
) -> HttpResponse:
    """A page that asks for a fresh code and then acts: a session left open is not enough."""
    if factor.phone(request.user) is None:
        return redirect("admin:security")
    form = CodeForm(request.POST or None, request.user)
    return act(site, request) if form.is_valid() else _show(site, request, "code", title, form=form)


def close_sessions(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """POST `name`: close that session; without it, all but this one."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    ended = sessions.close(request.user, request.POST.get("name", ""), but=request.session.session_key)
    messages.success(request, "Sessione chiusa." if ended == 1 else f"Sessioni chiuse: {ended}.")
    return redirect("admin:security")
