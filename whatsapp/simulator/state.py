"""Everything the simulator knows, in memory, and what tells the page about changes."""

import asyncio
import base64
import collections
import secrets
import time
from typing import Any, NamedTuple

from .config import Config
from .media import MediaStore
from .phones import READ, Phone, Phones
from .settings import Settings
from .templates import Templates
from .webhooks import Webhooks

JSON = dict[str, Any]
LOG_LENGTH, WRITERS_LENGTH = 200_000, 50_000
TYPING_SECONDS = 25


class Received(NamedTuple):
    """A message accepted for a phone; `at` in Unix seconds, `failed` the code it will fail with, or 0."""

    at: float
    to: str
    id: str
    opaque: str
    type: str
    template: str
    text: str
    failed: int


class Simulator:
    """State shared by the API, the control address and the page."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.settings = Settings(delay=config.delay)
        self.phones = Phones()
        self.templates = Templates()
        self.media = MediaStore()
        self.webhooks = Webhooks(config, self.settings)
        self.log: collections.deque[Received] = collections.deque(maxlen=LOG_LENGTH)
        self.calls: collections.Counter[str] = collections.Counter()
        self.received: collections.Counter[str] = collections.Counter()
        self.failed: collections.Counter[str] = collections.Counter()
        self.writers: dict[str, Phone] = {}
        self.service_messages = 0
        self.pairs: dict[str, tuple[float, float]] = {}
        self.reached: dict[str, float] = {}  # when each person was last written to outside the window
        self.downloads = 0
        self.last_second: collections.deque[float] = collections.deque()
        self.listeners: set[asyncio.Queue[JSON | None]] = set()

    async def reset(self, *, templates: bool = False) -> None:
        self.settings.reset(self.config.delay)
        await self.webhooks.restart()
        self.phones.reset()
        if templates:
            self.templates.clear()
        for counter in (self.calls, self.received, self.failed):
            counter.clear()
        for collection in (self.log, self.pairs, self.reached, self.last_second, self.writers):
            collection.clear()
        self.service_messages = 0
        self.tell({"reset": True})

    def tell(self, event: JSON) -> None:
        """To every open page. One that does not keep up is let go: it comes back and reads the state anew."""
        for listener in list(self.listeners):
            try:
                listener.put_nowait(event)
            except asyncio.QueueFull:
                self.listeners.discard(listener)
                listener.get_nowait()
                listener.put_nowait(None)

    def tell_phone(self, phone: Phone) -> None:
        if phone.shown:
            self.tell({"phone": phone.as_json(chat=False)})

    def show(self, phone: Phone, bubble: JSON) -> None:
        """Put a bubble in a chat, or its new state if it is there already."""
        if phone.find(bubble["id"]) is None:
            phone.chat.append(bubble)
        if phone.shown:
            self.tell({"phone": phone.as_json(chat=False), "message": bubble})

    def open_chat(self, phone: Phone) -> None:
        """The citizen looks at the chat: what has arrived is read."""
        for status, contact in phone.to_read:
            self.webhooks.status(0, status, contact)
        phone.to_read.clear()
        phone.unread = 0
        self.tell_phone(phone)

    def remember(self, message_id: str, phone: Phone) -> None:
        """A citizen's message, so that the business can mark it as read."""
        self.writers[message_id] = phone
        while len(self.writers) > WRITERS_LENGTH:
            del self.writers[next(iter(self.writers))]

    def mark_read(self, message_id: str, *, typing: bool) -> bool:
        """The business read this message and all earlier ones of its chat (fact sheet 1.7)."""
        phone = self.writers.get(message_id)
        if phone is None:
            return False
        last = phone.find(message_id)
        for bubble in phone.chat:
            if last and bubble["mine"] and bubble["at"] <= last["at"] and bubble["ticks"] < READ:
                bubble["ticks"] = READ
                self.show(phone, bubble)
        if typing:
            phone.typing_until = time.time() + TYPING_SECONDS
            self.tell_phone(phone)
        return True


def new_message_id(who: str) -> str:
    """Carries the number in clear, as Meta's do; never from the seed: the project outlives our restarts."""
    return "wamid." + base64.b64encode(f"\x1c{who}\x15\x02\x00{secrets.token_hex(10)}".encode()).decode()
