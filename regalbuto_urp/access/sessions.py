"""The open sessions of a person, told apart by when and in which browser they began."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

OPENED = "opened"  # what a session remembers of its beginning
# Told by the first word found: each of these browsers and systems also names those below it.
BROWSERS = {"Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS": "Mac",
    "Linux": "Linux",
}  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """An open session. `name` is no key: whoever reads it cannot enter with it."""

    name: str
    at: datetime | None
    browser: str
    current: bool


def browser_of(agent: str) -> str:
    """«Firefox su Windows», from a `User-Agent`."""
    browser = next((name for word, name in BROWSERS.items() if word in agent), "un browser")
    system = next((name for word, name in SYSTEMS.items() if word in agent), "")
    return f"{browser} su {system}" if system else browser


def of(user: Any, current: str | None = None) -> list[Opened]:
    """This person's sessions, the newest first. `current`: the key of the one that asks."""
    found = [
        Opened(
            name=_name(session.session_key),
            at=datetime.fromisoformat(opened["at"]) if "at" in opened else None,
            browser=opened.get("browser", ""),
            current=session.session_key == current,
        )
        for session, opened in _sessions(user)
    ]
    return sorted(found, key=lambda one: (one.current, one.at or timezone.now()), reverse=True)


def close(user: Any, name: str = "", *, but: str | None = None) -> int:
    """End the named session, or all of this person's; never the one with the key `but`. How many ended."""
    keys = [
        session.session_key
        for session, _ in _sessions(user)
        if session.session_key != but and name in ("", _name(session.session_key))
    ]
    return Session.objects.filter(pk__in=keys).delete()[0]


def _sessions(user: Any) -> list[tuple[Session, dict[str, str]]]:
    """Only the staff have sessions, each no longer than a shift: a few dozen rows to be opened."""
    running = Session.objects.filter(expire_date__gt=timezone.now())
    read = ((session, session.get_decoded()) for session in running)
    # A change of the password ends the sessions opened before it, though their rows are still there.
    key, digest = str(user.pk), user.get_session_auth_hash()
    return [
        (session, values.get(OPENED, {}))
        for session, values in read
        if values.get(SESSION_KEY) == key and values.get(HASH_SESSION_KEY) == digest
    ]


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]
