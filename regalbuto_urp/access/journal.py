"""Who came in, who went, and what became of a person's second factor: in the log of actions."""

from typing import Any

from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from regalbuto_urp.access.sessions import OPENED, browser_of


def note(user: Any, done: str, *, actor: Any) -> None:
    """Write that `actor` did something to this user's way in. No address is kept."""
    LogEntry.objects.log_create(
        user, force_log=True, action=LogEntry.Action.UPDATE, actor=actor, additional_data={"done": done}
    )


def entered(request: HttpRequest, user: Any, **_: Any) -> None:
    """Somebody has logged in: told in the log, and what the list of open sessions will say of it."""
    browser = browser_of(request.META.get("HTTP_USER_AGENT", ""))
    request.session[OPENED] = {"at": timezone.now().isoformat(), "browser": browser}
    note(user, "è entrato", actor=user)


def left(request: HttpRequest, user: Any, **_: Any) -> None:
    """Somebody has logged out; a session that ended by itself has nobody."""
    if user is not None:
        note(user, "è uscito", actor=user)


def locked(username: str, request: HttpRequest, **_: Any) -> None:
    """Too many wrong passwords: once, when the lock begins, and only for names that exist, so that a stranger
    cannot fill the log."""
    begins = getattr(request, "axes_failures_since_start", None) is not None
    if begins and (user := User.objects.filter(username=username).first()):
        note(user, "bloccato dopo troppi tentativi di accesso", actor=None)
