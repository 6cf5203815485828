"""Gunicorn as the Procfile starts it: slow callers, bodies in chunks, forged headers, its log."""

import contextlib
import hashlib
import hmac
import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from honcho.environ import parse_procfile

from regalbuto_urp.local import BASE_DIR, free_port, stop_process, wait_for
from tests.security.conftest import HOST
from whatsapp.models import WebhookEvent

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
PASSWORD = "una-parola-lunga"
FROM_PROXY = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "93.34.1.2"}
STRANGER = ("127.0.0.2", 0)  # an address of this machine that is none of our proxies
WEBHOOK = "/webhooks/cloud_api/"
HALF_REQUESTS = (
    f"GET /avvisi/ HTTP/1.1\r\nHost: {HOST}\r\nX-Half: ".encode(),
    f"POST {WEBHOOK} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\n{{".encode(),
    f"POST {WEBHOOK} HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{{".encode(),
)


class Site:
    """A real web server on the test's database, asked over real sockets."""

    def __init__(self, folder: Path) -> None:
        self.port, self.log = free_port(), folder / "web.log"
        database = settings.DATABASES["default"]["NAME"]
        environment = {
            **os.environ,
            "DATABASE_URL": re.sub(r"///[^?]+", f"///{database}", os.environ["DATABASE_URL"], count=1),
            "PORT": str(self.port),
            "SITE_URL": f"https://{HOST}",
            "ALLOWED_HOSTS": HOST,
            "GUNICORN_CMD_ARGS": "--access-logfile -",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        environment.pop("HOST", None)
        command = parse_procfile((BASE_DIR / "Procfile").read_text()).processes["web"]
        self.process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=BASE_DIR,
            env=environment,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )
        wait_for(self._is_up, "gunicorn", seconds=60)

    def _is_up(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/avvisi/").status == 200
        return False

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: dict[str, str] | None = None,
        *,
        source: tuple[str, int] | None = None,
    ) -> Any:
        """The answer, read whole. An iterable body is sent in chunks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=source)
        sent = {"Host": HOST, **FROM_PROXY, **(headers or {})}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        answer.text = answer.read().decode()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def connect(self, sent: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.sendall(sent)
        return connection


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    running = Site(tmp_path_factory.mktemp("site"))
    yield running
    stop_process(running.process)


def signed(body: bytes) -> dict[str, str]:
    digest = hmac.new(settings.WHATSAPP_APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}


def in_pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


def test_half_sent_requests_hang_nothing(site: Site) -> None:
    body = b'{"object": "whatsapp_business_account", "entry": []}'
    with contextlib.ExitStack() as held:
        for number in range(12):
            held.enter_context(site.connect(HALF_REQUESTS[number % len(HALF_REQUESTS)]))
        for _ in range(4):
            assert site.ask("GET", "/avvisi/").status == 200
            assert site.ask("POST", WEBHOOK, body, signed(body)).status == 200


def drip(connection: socket.socket, *, seconds: float) -> bool:
    """Send a byte now and then; was the connection closed by the other side?"""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            connection.sendall(b"a")
        except (BrokenPipeError, ConnectionResetError):
            return True
        time.sleep(0.2)
    return False


def test_who_sends_a_request_drop_by_drop_is_cut_off(site: Site) -> None:
    with site.connect(HALF_REQUESTS[0]) as connection:
        assert drip(connection, seconds=60)


def test_a_webhook_in_chunks_is_verified_and_stored(site: Site) -> None:
    body = b'{"object": "whatsapp_business_account", "entry": [], "pad": "' + b"x" * 200_000 + b'"}'
    assert site.ask("POST", WEBHOOK, in_pieces(body), signed(body)).status == 200
    assert bytes(WebhookEvent.objects.get().body) == body


def test_a_log_in_form_in_chunks_logs_in(site: Site, settings: Any) -> None:
    # The site is another process, with the hashes of a true one.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    User.objects.create_user("serena", password=PASSWORD, is_staff=True)
    page = site.ask("GET", "/admin/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    cookie = page.getheader("Set-Cookie").partition(";")[0]
    assert token
    form = urlencode({"username": "serena", "password": PASSWORD, "csrfmiddlewaretoken": token[1]})
    headers = {
        "Cookie": cookie,
        "Origin": f"https://{HOST}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = site.ask("POST", "/admin/login/?next=/admin/", in_pieces(form.encode()), headers)
    assert (answer.status, answer.getheader("Location")) == (302, "/admin/")


@pytest.mark.parametrize("in_chunks", [True, False])
def test_a_body_over_the_limit_is_refused_with_the_reason(site: Site, in_chunks: bool) -> None:
    body = b"x" * (4 * 1024 * 1024 + 1)
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # refused before the last byte was sent
        answer = site.ask("POST", WEBHOOK, in_pieces(body) if in_chunks else body, signed(body))
        assert answer.status == 413
        assert "troppo grande" in answer.text
        assert answer.getheader("X-Frame-Options") == "DENY"
    assert not WebhookEvent.objects.exists()


def test_chunks_that_are_none_are_refused(site: Site) -> None:
    sent = f"POST {WEBHOOK} HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{{}}\r\n"
    with site.connect(sent.encode()) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_straight_to_the_port_no_forged_header_is_believed(site: Site) -> None:
    """By https's rules the caller without a proxy is led away before any password is looked at."""
    for number in range(8):
        forged = {"X-Forwarded-For": f"198.51.100.{number}", "X-Forwarded-Proto": "https"}
        answer = site.ask("POST", "/admin/login/", b"username=a&password=b", forged, source=STRANGER)
        assert answer.status == 301
    assert not AccessAttempt.objects.exists()


def test_only_the_loopback_is_listened_on_unless_somebody_says_otherwise(site: Site) -> None:
    assert f"http://127.0.0.1:{site.port} " in site.log.read_text()


def test_the_servers_own_log_holds_no_token_and_no_number(site: Site) -> None:
    secrets = ("qMMkZ5KZ-un_gettone", "3401112233", "wamid.HBgMMzkzNDA", "maria@example.org", "verifica-mia")
    token, number, message, mail, verify = secrets
    site.ask("GET", f"/segnalazioni/{token}/")
    site.ask("GET", f"/avvisi/?q=%2B39{number}&id={message}%2B%3D&da={mail}")
    site.ask("GET", f"{WEBHOOK}?hub.mode=subscribe&hub.verify_token={verify}&hub.challenge=1")
    wait_for(lambda: WEBHOOK in site.log.read_text(), "the access log")
    log = site.log.read_text()
    assert "/segnalazioni/***/" in log
    assert [secret for secret in secrets if secret in log] == []
