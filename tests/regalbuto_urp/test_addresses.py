"""Who may open what: every address of the back office stands in a table (addresses.txt)."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tests.regalbuto_urp import walk

LETTERS = {"r": "Redazione", "a": "Approvazione", "s": "Segnalazioni", "v": "Revisori", "m": "Amministratori"}
TABLE = [
    line.split()
    for line in (Path(__file__).parent / "addresses.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
]
REFUSED = {403, 405}


def _lines() -> Iterator[tuple[str, str, str]]:
    """Glob, who may GET, who may POST; a model's line is the pages that Django makes of it."""
    for first, *allowed in TABLE:
        if len(allowed) == 2:
            yield (first, *allowed)
            continue
        see, add, change, delete = allowed
        at = f"admin/{first.replace('.', '/')}/"
        yield at, see, see
        yield f"{at}<path:object_id>/history/", see, see
        yield f"{at}add/", add, add
        yield f"{at}<path:object_id>/change/", see, change
        yield f"{at}<path:object_id>/delete/", delete, delete


LINES = list(_lines())


def row_of(written: str) -> tuple[str, str] | None:
    """The first line that fits: who may GET, who may POST."""
    return next(((get, post) for glob, get, post in LINES if fnmatchcase(written, glob)), None)


def ours() -> Iterator[tuple[str, str]]:
    return ((written, name) for written, name in walk.patterns() if written.startswith("admin/"))


def test_every_address_stands_in_the_table() -> None:
    assert [written for written, _ in ours() if row_of(written) is None] == []


def test_every_line_of_the_table_is_used() -> None:
    used = {next((glob for glob, *_ in LINES if fnmatchcase(written, glob)), "") for written, _ in ours()}
    assert [glob for glob, *_ in LINES if glob not in used] == []


@pytest.mark.django_db
@pytest.mark.parametrize("letter", LETTERS)
def test_a_role_may_what_the_table_says(client: Client, letter: str, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    walk.world()
    client.force_login(walk.member(LETTERS[letter]))
    client.raise_request_exception = False
    wrong = []
    for written, name in ours():
        path = walk.address(written, name)
        for method, allowed in zip(("get", "post"), row_of(written) or ("", ""), strict=True):
            with transaction.atomic():
                status = walk.ask(client, method, path).status_code
                transaction.set_rollback(True)
            may = letter in allowed or allowed == "*"
            if status >= 500 or may == (status in REFUSED):
                wrong.append(f"{written} {method} {letter}: {status}")
    assert wrong == []


@pytest.mark.django_db
def test_strangers_are_led_to_the_log_in(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    walk.world()
    for written, name in ours():
        path = walk.address(written, name)
        if name not in ("login", "logout"):
            for method in ("get", "post"):
                response = walk.ask(client, method, path)
                assert response.status_code == 302, path
                assert response.headers["Location"].startswith("/admin/login/"), path
