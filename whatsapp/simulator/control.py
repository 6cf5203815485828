"""`/control/`: state, faults and phones, as JSON, for the tests and for the page."""

import asyncio
import dataclasses
import json
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from . import account, citizens
from .graph import SIMULATOR
from .phones import Phone
from .state import Simulator

JSON = dict[str, Any]
KEEP_ALIVE_SECONDS = 15


@web.middleware
async def errors_as_json(request: web.Request, handler: Any) -> web.StreamResponse:
    if not request.path.startswith("/control/"):
        return await handler(request)  # type: ignore[no-any-return]
    try:
        return await handler(request)  # type: ignore[no-any-return]
    except (ValueError, TypeError) as error:
        return web.json_response({"error": str(error)}, status=400)


@web.middleware
async def same_origin(request: web.Request, handler: Any) -> web.StreamResponse:
    """Another page open in the same browser may not act here. Programs send no origin."""
    origin = request.headers.get("Origin")
    if request.method not in ("GET", "HEAD") and origin and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="Un'altra pagina non può agire sul simulatore.")
    return await handler(request)  # type: ignore[no-any-return]


async def body_of(request: web.Request) -> JSON:
    payload = json.loads(await request.text() or "{}")
    if not isinstance(payload, dict):
        raise ValueError("Serve un oggetto JSON.")
    return payload


def phone_of(request: web.Request) -> Phone:
    phone = request.app[SIMULATOR].phones.speaker(request.match_info["phone"])
    if phone is None:
        raise web.HTTPNotFound(
            text=json.dumps({"error": "Telefono sconosciuto."}), content_type="application/json"
        )
    return phone


def _as_dict(simulator: Simulator, *, counters: bool) -> JSON:
    found: JSON = {
        "number": simulator.config.display_number,
        "webhook_url": simulator.config.webhook_url,
        "phones": [phone.as_json() for phone in simulator.phones if phone.shown],
        "templates": [template.as_json() for template in simulator.templates],
        "settings": dataclasses.asdict(simulator.settings),
        "webhooks": simulator.webhooks.counters | {"pending": simulator.webhooks.pending},
        "totals": {
            "calls": simulator.calls.total(),
            "received": simulator.received.total(),
            "failed": simulator.failed.total(),
        },
    }
    return found | {"received": simulator.received, "failed": simulator.failed} if counters else found


async def state(request: web.Request) -> web.Response:
    """`?counters=0` leaves out the counters per number, which grow with the recipients."""
    return web.json_response(_as_dict(request.app[SIMULATOR], counters=request.query.get("counters") != "0"))


async def received(request: web.Request) -> web.Response:
    """The messages accepted for `number` (or a BSUID), or for all: the last 200,000; `count` has them all."""
    simulator = request.app[SIMULATOR]
    who = request.query.get("number", "").strip().replace(" ", "+")  # an unescaped plus arrives as a space
    who = f"+{who}" if who.isdigit() else who
    messages = [one._asdict() for one in simulator.log if not who or one.to == who]
    total = simulator.received[who] if who else simulator.received.total()
    failed = simulator.failed[who] if who else simulator.failed.total()
    return web.json_response({"number": who, "count": total, "failed": failed, "messages": messages})


async def change_settings(request: web.Request) -> web.Response:
    simulator = request.app[SIMULATOR]
    simulator.settings.update(await body_of(request))
    found = dataclasses.asdict(simulator.settings)
    simulator.tell({"settings": found})
    return web.json_response(found)


async def settings_table(request: web.Request) -> web.Response:
    """What the page's panel is made of: the settings, and the news it can send."""
    news = [{"label": label, "field": field, "value": value} for label, field, value in account.NEWS]
    return web.json_response({"settings": request.app[SIMULATOR].settings.table(), "news": news})


