"""What every answer of the site carries."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from regalbuto_urp.middleware import NOTHING_ALLOWED
from tests.regalbuto_urp import walk
from tests.regalbuto_urp.test_error_pages import INLINE

HEADERS = {
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": NOTHING_ALLOWED,
}


def faults(response: Any) -> Iterator[str]:
    """What an answer lacks, or holds too much."""
    policy = response.headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "unsafe" in policy:
        yield f"policy «{policy}»"
    yield from (name for name, value in HEADERS.items() if response.headers.get(name) != value)
    if response.status_code == 500:
        yield "500"
    if response.headers.get("Content-Type", "").startswith("text/html") and not response.streaming:
        yield from (found.group() for found in INLINE.finditer(response.content.decode()))


@pytest.mark.django_db
def test_every_page_is_strict_and_holds_nothing_the_policy_would_leave_dead(
    client: Client, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    walk.world()
    client.force_login(User.objects.create_superuser("capo", password="una-parola-lunga"))
    client.raise_request_exception = False
    wrong = []
    for written, name in walk.patterns():
        path = walk.address(written, name)
        for method in ("get", "post"):  # a form sent empty comes back with its errors
            with transaction.atomic():
                response = walk.ask(client, method, path)
                transaction.set_rollback(True)
            wrong += [f"{method} {written}: {fault}" for fault in faults(response)]
    assert wrong == []


@pytest.mark.django_db
def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(client: Client) -> None:
    User.objects.create_user("serena", password="una-parola-lunga", is_staff=True)
    client.post("/admin/login/?next=/admin/", {"username": "serena", "password": "una-parola-lunga"})
    client.get("/admin/password_change/")
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert client.cookies["sessionid"]["max-age"] == "", "it ends with the browser"
