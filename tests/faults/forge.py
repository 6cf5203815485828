"""A process with the project loaded that forks others: a worker is up in a tenth of a second, not in three.

A forked worker is a process like any other, with Celery's own code and the Procfile's own arguments. Requests
are lines of JSON on the standard input, answers on the standard output. When the input ends, all children do.
"""

import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

import django
from django.core.wsgi import get_wsgi_application
from gunicorn.app.wsgiapp import WSGIApplication

from regalbuto_urp.celery import app, load_readers

django.setup()
app.loader.import_default_modules()
load_readers()  # its children have them already

from tests.faults import actions  # noqa: E402
from whatsapp import crashpoints  # noqa: E402


def celery(arguments: list[str], crash: str) -> None:
    """A worker or a beat as the Procfile says, that may die at a crash point."""
    _arm(crash)
    app.start(arguments)


def hurried_beat(arguments: list[str], crash: str) -> None:
    """A beat for which a second is thirty: everything periodic comes at once."""
    _arm(crash)
    for entry in app.conf.beat_schedule.values():
        if isinstance(entry["schedule"], float):  # what comes at an hour of the day stays there
            entry["schedule"] /= 30
    app.start(arguments)


def web(arguments: list[str], crash: str) -> None:
    """A web server as the Procfile says."""
    _arm(crash)
    get_wsgi_application()
    sys.argv = ["gunicorn", *arguments]
    WSGIApplication("%(prog)s").run()


def _arm(crash: str) -> None:
    os.environ["WHATSURP_CRASH_AT"] = crash
    importlib.reload(crashpoints)


PROGRAMS: dict[str, Callable[[list[str], str], None]] = {
    "celery": celery,
    "hurried_beat": hurried_beat,
    "gunicorn": web,
}


def spawn(program: str, arguments: list[str], crash: str = "") -> int:
    """A child of its own session, its output in the town's log."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        PROGRAMS[program](arguments, crash)
    except SystemExit:
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def call(name: str, **arguments: Any) -> Any:
    """What a function of `actions` returns, run in a child: this process never opens a connection."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            answer = {"value": getattr(actions, name)(**arguments)}
        except BaseException:
            answer = {"error": traceback.format_exc()}
        with os.fdopen(writer, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        return json.load(pipe)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave no zombies: their pids are gone
    children: list[int] = []
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        if request.pop("do") == "spawn":
            children.append(spawn(**request))
            answer: object = {"value": children[-1]}
        else:
            answer = call(**request)
        answers.write(json.dumps(answer) + "\n")
    for pid in children:
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()
