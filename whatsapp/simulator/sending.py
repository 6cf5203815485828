"""What becomes of a message of the business: refused, accepted, sent, delivered, read, failed."""

import asyncio
import re
import time
from typing import Any

from .account import tell_template
from .errors import GraphError, status_error
from .phones import Phone, bsuid_of
from .state import Received, Simulator, new_message_id
from .templates import Template, fill
from .validation import check_envelope, check_message, need, parse_recipient

JSON = dict[str, Any]
MAGIC = re.compile(r"\+3900([01])0?(\d{6})")  # +39000<code>: fails later; +39001<code>: refused at once
PAIR_BURST, PAIR_SECONDS = 45, 6.0
TIER_SECONDS = 24 * 3600
FREE_SERVICE = 1000  # replies a month that Meta does not charge (fact sheet 5.9)
READERS = 0.7  # share of the numbers without a phone that read what they get


class Order:
    """One call to `/messages`, understood."""

    def __init__(self, simulator: Simulator, payload: JSON) -> None:
        check_envelope(payload)
        self.simulator, self.payload = simulator, payload
        self.input, self.number, bsuid = parse_recipient(payload, simulator.config.display_number[:3])
        self.phone: Phone | None = simulator.phones.get(self.number or bsuid)
        if self.number is None and self.phone and self.phone.wa_id:
            # A number the business knows is told even when it wrote to the BSUID.
            self.number = self.phone.number
        self.by_bsuid = bsuid is not None
        self.bsuid = bsuid or (self.phone.bsuid if self.phone else bsuid_of(self.number or ""))
        self.key = self.number or self.bsuid
        self.kind = str(payload.get("type", "text"))
        self.opaque = str(payload.get("biz_opaque_callback_data", ""))
        self.template, self.category = "", "service"
        self.used: Template | None = None
        self.bubble = self._check()
        self.id = new_message_id(self.key.removeprefix("+"))
        # The calls to this recipient so far: with the seed, they decide the message's lot.
        self.turn = (self.key, 0)
        self.held = False

    def _check(self) -> JSON:
        if self.kind != "template":
            return check_message(self.payload, self.simulator.media)
        given = need(self.payload, "template", dict)
        self.template = need(given, "name", str)
        language = need(need(given, "language", dict), "code", str)
        template = self.used = self.simulator.templates.find(self.template, language)
        self.category = template.category.lower()
        if self.category == "authentication" and not self.payload.get("to"):
            raise GraphError(131062)
        components = given.get("components") or []
        if not isinstance(components, list):
            raise GraphError(132012, "components must be a list")
        return fill(template, components, self.simulator.media)

    def answer(self) -> JSON:
        """Fact sheet 1.2: no `wa_id` when the message went to a BSUID."""
        who = {"user_id": self.bsuid} if self.by_bsuid else {"wa_id": self.key.removeprefix("+")}
        pace = "held_for_quality_assessment" if self.held else "accepted"
        message = {"id": self.id} | ({"message_status": pace} if self.template else {})
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
    if settings.account_locked:
        raise GraphError(131031)
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
    _check_tier(simulator, order)
    order.held = bool(order.template) and settings.chance("hold", *turn) < settings.hold_rate
    code = code or _undeliverable(simulator, order)
    (simulator.failed if code else simulator.received)[order.key] += 1
    text = str(order.bubble.get("text", ""))
    simulator.log.append(
        Received(time.time(), order.key, order.id, order.opaque, order.kind, order.template, text, code)
    )
    _schedule(simulator, order, code)
    return order.answer(), settings.chance("lose", *turn) < settings.lose_answer_rate


def _undeliverable(simulator: Simulator, order: Order) -> int:
    """Why it is accepted and then fails, or 0."""
    if order.input in simulator.phones.retired or order.key in simulator.phones.retired:
        return 131026
    if order.category == "marketing" and order.phone and not order.phone.marketing:
        return 131050
    if order.held and simulator.settings.hold_drops:
        return 132015
    # Of numbers without a phone here nobody knows when they last wrote: the project's own record decides.
    closed = order.phone is not None and not order.phone.window_open
    return 131047 if closed and order.kind != "template" and simulator.settings.enforce_window else 0


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


