"""`check --deploy`: silent where all is right, and an error for each thing that is not."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import DatabaseError, connection

from regalbuto_urp import checks
from regalbuto_urp.local import BASE_DIR, TRIAL_ENVIRONMENT
from subscribers import consent
from tests.factories.whatsapp import ContactFactory
from tests.security.conftest import HOST

# Readable, and long enough for Django: no secret of anybody.
SECRET = "k3-una-chiave-lunga-e-casuale-che-nessuno-indovina-{}"
NAMES = checks.SECRETS


def deploy(folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """`check --deploy` with a service's environment, changed; an empty value takes the variable away."""
    database = f"///{configured.DATABASES['default']['NAME']}"
    environment = {
        **os.environ,
        **{name: SECRET.format(name) for name in NAMES},
        "DATABASE_URL": re.sub(r"///[^?]+", database, os.environ["DATABASE_URL"], count=1),
        "DEBUG": "false",
        "SITE_URL": f"https://{HOST}",
        "ALLOWED_HOSTS": HOST,
        "SECOND_FACTOR": "true",
        "EMAIL_URL": "smtp+tls://utente:password@posta.example.org:587",
        "MEDIA_ROOT": str(folder),
        "CONSENT_JOURNAL": str(folder / "consensi.jsonl"),
        "CONSENT_HEAD_EMAIL": "dpo@example.org",
        "CLAMD": "127.0.0.1:3310",
        "WHATSAPP_API_URL": "https://graph.facebook.com/v25.0",
        **changes,
    }
    environment = {name: value for name, value in environment.items() if value}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True)


def errors(done: subprocess.CompletedProcess[str]) -> set[str]:
    assert done.returncode != 0
    return set(re.findall(r"whatsurp\.E\d+", done.stderr))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_service_set_up_well_has_nothing_to_hear(tmp_path: Path) -> None:
    consent.subscribe(ContactFactory(reachable=True))
    done = deploy(tmp_path, CONSENT_KEY=configured.CONSENT_KEY)
    assert errors(done) == {"whatsurp.E004"}, "the trial's key, but it opens the register"
    done = deploy(tmp_path)
    assert errors(done) == {"whatsurp.E012"}
    assert "CONSENT_KEY non apre il registro" in done.stderr


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_service_not_yet_used_has_nothing_to_hear(tmp_path: Path) -> None:
    done = deploy(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.django_db
def test_the_environment_of_the_trial_is_refused_as_a_whole(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "non" / "esiste")
    wrong = {name: TRIAL_ENVIRONMENT[name] for name in NAMES}
    done = deploy(
        tmp_path,
        **wrong,
        DEBUG="true",
        SITE_URL="http://localhost:8000",
        SECOND_FACTOR="false",
        EMAIL_URL="",
        EMAIL_TIMEOUT="0",
        HOST="0.0.0.0",
        MEDIA_ROOT=nowhere,
        CONSENT_JOURNAL=nowhere,
        DATABASE_URL="postgres://nessuno:sbagliata@127.0.0.1:1/whatsurp",
        PROXY_ADDRESSES="127.0.0.1,proxy",
    )
    assert errors(done) == {f"whatsurp.E{number:03}" for number in (1, 2, 3, 4, 5, 6, 8, 9, 10, 13)}
    assert "sbagliata" not in done.stderr, "no password is repeated"


@pytest.fixture
def ready(production: None, settings: Any, tmp_path: Path) -> None:
    """Settings that `deployment` has nothing to say about."""
    for name in NAMES:
        setattr(settings, name, SECRET.format(name))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_TIMEOUT = 10
    settings.HOST, settings.PROXY_ADDRESSES = "127.0.0.1", ["127.0.0.1", "::1"]
    settings.MEDIA_ROOT, settings.CONSENT_JOURNAL = str(tmp_path), str(tmp_path / "consensi.jsonl")


@pytest.mark.django_db
@pytest.mark.usefixtures("ready")
def test_each_right_setting_is_silent(settings: Any) -> None:
    assert checks.deployment() == []
    settings.HOST = "unix:/run/whatsurp/web.sock"
    assert checks.deployment() == []
    settings.HOST, settings.PROXY_ADDRESSES = "0.0.0.0", ["172.18.0.0/16"]
    assert checks.deployment() == [], "the proxy is another machine, and is named"


@pytest.mark.django_db
@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("SECOND_FACTOR", False, 1),
        ("DEBUG", True, 2),
        ("HTTPS", False, 3),
        *((name, TRIAL_ENVIRONMENT[name], 4) for name in NAMES),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", 5),
        ("EMAIL_BACKEND", "django.core.mail.backends.dummy.EmailBackend", 5),
        ("EMAIL_TIMEOUT", None, 6),
        ("EMAIL_TIMEOUT", 600, 6),
        ("HOST", "0.0.0.0", 7),
        ("HOST", "::", 7),
        ("HOST", "192.168.1.5", 7),
        ("MEDIA_ROOT", "/proc/whatsurp", 8),
        ("MEDIA_ROOT", "/root/no/file", 8),
        ("CONSENT_JOURNAL", "/proc/whatsurp/consensi", 9),
        ("PROXY_ADDRESSES", ["proxy"], 13),
    ],
)
def test_each_wrong_setting_is_an_error(settings: Any, name: str, value: Any, number: int) -> None:
    setattr(settings, name, value)
    [problem] = checks.deployment()
    assert problem.id == f"whatsurp.E{number:03}"
    assert problem.is_serious()
    assert problem.hint


@pytest.mark.django_db
@pytest.mark.usefixtures("ready")
def test_a_database_that_does_not_open_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DatabaseError("connection failed:\nFATAL:  password authentication failed")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    [problem] = checks.deployment()
    assert problem.id == "whatsurp.E010"
    assert "password authentication failed" in problem.msg


def test_hsts_is_for_this_host_unless_the_town_says_more() -> None:
    command = (
        "from django.conf import settings as s;"
        "print(s.SECURE_HSTS_SECONDS > 0, s.SECURE_HSTS_INCLUDE_SUBDOMAINS)"
    )
    for value, expected in (("", "True False"), ("true", "True True")):
        environment = {
            **os.environ,
            "SITE_URL": f"https://{HOST}",
            "DJANGO_SETTINGS_MODULE": "regalbuto_urp.settings",
        }
        environment |= {"HSTS_SUBDOMAINS": value} if value else {}
        done = subprocess.run(
            [sys.executable, "-c", command], cwd=BASE_DIR, env=environment, capture_output=True, text=True
        )
        assert done.stdout.strip() == expected, done.stderr
