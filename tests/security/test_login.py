"""Guessing passwords: by many names, from many addresses, many at once; and keeping the owner out."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from axes.models import AccessAttempt, AccessFailureLog
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from regalbuto_urp.access import locks
from tests.regalbuto_urp.walk import member
from tests.security.conftest import HOST
from whatsapp.models import Mail

PASSWORD = "una-parola-lunga"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("production")]


@pytest.fixture
def serena() -> User:
    return User.objects.create_user("serena", "serena@example.org", PASSWORD, is_staff=True)


@pytest.fixture
def low_limits(settings: Any) -> None:
    """The same rules with fewer wrong passwords, each of which costs a quarter of a second."""
    settings.AXES_FAILURE_LIMIT, settings.ADDRESS_FAILURE_LIMIT, settings.NAME_FAILURE_LIMIT = 2, 4, 6
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def log_in(name: str, password: str = "sbagliata", *, address: str = "93.34.1.2", client: Any = None) -> Any:
    headers = {"host": HOST, "x-forwarded-proto": "https", "x-forwarded-for": address}
    data = {"username": name, "password": password}
    return (client or Client()).post("/admin/login/?next=/admin/", data, headers=headers)


@pytest.fixture
def hashed(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that cost a hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    made: list[str] = []
    encode = PBKDF2PasswordHasher.encode

    def counted(self: Any, password: str, salt: str, iterations: int | None = None) -> str:
        made.append(password)
        return encode(self, password, salt, iterations)

    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1)
    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", counted)
    return made


def test_one_password_for_many_names_is_stopped_by_address(settings: Any, hashed: list[str]) -> None:
    answers = [log_in(f"nome{number}") for number in range(40)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:29] == [200] * 29
    assert set(statuses[29:]) == {429}
    assert len(hashed) == 30, "once locked, no password costs a hash"
    assert AccessAttempt.objects.count() == 30, "nor a row"
    assert "tua rete" in answers[-1].content.decode()
    assert "browser con cui sei già entrato" in answers[-1].content.decode()
    assert log_in("nome1", address="93.34.1.3").status_code == 200


@pytest.mark.usefixtures("low_limits")
def test_the_addresses_of_one_prefix_are_one(serena: User) -> None:
    for number in range(4):
        answer = log_in(f"nome{number}", address=f"2001:db8:1:2::{number + 1}")
    assert answer.status_code == 429
    assert log_in("serena", PASSWORD, address="2001:db8:1:2:ffff::1").status_code == 429
    assert log_in("serena", PASSWORD, address="2001:db8:1:3::1").status_code == 302


@pytest.mark.usefixtures("low_limits")
def test_a_name_tried_from_many_addresses_is_locked_for_a_day_and_its_owner_is_told(
    serena: User,
) -> None:
    answers = [log_in("serena", address=f"93.34.1.{number}") for number in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    [mail] = Mail.objects.all()
    assert mail.address == "serena@example.org"
    assert "6 password sbagliate" in mail.text
    refused = log_in("serena", PASSWORD, address="93.34.2.1")
    assert refused.status_code == 429
    assert "in un giorno" in refused.content.decode()
    assert "24 ore" in refused.content.decode()
    assert LogEntry.objects.filter(additional_data__done__startswith="bloccato").count() == 1
    AccessFailureLog.objects.update(attempt_time=timezone.now() - timedelta(hours=25))
    assert log_in("serena", PASSWORD, address="93.34.2.1").status_code == 302


@pytest.mark.usefixtures("low_limits")
def test_invented_names_are_treated_like_real_ones(serena: User) -> None:
    """Else the lock tells which names exist."""
    for name in ("serena", "inventata"):
        statuses = [log_in(name, address=f"93.34.1.{number}").status_code for number in range(8)]
        assert statuses == [200] * 5 + [429] * 3
        AccessAttempt.objects.all().delete()


@pytest.mark.usefixtures("low_limits")
def test_nobody_is_kept_out_of_a_browser_they_have_used(serena: User) -> None:
    known = Client()
    assert log_in("serena", PASSWORD, client=known).status_code == 302
    cookie = known.cookies[locks.BROWSER_COOKIE]
    assert (cookie["httponly"], cookie["secure"], cookie["path"]) == (True, True, "/admin/login/")
    del known.cookies["sessionid"]
    for number in range(8):
        log_in("serena", address=f"93.34.1.{number}")
        log_in(f"altro{number}")
    assert log_in("serena", PASSWORD).status_code == 429
    assert log_in("serena", PASSWORD, client=known).status_code == 302
    forged = Client()
    forged.cookies[locks.BROWSER_COOKIE] = cookie.value[:-1] + "x"
    assert log_in("serena", PASSWORD, client=forged).status_code == 429
    del known.cookies["sessionid"]
    assert [log_in("serena", client=known).status_code for _ in range(3)] == [200, 429, 429]


@pytest.mark.usefixtures("low_limits")
def test_an_administrator_unlocks_a_person(serena: User, enter: Callable[..., Client]) -> None:
    for number in range(6):
        log_in("serena", address=f"93.34.1.{number}")
    assert log_in("serena", PASSWORD, address="93.34.2.1").status_code == 429
    chief = enter(member("Amministratori"))
    data = {"action": "unlock", "_selected_action": [serena.pk]}
    answer = chief.post("/admin/auth/user/", data, follow=True)
    assert "Sbloccato: serena" in answer.content.decode()
    assert log_in("serena", PASSWORD, address="93.34.2.1").status_code == 302


@pytest.mark.usefixtures("low_limits")
def test_the_list_says_what_is_locked(serena: User, enter: Callable[..., Client]) -> None:
    chief = enter(member("Amministratori"))

    def listed() -> str:
        return " ".join(chief.get("/admin/axes/accessattempt/").content.decode().split())

    log_in("serena")
    assert '<td class="field-locked">no</td>' in listed()
    log_in("serena")
    assert "il nome da questo indirizzo" in listed()
    for number in range(4):
        log_in(f"nome{number}", address="93.34.1.9")
    assert "l&#x27;indirizzo" in listed()
    for number in range(4):
        log_in("serena", address=f"93.34.2.{number}")
    assert "il nome, per un giorno" in listed()


@pytest.mark.usefixtures("low_limits")
def test_trying_on_while_locked_writes_nothing_more(serena: User) -> None:
    for _ in range(6):
        log_in("serena")
    assert LogEntry.objects.filter(additional_data__done__startswith="bloccato").count() == 1
    assert AccessFailureLog.objects.count() == 2


@pytest.mark.usefixtures("low_limits")
def test_the_tables_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "MOST_ROWS", 5)
    for number in range(9):
        log_in(f"nome{number}", address=f"93.34.{number}.1")
    assert (AccessAttempt.objects.count(), AccessFailureLog.objects.count()) == (5, 5)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_passwords_sent_together_count_one_by_one(hashed: list[str], serena: User) -> None:
    def one() -> None:
        log_in("serena")
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hashed.count("sbagliata") == 5
