"""Five wrong passwords and a name waits, for whoever asks from the same address."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.utils import timezone

from regalbuto_urp.access import addresses
from subscribers import retention
from tests.regalbuto_urp.walk import member

PASSWORD = "una-parola-lunga"


@pytest.fixture
def serena(db: None) -> User:
    return User.objects.create_user("serena", password=PASSWORD, is_staff=True)


def enter(client: Client, password: str, **headers: str) -> Any:
    data = {"username": "serena", "password": password}
    return client.post("/admin/login/?next=/admin/", data, **headers)  # type: ignore[arg-type]


def lock(client: Client, **headers: str) -> Any:
    for _ in range(5):
        response = enter(client, "sbagliata", **headers)
    return response


def test_the_fifth_wrong_password_locks_and_says_how_long_and_whom_to_ask(
    client: Client, serena: User
) -> None:
    response = lock(client)
    html = response.content.decode()
    assert response.status_code == 429
    assert "15 minuti" in html
    assert "amministratore" in html
    assert enter(client, PASSWORD).status_code == 429, "not even the right one"


def test_it_ends_by_itself_and_trying_on_does_not_prolong_it(client: Client, serena: User) -> None:
    lock(client)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert "1 minuto" in enter(client, PASSWORD).content.decode()
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert enter(client, PASSWORD).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_others_and_other_addresses_are_not_locked(client: Client, serena: User, settings: Any) -> None:
    settings.PROXIES = 1
    lock(client, HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert enter(client, PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.7").status_code == 429
    assert enter(client, PASSWORD, HTTP_X_FORWARDED_FOR="198.51.100.8").status_code == 302


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "", "192.0.2.1"),
        (0, "198.51.100.7", "192.0.2.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (1, "", None),
        (1, "non un indirizzo", None),
        (2, "198.51.100.7", None),
        (1, "93.34.1.2:51324", "93.34.1.2"),
        (1, "[2001:db8::1]:443", "2001:db8::"),
        (1, '"[2001:db8::1]"', "2001:db8::"),
        (1, "2001:db8:0:7:1:2:3:4", "2001:db8:0:7::"),
        (1, "::ffff:93.34.1.2", "93.34.1.2"),
        (1, "[2001:db8::1", "2001:db8::"),
        (1, ":443", None),
        (1, "9" * 5000, None),
    ],
)
def test_what_the_caller_says_of_itself_is_not_believed(
    settings: Any, proxies: int, forwarded: str, address: str | None
) -> None:
    settings.PROXIES, settings.PROXY_ADDRESSES = proxies, ["192.0.2.0/24"]
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", **headers)  # type: ignore[arg-type]
    assert addresses.client_address(request) == address


@pytest.mark.parametrize(("peer", "address"), [("192.0.2.1", "192.0.2.1"), ("", "198.51.100.7")])
def test_only_a_proxy_of_ours_is_heard(settings: Any, peer: str, address: str) -> None:
    settings.PROXIES = 1
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert addresses.client_address(request) == address


def test_an_administrator_unlocks(client: Client, serena: User) -> None:
    lock(client)
    chief = Client()
    chief.force_login(member("Amministratori"))
    assert "serena" in chief.get("/admin/axes/accessattempt/").content.decode()
    row = AccessAttempt.objects.get()
    data = {"action": "unlock", "_selected_action": [row.pk]}
    assert (
        "Può riprovare subito" in chief.post("/admin/axes/accessattempt/", data, follow=True).content.decode()
    )
    assert enter(client, PASSWORD).status_code == 302


def test_addresses_are_not_kept(client: Client, serena: User) -> None:
    lock(client)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(days=2))
    assert "password" not in AccessAttempt.objects.get().post_data.replace("password=***", "")
    for _ in retention.run():
        pass
    assert not AccessAttempt.objects.exists()
