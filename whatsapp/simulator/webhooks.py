"""Webhooks posted to the project: signed, repeated until answered 200, statuses gathered (fact sheet 3)."""

import asyncio
import hashlib
import heapq
import hmac
import itertools
import json
import random
import time
from collections.abc import Callable
from typing import Any

import aiohttp

from .config import Config
from .settings import Settings

JSON = dict[str, Any]
Effect = Callable[[], None]
# (when, order of arrival, kind, content, contact, effect): the second decides between equal times
Due = tuple[float, int, str, JSON | None, JSON | None, Effect | None]
GATHER_SECONDS, BATCH = 0.05, 1000
FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
ANSWER_SECONDS = 20


class Webhooks:
    """What is due to the project, and the tasks that hand it over."""

    def __init__(self, config: Config, settings: Settings) -> None:
        self.config, self.settings = config, settings
        self.counters = {"posted": 0, "refused": 0, "given_up": 0}
        self._due: list[Due] = []
        self._order = itertools.count()
        self._something_due = asyncio.Event()
        self._posting = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._last_of: dict[str, asyncio.Task[Any]] = {}
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS))
        self._spawn(self._post_statuses())

    async def close(self) -> None:
        self.forget()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def forget(self) -> None:
        """Drop everything not handed over yet."""
        self._due.clear()
        self._last_of.clear()
        for task in self._tasks:
            task.cancel()

    async def restart(self) -> None:
        self.forget()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._posting = False
        self.counters = dict.fromkeys(self.counters, 0)
        self._spawn(self._post_statuses())

    @property
    def pending(self) -> int:
        return len(self._due) + self._posting + len(self._tasks) - 1

    # What may be said

    def status(
        self, wait: float, status: JSON | None, contact: JSON | None, effect: Effect | None = None
    ) -> None:
        """Due in `wait` seconds; `effect` happens on the phone at that time, with or without a status."""
        self._put(wait, "status", status, contact, effect)

    def _put(self, wait: float, kind: str, content: Any, contact: JSON | None, effect: Effect | None) -> None:
        at = asyncio.get_running_loop().time() + wait
        heapq.heappush(self._due, (at, next(self._order), kind, content, contact, effect))
        self._something_due.set()

    def message(self, sender: str, value: JSON, answered: Effect) -> None:
        """One POST for this message alone, after the earlier ones of its sender were answered 200."""
        if self.settings.batch_seconds:
            (contact,) = value.get("contacts", [None])
            return self._put(0, "message", value["messages"][0], contact, answered)
        body = self.envelope([("messages", self.with_metadata(value))])
        self._last_of[sender] = self._spawn(self._in_turn(self._last_of.get(sender), body, answered))

    def event(self, field: str, value: JSON) -> None:
        self.raw(self.envelope([(field, value)]))

    def raw(self, body: bytes) -> None:
        self._spawn(self._deliver(body))

    def envelope(self, changes: list[tuple[str, JSON]]) -> bytes:
        entry = {
            "id": self.config.waba_id,
            "time": int(time.time()),
            "changes": [{"field": field, "value": value} for field, value in changes],
        }
        return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()

    def with_metadata(self, value: JSON) -> JSON:
        metadata = {
            "display_phone_number": self.config.display_number.removeprefix("+"),
            "phone_number_id": self.config.phone_number_id,
        }
        return {"messaging_product": "whatsapp", "metadata": metadata, **value}

    # How it gets there

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _post_statuses(self) -> None:
        while True:
            if not self._due:
                self._something_due.clear()
                await self._something_due.wait()
            await asyncio.sleep(self.settings.batch_seconds or GATHER_SECONDS)
            body, answered = self._next_updates()
            self._posting = body is not None
            # A refused batch is tried again by a task of its own, so as not to hold up those that follow.
            if body and not await self._attempt(body):
                self._spawn(self._in_turn(None, body, answered, waited=True))
            elif body:
                answered()
                await self._repeat(body)
            self._posting = False

    def _next_updates(self) -> tuple[bytes | None, Effect]:
        """At most 1,000 of what is due, and what happens on the phones once it is answered."""
        now = asyncio.get_running_loop().time()
        batch: list[Due] = []
        while self._due and self._due[0][0] <= now and len(batch) < BATCH:
            batch.append(heapq.heappop(self._due))
        if self.settings.shuffle_statuses:
            random.Random(self.settings.seed).shuffle(batch)
        # `failed` statuses and identity changes go apart because their change has no contacts.
        parts: dict[tuple[str, bool], list[JSON]] = {}
        contacts: dict[str, dict[str, JSON]] = {"statuses": {}, "messages": {}}
        later: list[Effect] = []
        stamp = str(int(time.time()))
        for _, _, kind, content, contact, effect in batch:
            key = "messages" if kind == "message" else "statuses"
            if content:
                update = content if kind == "message" else content | {"timestamp": stamp}
                parts.setdefault((key, contact is not None), []).append(update)
            if content and contact:
                contacts[key][contact["user_id"]] = contact
            if effect and kind == "message":
                later.append(effect)
            elif effect:
                effect()
        changes = []
        for (key, known), found in parts.items():
            who = {"contacts": list(contacts[key].values())} if known else {}
            changes.append(("messages", self.with_metadata(who | {key: found})))

        def answered() -> None:
            for effect in later:
                effect()

        return self.envelope(changes) if changes else None, answered

    async def _in_turn(
        self, earlier: asyncio.Task[Any] | None, body: bytes, answered: Effect, waited: bool = False
    ) -> None:
        if earlier:
            await asyncio.wait([earlier])
        if await self._deliver(body, waited):
            answered()

    async def _deliver(self, body: bytes, waited: bool = False) -> bool:
        """Tried again with growing waits, for `retry_seconds` in all."""
        start, wait = time.monotonic(), FIRST_WAIT
        if not waited and await self._attempt(body):
            await self._repeat(body)
            return True
        while time.monotonic() - start < self.settings.retry_seconds:
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
            if await self._attempt(body):
                await self._repeat(body)
                return True
        self.counters["given_up"] += 1
        return False

    async def _repeat(self, body: bytes) -> None:
        for _ in range(self.settings.duplicate_webhooks):
            await self._attempt(body)

    async def _attempt(self, body: bytes) -> bool:
        assert self._session is not None
        digest = hmac.new(self.config.app_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
        try:
            # A redirect is a refusal: Meta does not follow it, and a POST followed becomes a GET.
            async with self._session.post(
                self.config.webhook_url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                accepted = answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            accepted = False
        self.counters["posted" if accepted else "refused"] += 1
        return accepted