async def tell_news(request: web.Request) -> web.Response:
    """`{"field", "value"}` of fact sheet 3.7: what goes without saying is added; the state follows."""
    simulator, wanted = request.app[SIMULATOR], await body_of(request)
    field, value = wanted.get("field"), wanted.get("value")
    if not isinstance(field, str) or not field or not isinstance(value, dict):
        raise ValueError("Servono «field», un nome, e «value», un oggetto.")
    return web.json_response(account.tell(simulator, field, value))


async def spoil_media(request: web.Request) -> web.Response:
    """The download addresses given so far expire; with `{"lose": true}` the files are lost for good."""
    lose = bool((await body_of(request)).get("lose"))
    return web.json_response({"files": request.app[SIMULATOR].media.spoil(lose=lose)})


async def reset(request: web.Request) -> web.Response:
    """Everything but the templates, unless `{"templates": true}`."""
    simulator = request.app[SIMULATOR]
    await simulator.reset(templates=bool((await body_of(request)).get("templates")))
    return web.json_response(_as_dict(simulator, counters=False))


def _number(written: Any) -> str | None:
    number = "+" + "".join(filter(str.isdigit, str(written or "")))
    if written and not 8 <= len(number) <= 18:
        raise ValueError("Il numero va scritto con il prefisso internazionale, per esempio +39 340 1112204.")
    return number if written else None


async def add_phone(request: web.Request) -> web.Response:
    simulator = request.app[SIMULATOR]
    wanted = await body_of(request)
    name, number = str(wanted.get("name") or "").strip(), _number(wanted.get("number"))
    if not name:
        raise ValueError("Manca il nome.")
    if number and (known := simulator.phones.get(number)) and known.shown:
        raise ValueError(f"Il numero {number} è già di {known.name}.")
    phone = simulator.phones.add(name, number)
    simulator.tell({"reset": True})
    return web.json_response(phone.as_json(), status=201)


async def send(request: web.Request) -> web.Response:
    """JSON for what is written or tapped, multipart (`file`, `caption`) for files."""
    simulator, phone = request.app[SIMULATOR], phone_of(request)
    if not request.content_type.startswith("multipart/"):
        return web.json_response({"id": citizens.write(simulator, phone, await body_of(request))})
    form = await request.post()
    part = form.get("file")
    if not isinstance(part, web.FileField):
        raise ValueError("Manca il file.")
    caption = str(form.get("caption") or "")
    content, kind = part.file.read(), part.content_type
    message_id = citizens.send_file(simulator, phone, content, kind, part.filename, caption)
    return web.json_response({"id": message_id})


async def open_chat(request: web.Request) -> web.Response:
    request.app[SIMULATOR].open_chat(phone_of(request))
    return web.json_response({"success": True})


async def window(request: web.Request) -> web.Response:
    phone = phone_of(request)
    if (await body_of(request)).get("closed", True):
        phone.window_until = 0
    else:
        phone.open_window()
    request.app[SIMULATOR].tell_phone(phone)
    return web.json_response({"window_open": phone.window_open})


async def identity(request: web.Request) -> web.Response:
    """What changes of who the citizen is.

    `{"number": "+39..."}`: a new number, with its BSUID; null: the number disappears and the BSUID changes.
    `{"hidden": true}` or false: webhooks leave the number out, or tell it again; no webhook says so.
    `{"username": "..."}`: told with the next message.
    """
    simulator, phone, wanted = request.app[SIMULATOR], phone_of(request), await body_of(request)
    message_id = None
    if "hidden" in wanted or "username" in wanted:
        phone.hidden = bool(wanted.get("hidden", phone.hidden))
        phone.username = (
            str(wanted.get("username", phone.username)) or (phone.hidden and f"utente{phone.id[1:]}") or ""
        )
        simulator.tell_phone(phone)
    else:
        message_id = citizens.change_identity(simulator, phone, _number(wanted.get("number")))
    return web.json_response(phone.as_json(chat=False) | {"message": message_id})


async def marketing(request: web.Request) -> web.Response:
    """`{"wanted": false}`: no more promotions from us."""
    phone = phone_of(request)
    wanted = bool((await body_of(request)).get("wanted"))
    citizens.choose_marketing(request.app[SIMULATOR], phone, wanted=wanted)
    return web.json_response(phone.as_json(chat=False))