def _check_tier(simulator: Simulator, order: Order) -> None:
    """Different people written to outside a window in 24 hours (fact sheet 5.3)."""
    limit, reached, now = simulator.settings.tier, simulator.reached, time.time()
    if not limit or (order.phone and order.phone.window_open):
        return
    while reached and next(iter(reached.values())) <= now - TIER_SECONDS:
        del reached[next(iter(reached))]
    if reached.pop(order.key, None) is None and len(reached) >= limit:
        raise GraphError(131048, f"Messaging limit of {limit} unique users in 24 hours reached")
    reached[order.key] = now  # put last: the oldest stays first


def _schedule(simulator: Simulator, order: Order, code: int) -> None:
    settings, webhooks = simulator.settings, simulator.webhooks

    held = settings.hold_seconds if order.held else 0.0

    def wait(name: str, least: float, most: float) -> float:
        return held + settings.delay * (least + (most - least) * settings.chance(name, *order.turn))

    if code:
        status, _ = order.status("failed")
        drop = (lambda: _drop(simulator, order)) if order.held and code == 132015 else None
        webhooks.status(wait("failed", 0.5, 1.5), status | {"errors": [status_error(code)]}, None, drop)
        return
    pricing = {"pricing": _pricing(simulator, order)}
    waits = [wait("sent", 0.2, 0.8)]
    waits.append(waits[0] + wait("delivered", 0.5, 1.5) - held)
    phone = order.phone
    if phone:
        now = asyncio.get_running_loop().time()
        waits[1] = max(waits[1], phone.next_arrival - now)
        phone.next_arrival = now + waits[1]
    waits.append(waits[1] + wait("read", 2.0, 6.0) - held)
    if settings.shuffle_statuses:
        waits = [wait(name, 0, 4) for name in ("sent", "delivered", "read")]
    status, contact = order.status("sent")
    webhooks.status(waits[0], status | pricing, contact)
    if order.kind == "reaction":  # Meta tells no more of it
        return webhooks.status(waits[1], None, None, lambda: _arrive(simulator, order, (status, contact)))
    silent = phone is None or not phone.shown
    reads = not silent or settings.chance("reader", order.key) < READERS
    skips = reads and settings.chance("skip", *order.turn) < settings.skip_delivered_rate
    read: tuple[JSON, JSON | None] = order.status("read")
    if skips:
        read = read[0] | pricing, read[1]
        webhooks.status(waits[1], None, None, lambda: _arrive(simulator, order, read))
    else:
        status, contact = order.status("delivered")
        webhooks.status(waits[1], status | pricing, contact, lambda: _arrive(simulator, order, read))
    if silent:
        if reads:
            webhooks.status(waits[2], *read)
    elif phone and settings.read_automatically:
        webhooks.status(max(waits), None, None, lambda: simulator.open_chat(phone))


def _drop(simulator: Simulator, order: Order) -> None:
    """Bad feedback on a held message: Meta pauses the template (fact sheet 5.2)."""
    template = order.used
    if template and template.status != "PAUSED":
        pause = {"event": "PAUSED", "other_info": {"title": "FIRST_PAUSE"}}
        tell_template(simulator, template, "message_template_status_update", pause)


def _pricing(simulator: Simulator, order: Order) -> JSON:
    free = False
    if order.category == "service":
        simulator.service_messages += 1
        free = simulator.service_messages <= FREE_SERVICE
    kind = "free_customer_service" if free else "regular"
    return {"billable": not free, "pricing_model": "PMP", "type": kind, "category": order.category}


def _arrive(simulator: Simulator, order: Order, read: tuple[JSON, JSON | None]) -> None:
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
        phone.to_read.append((read[0], read[1] or {}))
    phone.unread += 1
    phone.typing_until = 0
    simulator.show(phone, order.bubble)
