"""Too many wrong passwords: who asks, from where, and what they read."""

from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone


class StaffBackend(AxesStandaloneBackend, ModelBackend):  # type: ignore[misc]
    """Django's users and passwords, for whoever is not locked out. One: with two `with_perm` asks which."""

    def authenticate(self, request: Any, username: Any = None, password: Any = None, **more: Any) -> Any:
        super().authenticate(request, username, password, **more)  # raises if locked out
        return ModelBackend.authenticate(self, request, username, password, **more)


def client_address(request: HttpRequest) -> str | None:
    """Where a request comes from, as the last of our own `PROXIES` saw it.

    Each proxy appends to `X-Forwarded-For` the address it was called from: what stands further left was
    written by the caller, who may invent it.
    """
    seen = [*request.META.get("HTTP_X_FORWARDED_FOR", "").split(","), request.META.get("REMOTE_ADDR", "")]
    address = seen[-1 - settings.PROXIES].strip() if len(seen) > settings.PROXIES else ""
    try:
        return str(ip_address(address))
    except ValueError:
        return None


def is_locked(attempt: AccessAttempt) -> bool:
    """Do this name and this address have to wait?"""
    wrong = attempt.failures_since_start >= settings.AXES_FAILURE_LIMIT
    return bool(wrong and ends_at(attempt) > timezone.now())


def ends_at(attempt: AccessAttempt) -> Any:
    """When this attempt is forgotten."""
    return attempt.attempt_time + settings.AXES_COOLOFF_TIME


def refused(request: HttpRequest, response: Any, credentials: dict[str, Any] | None) -> HttpResponse:
    """The answer to whoever is locked out: how long, and whom to ask."""
    name = (credentials or {}).get("username")
    attempts = AccessAttempt.objects.filter(username=name, ip_address=client_address(request))
    ends = max((ends_at(one) for one in attempts), default=timezone.now())
    minutes = max(1, -(-(ends - timezone.now()) // timedelta(minutes=1)))
    return render(request, "admin/access/locked.html", {"minutes": minutes, "ends": ends}, status=429)