async def template(request: web.Request) -> web.Response:
    """`{"name", "language", "status"}`: Meta pauses, disables or reinstates a template."""
    simulator, wanted = request.app[SIMULATOR], await body_of(request)
    one = simulator.templates.get(str(wanted.get("name")), str(wanted.get("language", "it")))
    event = {"event": str(wanted.get("status", "APPROVED")).upper()}
    account.tell_template(simulator, one, account.STATUS, event)
    return web.json_response(one.as_json())


async def webhook(request: web.Request) -> web.Response:
    """Any JSON body, signed and posted as it is, byte for byte; it opens the window of who writes in it."""
    simulator, raw = request.app[SIMULATOR], await request.read()
    payload = json.loads(raw)
    entries = payload.get("entry", []) if isinstance(payload, dict) else []
    values = [change.get("value", {}) for entry in entries for change in entry.get("changes", [])]
    for message in [message for value in values for message in value.get("messages", [])]:
        sender = f"+{message['from']}" if message.get("from") else message.get("from_user_id")
        if sender and message.get("type") != "system" and (phone := simulator.phones.speaker(sender)):
            phone.open_window()
    simulator.webhooks.raw(raw)
    return web.json_response({"success": True})


async def file(request: web.Request) -> web.Response:
    """A file as the phone sees it, without a token."""
    found = request.app[SIMULATOR].media.get(request.match_info["id"])
    if found is None:
        raise web.HTTPNotFound
    # A citizen's file is anything: only what a browser shows without running it is served under its own type.
    safe = found.mime_type.startswith(("image/", "video/", "audio/")) and "svg" not in found.mime_type
    kind = found.mime_type if safe or found.mime_type == "application/pdf" else "application/octet-stream"
    headers = {"X-Content-Type-Options": "nosniff", "Accept-Ranges": "bytes"}
    part = request.http_range  # without ranges a clip cannot be moved forward
    if part.start is None and part.stop is None:
        return web.Response(body=found.content, content_type=kind, headers=headers)
    start, stop, _ = part.indices(len(found.content))
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(found.content)}"
    return web.Response(status=206, body=found.content[start:stop], content_type=kind, headers=headers)


async def events(request: web.Request) -> web.StreamResponse:
    """Server-sent events for the page: what changed, as it changes."""
    simulator = request.app[SIMULATOR]
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    mailbox: asyncio.Queue[JSON | None] = asyncio.Queue(maxsize=2000)
    simulator.listeners.add(mailbox)
    try:
        await response.write(b"retry: 1000\ndata: {}\n\n")
        while True:
            try:
                event = await asyncio.wait_for(mailbox.get(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                event = {}
            if event is None:
                break
            await response.write(f"data: {json.dumps(event)}\n\n".encode())
    except ConnectionError:
        pass
    finally:
        simulator.listeners.discard(mailbox)
    return response


def add_routes(app: web.Application) -> None:
    app.router.add_get("/control/state", state)
    app.router.add_get("/control/received", received)
    app.router.add_get("/control/events", events)
    app.router.add_get("/control/media/{id}", file)
    app.router.add_get("/control/settings", settings_table)
    app.router.add_post("/control/settings", change_settings)
    app.router.add_post("/control/account", tell_news)
    app.router.add_post("/control/media", spoil_media)
    app.router.add_post("/control/reset", reset)
    app.router.add_post("/control/templates", template)
    app.router.add_post("/control/webhook", webhook)
    app.router.add_post("/control/phones", add_phone)
    app.router.add_post("/control/phones/{phone}/send", send)
    app.router.add_post("/control/phones/{phone}/open", open_chat)
    app.router.add_post("/control/phones/{phone}/window", window)
    app.router.add_post("/control/phones/{phone}/identity", identity)
    app.router.add_post("/control/phones/{phone}/marketing", marketing)
