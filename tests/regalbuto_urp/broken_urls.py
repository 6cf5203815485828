"""Addresses that go wrong, one way each."""

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path


def bad(request: HttpRequest) -> HttpResponse:
    raise BadRequest


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("rotto")


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse("salvato")


urlpatterns = [path("400/", bad), path("403/", forbidden), path("500/", broken), path("form/", form)]
