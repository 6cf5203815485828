"""The simulator in a thread of its own, and a tiny project that receives its webhooks."""

import asyncio
import hashlib
import hmac
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from aiohttp import web

from whatsapp.simulator.app import create_app
from whatsapp.simulator.config import Config

JSON = dict[str, Any]
CONFIG = Config(delay=0.02)
BEARER = {"Authorization": f"Bearer {CONFIG.access_token}"}
MARIA, SALVO = "+393401112201", "IT.13491208655302741918"


def until(found: Callable[[], Any], seconds: float = 10) -> Any:
    """What `found` returns as soon as it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return value


class Project(http.server.ThreadingHTTPServer):
    """Receives webhooks; `answers` are the status codes of the next ones, then always 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.bodies: list[JSON] = []
        self.answers: list[int] = []
        self.unsigned = 0

    def values(self, key: str, field: str = "messages") -> list[JSON]:
        """All the elements of `value[key]` received so far, in order."""
        changes = [change for body in self.bodies for entry in body["entry"] for change in entry["changes"]]
        return [one for change in changes if change["field"] == field for one in change["value"].get(key, [])]

    def statuses(self, message_id: str) -> list[JSON]:
        return [status for status in self.values("statuses") if status["id"] == message_id]


class Hook(http.server.BaseHTTPRequestHandler):
    server: Project

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        digest = hmac.new(CONFIG.app_secret.encode(), body, hashlib.sha256).hexdigest()
        if self.headers["X-Hub-Signature-256"] != f"sha256={digest}":
            self.server.unsigned += 1
        answer = self.server.answers.pop(0) if self.server.answers else 200
        if answer == 200:
            self.server.bodies.append(json.loads(body))
        self.send_response(answer)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


class Box:
    """The simulator as the project sees it (`send`, `graph`) and as a test steers it (`control`)."""

    def __init__(self, address: str, project: Project) -> None:
        self.address, self.project = address, project
        self.session = requests.Session()
        self.session.headers.update(BEARER)

    def graph(self, method: str, path: str, **keywords: Any) -> requests.Response:
        return self.session.request(method, f"{self.address}/v25.0/{path}", timeout=10, **keywords)

    def post(self, to: str = MARIA, **payload: Any) -> requests.Response:
        who = {"recipient": to} if to.startswith("IT.") else {"to": to}
        body = {"messaging_product": "whatsapp", **who, **payload}
        return self.graph("POST", f"{CONFIG.phone_number_id}/messages", json=body)

    def text(self, to: str = MARIA, body: str = "Prova", **payload: Any) -> requests.Response:
        return self.post(to, type="text", text={"body": body}, **payload)

    def template(
        self, *values: str, to: str = MARIA, name: str = "avviso", **payload: Any
    ) -> requests.Response:
        body = {"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}
        content = {"name": name, "language": {"code": "it"}, "components": [body]}
        return self.post(to, type="template", template=content, **payload)

    def create(self, **changes: Any) -> requests.Response:
        body = {
            "type": "BODY",
            "text": "Avviso: {{1}}. Comune di Regalbuto.",
            "example": {"body_text": [["x"]]},
        }
        wanted = {"name": "avviso", "language": "it", "category": "UTILITY", "components": [body], **changes}
        return self.graph("POST", f"{CONFIG.waba_id}/message_templates", json=wanted)

    def upload(self, content: bytes, mime_type: str, name: str = "file") -> requests.Response:
        return self.graph(
            "POST",
            f"{CONFIG.phone_number_id}/media",
            data={"messaging_product": "whatsapp", "type": mime_type},
            files={"file": (name, content, mime_type)},
        )

    def control(self, path: str, **payload: Any) -> JSON:
        answer = self.session.post(f"{self.address}/control/{path}", json=payload, timeout=10)
        assert answer.ok, answer.text
        return dict(answer.json())

    def state(self) -> JSON:
        return dict(self.session.get(f"{self.address}/control/state", timeout=10).json())

    def phone(self, phone_id: str = "t1") -> JSON:
        return next(phone for phone in self.state()["phones"] if phone["id"] == phone_id)

    def write(self, text: str = "Ciao", phone: str = "t1") -> JSON:
        """A citizen's message, as the project received it."""
        message_id = self.control(f"phones/{phone}/send", text=text)["id"]
        return self.received(message_id)

    def received(self, message_id: str) -> JSON:
        found = until(lambda: [one for one in self.project.values("messages") if one["id"] == message_id])
        return dict(found[0])

    def ended(self, message_id: str, last: str = "read") -> list[JSON]:
        """The statuses of a message, once the last one has come."""
        until(lambda: any(one["status"] == last for one in self.project.statuses(message_id)))
        return self.project.statuses(message_id)

    def quiet(self) -> None:
        """Wait until nothing more is due to the project."""
        until(lambda: self.state()["webhooks"]["pending"] == 0)


class Server(threading.Thread):
    """The simulator's event loop."""

    def __init__(self, webhook_url: str) -> None:
        super().__init__(daemon=True)
        self.webhook_url, self.ready, self.address = webhook_url, threading.Event(), ""

    def run(self) -> None:
        asyncio.run(self.serve())

    async def serve(self) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        config = Config(delay=CONFIG.delay, webhook_url=self.webhook_url)
        runner = web.AppRunner(create_app(config), access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.address = f"http://{host}:{port}"
        self.ready.set()
        await self.stop.wait()
        await runner.cleanup()

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.stop.set)
        self.join(10)


@pytest.fixture(scope="session")
def running() -> Iterator[Box]:
    project = Project()
    threading.Thread(target=project.serve_forever, daemon=True).start()
    server = Server(f"http://127.0.0.1:{project.server_port}/webhooks/")
    server.start()
    assert server.ready.wait(10)
    box = Box(server.address, project)
    yield box
    box.session.close()
    server.end()
    project.shutdown()
    project.server_close()


@pytest.fixture
def box(running: Box) -> Box:
    """Everything as at start, and the template «avviso» with one parameter."""
    running.project.answers.clear()
    running.control("reset", templates=True)
    running.create()
    running.quiet()
    running.project.bodies.clear()
    running.project.unsigned = 0
    return running


@pytest.fixture
def wait() -> Callable[..., Any]:
    return until
