"""What holds for the project as a whole."""

import tomllib
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from honcho.environ import parse_procfile

from regalbuto_urp.run import PROCESSES

ROOT = Path(__file__).resolve().parent.parent
MARK = "django_db(" + "transaction=True"


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_queue_has_a_worker() -> None:
    commands = " ".join(parse_procfile((ROOT / "Procfile").read_text()).processes.values())
    served = {queue for part in commands.split("--queues ")[1:] for queue in part.split()[0].split(",")}
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    assert routed | {settings.CELERY_TASK_DEFAULT_QUEUE} == served


def test_make_run_starts_every_process() -> None:
    processes = parse_procfile((ROOT / "Procfile").read_text()).processes
    assert set(PROCESSES) == set(processes) - {"release"}


def test_alerts_have_a_worker_of_their_own() -> None:
    assert "--queues alert " in parse_procfile((ROOT / "Procfile").read_text()).processes["alert"]


def test_citizens_files_have_a_worker_of_their_own() -> None:
    """A slow download stops no message."""
    assert settings.CELERY_TASK_ROUTES["whatsapp.fetch_media"] == {"queue": "media"}
    assert "--queues media " in parse_procfile((ROOT / "Procfile").read_text()).processes["media"]


def test_every_dependency_is_explained_and_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {requirement.split(">")[0].split("[")[0] for requirement in project["dependencies"]}
    readme, lock = (ROOT / "README.md").read_text(), (ROOT / "requirements.lock").read_text()
    assert [name for name in names if name not in readme] == []
    assert [name for name in names if f"\n{name}" not in lock] == []
    assert "://" not in lock.replace("make lock", ""), "the lock names no package index"


def test_every_setting_is_in_the_example() -> None:
    source = (ROOT / "regalbuto_urp" / "settings.py").read_text()
    asked = {
        part.split('"')[1]
        for part in source.split("env")[1:]
        if part.lstrip(".abcdefghijklmnopqrstuvwxyz").startswith('("')
    }
    example = (ROOT / ".env.example").read_text()
    assert [name for name in sorted(asked) if f"\n{name}=" not in example] == []


def test_transactional_tests_put_the_seeded_rows_back() -> None:
    """One that does not leaves a database in which the next one that does cannot begin."""
    marks = [
        line
        for path in (ROOT / "tests").rglob("*.py")
        for line in path.read_text().splitlines()
        if MARK in line
    ]
    assert all("serialized_rollback=True" in line for line in marks)
