"""What becomes of a message of the business: refused, accepted, sent, delivered, read, failed."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from .errors import GraphError, status_error
from .phones import Phone, bsuid_of
from .state import Received, Simulator, new_message_id
from .templates import fill
from .validation import check_envelope, check_message, need, parse_recipient

JSON = dict[str, Any]
MAGIC = re.compile(r"\+3900([01])0?(\d{6})")  # +39000<code>: fails later; +39001<code>: refused at once
PAIR_BURST, PAIR_SECONDS = 45, 6.0
FREE_SERVICE = 1000  # replies a month that Meta does not charge (fact sheet 5.9)
READERS = 0.7  # share of the numbers without a phone that read what they get


class Order:
    """One call to `/messages`, understood."""

    def __init__(self, simulator: Simulator, payload: JSON) -> None:
        check_envelope(payload)
        self.simulator, self.payload = simulator, payload
        self.input, self.number, bsuid = parse_recipient(payload, simulator.config.display_number[:3])
        self.phone: Phone | None = simulator.phones.get(self.number or bsuid)
        if self.phone and self.number is None:
            self.number = (
                self.phone.number
            )  # a number the business knows is told even when it wrote to the BSUID
        self.by_bsuid = bsuid is not None
        self.bsuid = bsuid or (self.phone.bsuid if self.phone else bsuid_of(self.number or ""))
        self.key = self.number or self.bsuid
        self.kind = str(payload.get("type", "text"))
        self.opaque = str(payload.get("biz_opaque_callback_data", ""))
        self.template, self.category = "", "service"
        self.bubble = self._check()
        self.id = new_message_id(self.key.removeprefix("+"))
        self.turn = (
            self.key,
            0,
        )  # the calls to this recipient so far: with the seed, it decides the message's lot

    def _check(self) -> JSON:
        if self.kind != "template":
            return check_message(self.payload, self.simulator.media)
        given = need(self.payload, "template", dict)
        self.template = need(given, "name", str)
        language = need(need(given, "language", dict), "code", str)
        template = self.simulator.templates.find(self.template, language)
        self.category = template.category.lower()
        components = given.get("components") or []
        if not isinstance(components, list):
            raise GraphError(132012, "components must be a list")
        return fill(template, components, self.simulator.media)

    def answer(self) -> JSON:
        """Fact sheet 1.2: no `wa_id` when the message went to a BSUID."""
        who = {"user_id": self.bsuid} if self.by_bsuid else {"wa_id": self.key.removeprefix("+")}
        message = {"id": self.id} | ({"message_status": "accepted"} if self.template else {})
        return {
            "messaging_product": "whatsapp",
            "contacts": [{"input": self.input, **who}],
            "messages": [message],
        }

    def status(self, name: str) -> tuple[JSON, JSON | None]:
        """(element of `statuses`, element of `contacts`), as documented for each status."""
        status: JSON = {"id": self.id, "status": name}
        contact: JSON = {"user_id": self.bsuid}
        if self.number:
            status["recipient_id"] = contact["wa_id"] = self.number.removeprefix("+")
        if name != "failed" or self.by_bsuid:
            status["recipient_user_id"] = self.bsuid
        if self.opaque:
            status["biz_opaque_callback_data"] = self.opaque
        if name in {"delivered", "read"} and self.phone and self.phone.username:
            contact["profile"] = {"username": self.phone.username}
        return status, None if name == "failed" else contact


def accept(simulator: Simulator, payload: JSON) -> tuple[JSON, bool]:
    """The answer to a message, and whether that answer is to be lost; GraphError when it is refused."""
    settings = simulator.settings
    order = Order(simulator, payload)
    if order.number == simulator.config.display_number:
        raise GraphError(131021)
    simulator.calls[order.key] += 1
    turn = order.turn = (order.key, simulator.calls[order.key])
    code = 0
    if magic := MAGIC.fullmatch(order.key):
        code = int(magic[2])
        if magic[1] == "1":
            raise GraphError(code)
    elif settings.chance("fail", *turn) < settings.fail_rate:
        code = settings.fail_code
        if not settings.fail_async:
            raise GraphError(code)
    _check_pace(simulator, order.key)
    if not code and _window_closed(simulator, order):
        code = 131047
    _record(simulator, order, code)
    _schedule(simulator, order, code)
    return order.answer(), settings.chance("lose", *turn) < settings.lose_answer_rate


def _window_closed(simulator: Simulator, order: Order) -> bool:
    if order.kind == "template" or not simulator.settings.enforce_window:
        return False
    # Of numbers without a phone here nobody knows when they last wrote: the project's own record decides.
    return order.phone is not None and not order.phone.window_open


def _check_pace(simulator: Simulator, key: str) -> None:
    """Limits of the number (messages a second) and of the pair (fact sheet 5.4, 5.5)."""
    now, settings = time.monotonic(), simulator.settings
    if settings.throughput:
        recent = simulator.last_second
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if len(recent) >= settings.throughput:
            raise GraphError(130429)
        recent.append(now)
    if settings.pair_limit:
        left, since = simulator.pairs.get(key, (float(PAIR_BURST), now))
        left = min(PAIR_BURST, left + (now - since) / PAIR_SECONDS)
        if left < 1:
            raise GraphError(131056)
        simulator.pairs[key] = (left - 1, now)


def _record(simulator: Simulator, order: Order, code: int) -> None:
    (simulator.failed if code else simulator.received)[order.key] += 1
    text = str(order.bubble.get("text", ""))
    simulator.log.append(
        Received(time.time(), order.key, order.id, order.opaque, order.kind, order.template, text, code)
    )


def _schedule(simulator: Simulator, order: Order, code: int) -> None:
    settings, webhooks = simulator.settings, simulator.webhooks

    def wait(name: str, least: float, most: float) -> float:
        return settings.delay * (least + (most - least) * settings.chance(name, *order.turn))

    if code:
        status, _ = order.status("failed")
        webhooks.status(wait("failed", 0.5, 1.5), status | {"errors": [status_error(code)]}, None)
        return
    pricing = {"pricing": _pricing(simulator, order)}
    waits = [wait("sent", 0.2, 0.8)]
    waits.append(waits[0] + wait("delivered", 0.5, 1.5))
    phone = order.phone
    if phone:
        now = asyncio.get_running_loop().time()
        waits[1] = max(waits[1], phone.next_arrival - now)
        phone.next_arrival = now + waits[1]
    waits.append(waits[1] + wait("read", 2.0, 6.0))
    if settings.shuffle_statuses:
        waits = [wait(name, 0, 4) for name in ("sent", "delivered", "read")]
    status, contact = order.status("sent")
    webhooks.status(waits[0], status | pricing, contact)
    status, contact = order.status("delivered")
    webhooks.status(waits[1], status | pricing, contact, lambda: _arrive(simulator, order))
    if phone is None or not phone.shown:
        if settings.chance("reader", order.key) < READERS:
            webhooks.status(waits[2], *order.status("read"))
    elif settings.read_automatically:
        webhooks.status(max(waits), None, None, lambda: simulator.open_chat(phone))


def _pricing(simulator: Simulator, order: Order) -> JSON:
    free = False
    if order.category == "service":
        simulator.service_messages += 1
        free = simulator.service_messages <= FREE_SERVICE
    kind = "free_customer_service" if free else "regular"
    return {"billable": not free, "pricing_model": "PMP", "type": kind, "category": order.category}


def _arrive(simulator: Simulator, order: Order) -> None:
    """The message appears on the phone, if there is one."""
    phone = order.phone
    if phone is None:
        return
    if order.kind == "reaction":
        if target := phone.find(order.bubble["target"]):
            target["reaction"] = order.bubble["reaction"]
            simulator.show(phone, target)
        return
    order.bubble |= {"id": order.id, "mine": False, "at": int(time.time() * 1000), "kind": order.kind}
    quoted = (order.payload.get("context") or {}).get("message_id")
    if quoted and not order.template and (original := phone.find(quoted)):
        order.bubble["quote"] = {"mine": original["mine"], "text": original.get("text") or original["kind"]}
    if phone.shown:
        status, contact = order.status("read")
        phone.to_read.append((status, contact or {}))
    phone.unread += 1
    phone.typing_until = 0
    simulator.show(phone, order.bubble)
