"""What every figure needs: people, a stand-in for the provider, processes as the Procfile starts them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from honcho.environ import parse_procfile
from tqdm import tqdm

from broadcasts import composing
from broadcasts.models import Broadcast, Category
from broadcasts.types import State
from regalbuto_urp.celery import app
from regalbuto_urp.local import BASE_DIR, free_port, wait_for
from subscribers.models import Subscriber
from whatsapp import channels
from whatsapp.models import Channel, Contact, Template

# With all that refers to them: messages, subscribers, reports, evidence.
TABLES = (
    "whatsapp_contact, whatsapp_content, whatsapp_webhookevent, whatsapp_worker, broadcasts_broadcast,"
    " subscribers_consentevent, subscribers_registerhead"
)
Arrival = tuple[float, str, str]  # when (Unix time), to whom, template's name or kind


class Crew:
    """The stand-in and the processes of one figure."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.pids: dict[str, list[int]] = {}

    def ask(self, path: str) -> object:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as answer:
            return json.load(answer)

    def count(self) -> int:
        """Messages arrived since `arrivals` was last asked."""
        found = self.ask("count")
        assert isinstance(found, int)
        return found

    def arrivals(self) -> list[Arrival]:
        """Each arrival, oldest first; forgotten by the stand-in."""
        rows = self.ask("arrivals")
        assert isinstance(rows, list)
        return sorted((float(at), str(to), str(name)) for at, to, name in rows)

    def wait(self, count: int, what: str, *, seconds: float) -> None:
        """Until so many messages have arrived, with a bar. Raises RuntimeError after `seconds`."""
        watch(self.count, count, what, seconds=seconds)

    def cpu(self) -> dict[str, float]:
        """Seconds of processor used so far, by kind of process."""
        return {name: sum(cpu_seconds(pid) for pid in pids) for name, pids in self.pids.items()}


def watch(count: Callable[[], int], total: int, what: str, *, seconds: float) -> None:
    """Show `count` grow to `total`. Raises RuntimeError after `seconds`."""
    deadline = time.monotonic() + seconds
    with tqdm(total=total, desc=what, leave=False) as bar:
        while bar.n < total:
            bar.update(count() - bar.n)
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what}: {bar.n} of {total} after {seconds:.0f} seconds")
            time.sleep(0.1)


def cpu_seconds(leader: int) -> float:
    """A process, what it waited for, and its living children."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = int(stat.parent.name), stat.read_text().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        if leader in {pid, int(rest[1])}:
            total += sum(int(ticks) for ticks in rest[11:15]) / os.sysconf("SC_CLK_TCK")
    return total


def postmaster() -> int:
    """PostgreSQL's own process."""
    with connection.cursor() as cursor:
        cursor.execute("show data_directory")
        return int((Path(cursor.fetchone()[0]) / "postmaster.pid").read_text().split()[0])


def broker() -> str:
    """The broker's address as the Redis client spells it."""
    path, number = settings.CELERY_BROKER_URL.removeprefix("redis+socket://").split("?virtual_host=")
    return f"unix://{path}?db={number}"


def settle(people: int) -> None:
    """A town of exactly so many subscribed people, all of whom wrote within the day: no message, notice,
    report or nudge is left of an earlier figure, and the number is free to send now."""
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")  # the register refuses to be emptied
        cursor.execute(f"truncate {TABLES} cascade")
        cursor.execute("set session_replication_role = default")
    redis.Redis.from_url(broker()).flushdb()
    channels.current()
    Channel.objects.update(next_slot_at=timezone.now(), throttle=1, paused_at=None, opened_at=timezone.now())
    open_until = timezone.now() + timedelta(hours=20)
    contacts = Contact.objects.bulk_create(
        [Contact(phone=f"+39340{number:07d}", window_expires_at=open_until) for number in range(people)],
        batch_size=5000,
    )
    now = timezone.now()
    Subscriber.objects.bulk_create(
        [Subscriber(contact=one, state=Subscriber.State.ACTIVE, since=now) for one in contacts],
        batch_size=5000,
    )
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")


def manager() -> User:
    """Who may see everything."""
    rights = {"is_staff": True, "is_superuser": True}
    return User.objects.get_or_create(username="capo", defaults=rights)[0]


def notice(slug: str = "viabilita") -> Broadcast:
    """A notice that has just left: what it says is fixed, its list is still to be made."""
    Template.objects.update(status=Template.Status.APPROVED)
    author, _ = User.objects.get_or_create(username="bench")
    broadcast = Broadcast.objects.create(
        category=Category.objects.get(slug=slug),
        title="Via Roma chiusa",
        text="Mercoledì dalle 8:00 alle 14:00 via Roma è chiusa.",
        author=author,
    )
    broadcast.state, broadcast.started_at = State.SENDING, timezone.now()
    broadcast.expires_at = timezone.now() + timedelta(hours=24)
    broadcast.content = composing.make_content(broadcast, expires_at=broadcast.expires_at)
    broadcast.confirmed = composing.digest(broadcast)
    broadcast.save()
    return broadcast


@contextmanager
def crew(*names: str, delay: float = 0.1, pace: float = 80.0, port: int = 0) -> Iterator[Crew]:
    """Start the stand-in and these processes of the Procfile, ready to work; the same name twice is two."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        provider = free_port()
        running = Crew(provider)
        environment = {
            **os.environ,
            "DEBUG": "false",  # with it Django keeps a copy of every statement
            "WHATSAPP_API_URL": f"http://127.0.0.1:{provider}/v25.0",
            "WHATSAPP_PACE": str(pace),
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "LOG_LEVEL": "WARNING",
            "GUNICORN_CMD_ARGS": "--log-level warning",
            "PYTHONWARNINGS": "ignore",  # Celery's, about root
            "BEAT_SCHEDULE": f"{folder}/beat",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        stand_in = [sys.executable, "-m", "tests.benchmarks.provider", str(provider), str(delay)]
        running.pids["provider"] = [_start(stack, stand_in, environment)]
        wait_for(lambda: _answers(running), "the stand-in")
        procfile = parse_procfile((BASE_DIR / "Procfile").read_text()).processes
        for number, name in enumerate(names):
            command = procfile[name].replace("@%h", f"-{number}@%h")  # two of a kind need two names
            if "PROFILE" in os.environ:
                command = command.replace("celery ", f"{sys.executable} -m tests.benchmarks.profiled ", 1)
            pid = _start(stack, ["sh", "-c", f"exec {command}"], environment)
            running.pids.setdefault(name, []).append(pid)
        workers = sum(name not in {"web", "beat"} for name in names)
        wait_for(lambda: len(app.control.ping(timeout=1)) >= workers, "the workers", seconds=60)
        running.pids["postgres"] = [postmaster()]
        yield running


def _start(stack: ExitStack, command: list[str], environment: dict[str, str]) -> int:
    process = subprocess.Popen(command, cwd=BASE_DIR, env=environment, start_new_session=True)
    stack.callback(_end, process)
    return process.pid


def _end(process: subprocess.Popen[bytes]) -> None:
    """At once, with whatever it started: nothing of a benchmark is worth waiting for."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _answers(running: Crew) -> bool:
    try:
        return running.count() >= 0
    except OSError:
        return False
