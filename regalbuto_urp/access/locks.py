"""Too many wrong passwords: who has to wait, for how long, and what they read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt, AccessFailureLog
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max, Model, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from regalbuto_urp.access.addresses import client_address
from whatsapp import mail

DAY = timedelta(days=1)
# Rows of failed log-ins kept at most: invented names cost an attacker time, and us no room.
MOST_ROWS = 5000
# A browser from which a person has logged in waits for its own mistakes only: a stranger who sends wrong
# passwords for a name does not keep its owner out.
BROWSER_COOKIE = "known_browser"
BROWSER_AGE = timedelta(days=180)
_QUEUE = 7301  # of PostgreSQL's advisory locks, the class of ours for log-ins


@dataclass(frozen=True)
class Lock:
    """Why a log-in is refused, in Italian, and until when."""

    reason: str
    ends: datetime


OWN = "La password è stata sbagliata cinque volte"
ADDRESS = "Dalla tua rete sono arrivate troppe password sbagliate"
NAME = "Per questo nome utente sono arrivate troppe password sbagliate in un giorno"
# For the list of failed log-ins.
LABELS = {
    OWN: "il nome da questo indirizzo",
    ADDRESS: "l'indirizzo",
    NAME: "il nome, per un giorno",
}


class StaffBackend(AxesStandaloneBackend, ModelBackend):  # type: ignore[misc]
    """Django's users and passwords, for who is not locked out. One: with two `with_perm` asks which."""

    def authenticate(self, request: Any, username: Any = None, password: Any = None, **more: Any) -> Any:
        super().authenticate(request, username, password, **more)  # raises if locked out
        return ModelBackend.authenticate(self, request, username, password, **more)


class StaffLoginForm(AdminAuthenticationForm):
    """Passwords for one name are tried one after the other: a hundred at once count as a hundred."""

    def clean(self) -> dict[str, Any]:
        refusal = None
        with _queue(self.cleaned_data.get("username", "")):
            try:
                return super().clean()
            except ValidationError as error:
                refusal = error  # raised outside, else the count of wrong passwords is rolled back
        raise refusal


@contextmanager
def _queue(name: str) -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_QUEUE, name])
        yield


class LockHandler(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts by name and address as django-axes does, by address, and by name over a day."""

    def is_locked(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        return _lock_for(request, credentials) is not None

    def user_login_failed(self, sender: Any, credentials: Any, request: Any = None, **more: Any) -> None:
        if request is None or request.axes_locked_out:
            super().user_login_failed(sender, credentials, request, **more)
            return
        name = credentials.get("username") or ""
        AccessFailureLog.objects.create(username=name)
        super().user_login_failed(sender, credentials, request, **more)
        for model in (AccessAttempt, AccessFailureLog):
            _drop_oldest(model)
        lock = _lock_for(request, credentials)
        if lock and not request.axes_locked_out:
            request.axes_locked_out, request.axes_credentials = True, credentials
            user_locked_out.send("axes", request=request, username=name, ip_address=request.axes_ip_address)
        if _wrong_today(name).count() == settings.NAME_FAILURE_LIMIT:
            _warn(name)


def _lock_for(request: HttpRequest, credentials: dict[str, Any] | None) -> Lock | None:
    name = (credentials or {}).get("username") or ""
    return current_lock(name, client_address(request), known_browser=_is_known(request, name))


def current_lock(name: str, address: str | None, *, known_browser: bool = False) -> Lock | None:
    """What keeps this name from logging in from this address now; None: nothing."""
    now = timezone.now()
    recent = AccessAttempt.objects.filter(
        ip_address=address, attempt_time__gte=now - settings.AXES_COOLOFF_TIME
    )
    if ends := _full(recent.filter(username=name), settings.AXES_FAILURE_LIMIT):
        return Lock(OWN, ends)
    if known_browser:
        return None
    if ends := _full(recent, settings.ADDRESS_FAILURE_LIMIT):
        return Lock(ADDRESS, ends)
    newest = _wrong_today(name).order_by("-attempt_time").values_list("attempt_time", flat=True)
    limit = settings.NAME_FAILURE_LIMIT
    if counted := newest[limit - 1 : limit]:
        return Lock(NAME, counted[0] + DAY)
    return None


def locked_part(name: str, address: str | None) -> str:
    """What waits, in words for the list of failed log-ins."""
    lock = current_lock(name, address)
    return LABELS[lock.reason] if lock else "no"


def _wrong_today(name: str) -> QuerySet[AccessFailureLog]:
    since = timezone.now() - DAY
    wrong: QuerySet[AccessFailureLog] = AccessFailureLog.objects.filter(
        username=name, attempt_time__gte=since
    )
    return wrong


def _full(attempts: QuerySet[AccessAttempt], limit: int) -> datetime | None:
    """When these attempts are forgotten, if they are too many."""
    counted = attempts.aggregate(wrong=Sum("failures_since_start"), last=Max("attempt_time"))
    if (counted["wrong"] or 0) < limit:
        return None
    ends: datetime = counted["last"] + settings.AXES_COOLOFF_TIME
    return ends


def _drop_oldest(model: type[Model]) -> None:
    rows = model._default_manager.all()
    kept = rows.order_by("-attempt_time").values_list("pk", flat=True)
    rows.filter(pk__in=list(kept[MOST_ROWS : MOST_ROWS + 100])).delete()


def unlock(names: list[str]) -> None:
    """These people may try again at once, from wherever they are."""
    AccessAttempt.objects.filter(username__in=names).delete()
    AccessFailureLog.objects.filter(username__in=names).delete()


def _warn(name: str) -> None:
    """Tell the person, if the name is one of ours."""
    user = User.objects.filter(username=name, is_active=True).first()
    if user:
        mail.enqueue(
            user.email,
            "WhatsURP: tentativi di entrare con il tuo nome utente",
            f"In un giorno sono arrivate {settings.NAME_FAILURE_LIMIT} password sbagliate per il tuo nome "
            "utente. Per un giorno si entra solo dai browser già usati; se ti serve prima, chiedi a un "
            "amministratore di sbloccarti. Se non sei stato tu a sbagliare, avvisalo subito.",
        )


def remember_browser(response: HttpResponse, user: Any) -> None:
    """From this browser this person has logged in."""
    response.set_signed_cookie(
        BROWSER_COOKIE,
        user.get_username(),
        salt=BROWSER_COOKIE,
        max_age=BROWSER_AGE,
        path=reverse("admin:login"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _is_known(request: HttpRequest, name: str) -> bool:
    known = request.get_signed_cookie(BROWSER_COOKIE, "", salt=BROWSER_COOKIE, max_age=BROWSER_AGE)
    return bool(name) and known == name


def refused(request: HttpRequest, response: Any, credentials: dict[str, Any] | None) -> HttpResponse:
    """The answer to who is locked out: why, how long, and whom to ask."""
    lock = _lock_for(request, credentials) or Lock(OWN, timezone.now())
    wait = max(lock.ends - timezone.now(), timedelta())
    minutes = max(1, -(-wait // timedelta(minutes=1)))
    context = {
        "reason": lock.reason,
        "minutes": minutes,
        "hours": minutes // 60,
        "ends": lock.ends,
        "known_browsers_pass": lock.reason != OWN,
    }
    return render(request, "admin/access/locked.html", context, status=429)
