"""The whole service as processes of their own: what `make run` starts, on databases of the test's own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import redis
import requests
from honcho.environ import parse_procfile

from regalbuto_urp.local import BASE_DIR, answers, free_port, start_simulator, stop_process, wait_for

PASSWORD = "una-parola-lunga-di-prova"
PREPARE = """
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
call_command("collectstatic", interactive=False, verbosity=0)
call_command("sync_templates")
"""
# Run inside the town: users as the demo data makes them, without its citizens.
CREATE_USERS = f"""
from django.contrib.auth.models import Group, User
from regalbuto_urp.demo.staff import USERS
from whatsapp import channels
for name, (first, last, roles) in USERS.items():
    user = User.objects.create_user(name, f"{{name}}@example.org", {PASSWORD!r}, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=roles))
channels.open_service(channels.current(), user)
"""


class Town:
    """Web, workers, beat and simulator; `database` names a fresh database, `broker` a Redis number."""

    FILL = CREATE_USERS  # run after `PREPARE`

    def __init__(self, database: str, *, broker: int, media: Path) -> None:
        self.port, self.simulator_port = free_port(), free_port()
        self.site, self.simulator = f"http://localhost:{self.port}", f"http://127.0.0.1:{self.simulator_port}"
        self.conninfo = re.sub(r"///[^?]+", f"///{database}", os.environ["DATABASE_URL"], count=1)
        self.database, self.processes = database, {}
        self.environment = {
            **os.environ,
            "DATABASE_URL": self.conninfo,
            "CELERY_BROKER_URL": re.sub(
                r"virtual_host=\d+", f"virtual_host={broker}", os.environ["CELERY_BROKER_URL"]
            ),
            "CACHE_URL": re.sub(r"db=\d+", f"db={broker + 1}", os.environ["CACHE_URL"]),
            "DEBUG": "false",
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "SITE_URL": self.site,
            "SIMULATOR_PORT": str(self.simulator_port),
            "SIMULATOR_WEBHOOK_URL": f"http://127.0.0.1:{self.port}/webhooks/cloud_api/",
            "SIMULATOR_DELAY": "0.05",
            "WHATSAPP_API_URL": f"{self.simulator}/v25.0",
            "MEDIA_ROOT": str(media / "media"),
            "BEAT_SCHEDULE": str(media / "beat"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        self.log = (media / "town.log").open("wb")
        self.processes: dict[str, subprocess.Popen[bytes]]

    def start(self) -> None:
        with psycopg.connect(
            re.sub(r"///[^?]+", "///postgres", self.conninfo, count=1), autocommit=True
        ) as admin:
            admin.execute(f'drop database if exists "{self.database}"')
            admin.execute(f'create database "{self.database}"')
        self.processes["simulator"] = start_simulator(self.environment)
        self.manage("shell", "-c", PREPARE + self.FILL)
        for name in ["web", "alert", "reply", "media", "bulk", "beat"]:
            self.start_process(name)
        wait_for(lambda: answers(f"{self.site}/"), "Il sito", seconds=120)

    def start_process(self, name: str) -> None:
        command = parse_procfile((BASE_DIR / "Procfile").read_text()).processes[name]
        self.processes[name] = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=BASE_DIR,
            env=self.environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill(self, name: str) -> None:
        """SIGKILL to the process and whatever it started: nothing of it can tidy up."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()

    def stop(self) -> None:
        for process in reversed(list(self.processes.values())):
            stop_process(process, seconds=15)
        self.log.close()

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Look into, or turn back the clocks of, the town's database."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def empty_broker(self) -> None:
        """Every nudge and every queue is gone."""
        url = self.environment["CELERY_BROKER_URL"]
        path, number = re.findall(r"socket://([^?]+)\?virtual_host=(\d+)", url)[0]
        redis.Redis(unix_socket_path=path, db=int(number)).flushdb()

    def control(self, path: str, **body: Any) -> Any:
        answer = requests.post(f"{self.simulator}/control/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def received(self, number: str) -> int:
        answer = requests.get(f"{self.simulator}/control/received", params={"number": number}, timeout=60)
        return int(answer.json()["count"])

    def until(self, ready: Callable[[], bool], what: str, *, seconds: float = 120) -> None:
        """Wait for something to become true; the town's log is shown if it does not."""
        try:
            wait_for(ready, what, seconds=seconds)
        except RuntimeError as error:
            self.log.flush()
            log = Path(self.log.name).read_text(errors="replace")[-6000:]
            raise AssertionError(f"{error}\n{log}") from None


class Phone:
    """A citizen's phone in the simulator."""

    def __init__(self, town: Town, phone_id: str) -> None:
        self.town, self.id = town, phone_id

    def send(self, **content: Any) -> None:
        self.town.control(f"phones/{self.id}/send", **content)

    def photograph(self, picture: bytes) -> None:
        files = {"file": ("foto.jpg", picture, "image/jpeg")}
        url = f"{self.town.simulator}/control/phones/{self.id}/send"
        requests.post(url, files=files, timeout=10).raise_for_status()

    def received(self) -> list[dict[str, Any]]:
        state = requests.get(f"{self.town.simulator}/control/state", timeout=10).json()
        [phone] = [phone for phone in state["phones"] if phone["id"] == self.id]
        return [bubble for bubble in phone["chat"] if not bubble["mine"]]

    def ask(self, text: str, answer: str) -> None:
        """Write, and wait for an answer newer than what the chat holds already."""
        before = len(self.received())
        self.send(type="text", text=text)

        def answered() -> bool:
            return any(answer in bubble.get("text", "") for bubble in self.received()[before:])

        self.town.until(answered, f"«{answer}» sul telefono")

    def wait_for(self, words: str, *, kind: str = "") -> dict[str, Any]:
        def matching() -> list[dict[str, Any]]:
            return [b for b in self.received() if words in b.get("text", "") and kind in ("", b["kind"])]

        self.town.until(lambda: bool(matching()), f"«{words}» sul telefono")
        return matching()[-1]
