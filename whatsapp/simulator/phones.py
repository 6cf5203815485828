"""Citizens' phones: who they are, their chat, their 24-hour window."""

import collections
import dataclasses
import hashlib
import time
from typing import Any

JSON = dict[str, Any]
WINDOW_SECONDS = 24 * 3600
CHAT_LENGTH = 200
SENT, DELIVERED, READ = 1, 2, 3  # ticks of a citizen's own message: one, two, two in blue


def bsuid_of(number: str) -> str:
    """The business-scoped id of a number (fact sheet 4): the same at every run, as at Meta."""
    return "IT." + str(int(hashlib.sha256(number.encode()).hexdigest()[:16], 16)).zfill(20)


@dataclasses.dataclass(slots=True)
class Phone:
    """`hidden` for who adopted a username: webhooks leave the number out; `window_until` is in Unix seconds.

    A phone that is not `shown` belongs to a number that only tests speak for: it has no place on the page.
    """

    id: str
    name: str
    number: str  # "" for who lost it to somebody else
    bsuid: str
    username: str = ""
    hidden: bool = False
    marketing: bool = True  # False: asked WhatsApp for no more promotions of ours
    shown: bool = True
    window_until: float = 0.0
    typing_until: float = 0.0
    unread: int = 0
    next_arrival: float = 0.0  # on the event loop's clock: what arrives on a phone keeps its order
    to_read: list[tuple[JSON, JSON]] = dataclasses.field(default_factory=list)  # `read` statuses not sent yet
    chat: collections.deque[JSON] = dataclasses.field(
        default_factory=lambda: collections.deque(maxlen=CHAT_LENGTH)
    )

    @property
    def wa_id(self) -> str | None:
        """As webhooks tell it: None when they do not."""
        return self.number.removeprefix("+") if self.number and not self.hidden else None

    @property
    def window_open(self) -> bool:
        return self.window_until > time.time()

    def open_window(self) -> None:
        self.window_until = time.time() + WINDOW_SECONDS

    def find(self, message_id: str) -> JSON | None:
        return next((bubble for bubble in self.chat if bubble["id"] == message_id), None)

    def as_json(self, *, chat: bool = True) -> JSON:
        found: JSON = {
            "id": self.id,
            "name": self.name,
            "number": self.number if self.wa_id else None,
            "own_number": self.number,
            "marketing": self.marketing,
            "bsuid": self.bsuid,
            "username": self.username,
            "window_open": self.window_open,
            "typing": self.typing_until > time.time(),
            "unread": self.unread,
        }
        return found | {"chat": list(self.chat)} if chat else found

    def contact(self) -> JSON:
        """As in `value.contacts[]` of a citizen's message."""
        profile = {"name": self.name} | ({"username": self.username} if self.username else {})
        return {"profile": profile, "user_id": self.bsuid} | ({"wa_id": self.wa_id} if self.wa_id else {})


class Phones:
    """All the phones, found by id, by number, or by BSUID."""

    def __init__(self) -> None:
        self._by_key: dict[str, Phone] = {}
        self._items: list[Phone] = []
        self._given: set[str] = set()
        self.retired: set[str] = set()  # numbers and BSUIDs that nobody has any more
        self.reset()

    def __iter__(self) -> collections.abc.Iterator[Phone]:
        return iter(self._items)

    def reset(self) -> None:
        self._by_key.clear()
        self._items.clear()
        self._given.clear()
        self.retired.clear()
        self.add("Maria Rossi", "+393401112201")
        self.add("Giuseppe Bianchi", "+393401112202")
        self.add("Nonna Concetta", "+393401112203")
        self.add("Salvo", None, bsuid="IT.13491208655302741918", username="salvo.regalbuto")

    def add(
        self, name: str, number: str | None, *, bsuid: str = "", username: str = "", shown: bool = True
    ) -> Phone:
        """Without a number: one that is hidden, so that there is something to share when asked."""
        n = len(self._items) + 1
        hidden = number is None
        if hidden and not username:
            username = f"utente{n}"
        bsuid = bsuid or self._new_bsuid(number or f"t{n}")
        phone = Phone(f"t{n}", name, number or f"+3934011199{n:02}", bsuid, username, hidden, shown=shown)
        self._items.append(phone)
        self._index(phone)
        return phone

    def _new_bsuid(self, seed: str) -> str:
        """Of the person, not of the number: who takes over a number gets another one (fact sheet 4.1)."""
        found = bsuid_of(seed)
        while found in self._given:
            found = bsuid_of(found)
        return found

    def _index(self, phone: Phone) -> None:
        for key in (phone.id, phone.number, phone.bsuid):
            if key:
                self._by_key[key] = phone
                self.retired.discard(key)
        self._given.add(phone.bsuid)

    def get(self, key: str | None) -> Phone | None:
        return self._by_key.get(key or "")

    def speaker(self, key: str) -> Phone | None:
        """Who is to send: any number may, an unknown one gets a phone that is not shown."""
        phone = self.get(key)
        if phone is None and key.startswith("+") and key[1:].isdigit():
            phone = self.add(f"Cittadino {key[-4:]}", key, shown=False)
        return phone

    def change_identity(self, phone: Phone, number: str | None) -> str:
        """A new number, or the same one hidden: the BSUID changes too (fact sheet 4.5). The old one.

        A number that was somebody's is taken from them: a recycled one.
        """
        old = phone.bsuid
        if number and (loser := self.get(number)) and loser is not phone:
            loser.number = ""
        left = {old, phone.number} if number else {old}
        for key in left - {""}:
            self._by_key.pop(key, None)
        self.retired |= left - {""}
        phone.hidden = not number
        phone.number = number or phone.number
        phone.bsuid = self._new_bsuid(number or old)
        phone.username = phone.username or ("" if number else f"utente{phone.id[1:]}")
        self._index(phone)
        return old
