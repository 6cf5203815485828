"""The Cloud API's addresses (fact sheet 1, 2, 5.2, 0.2)."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from .account import TIERS, tell_template
from .errors import GraphError
from .media import MediaStore
from .sending import accept
from .state import Simulator
from .validation import need

JSON = dict[str, Any]
SIMULATOR = web.AppKey("simulator", Simulator)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OBJECT = "Unsupported {method} request. Object with ID '{id}' does not exist or cannot be loaded"


def guarded(handler: Handler) -> Handler:
    """The token, the faults that hit every call, and errors in Graph's shape."""

    async def answer(request: web.Request) -> web.StreamResponse:
        simulator = request.app[SIMULATOR]
        if status := simulator.settings.http_status:
            return web.Response(
                text="<html><body>Bad gateway</body></html>", status=status, content_type="text/html"
            )
        try:
            expected = f"Bearer {simulator.config.access_token}"
            if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
                raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")
            return await handler(request)
        except GraphError as error:
            return error.response()

    return answer


async def body_of(request: web.Request) -> JSON:
    try:
        payload = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise GraphError(100, "The request body is not valid JSON") from None
    if not isinstance(payload, dict):
        raise GraphError(100, "The request body must be a JSON object")
    return payload


def check_object(request: web.Request, expected: str) -> None:
    given = request.match_info["id"]
    if given != expected:
        raise GraphError(100, OBJECT.format(method=request.method.lower(), id=given), subcode=33)


@guarded
async def send(request: web.Request) -> web.StreamResponse:
    simulator = request.app[SIMULATOR]
    settings = simulator.settings
    check_object(request, simulator.config.phone_number_id)
    payload = await body_of(request)
    if payload.get("status") == "read":
        if not simulator.mark_read(need(payload, "message_id", str), typing="typing_indicator" in payload):
            raise GraphError(131009, "Message ID is not valid")
        return web.json_response({"success": True})
    answer, lost = accept(simulator, payload)
    if settings.answer_delay:
        await asyncio.sleep(settings.answer_delay)
    if lost:
        await asyncio.sleep(settings.hang_seconds)
        if request.transport:
            request.transport.abort()
    return web.json_response(answer)


@guarded
async def upload(request: web.Request) -> web.StreamResponse:
    simulator = request.app[SIMULATOR]
    check_object(request, simulator.config.phone_number_id)
    if not request.content_type.startswith("multipart/"):
        raise GraphError(100, "(#100) Param file is required")
    form = await request.post()
    if form.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required.")
    part = form.get("file")
    if not isinstance(part, web.FileField):
        raise GraphError(100, "The parameter file is required.")
    mime_type = str(form.get("type") or part.content_type).partition(";")[0].strip()
    file = simulator.media.upload(part.file.read(), mime_type, part.filename)
    return web.json_response({"id": file.id})


@guarded
async def read_object(request: web.Request) -> web.StreamResponse:
    """`GET /<id>`: the health of the number, or where to download a file."""
    simulator = request.app[SIMULATOR]
    if request.match_info["id"] == simulator.config.phone_number_id:
        return web.json_response(_health(simulator, request.query.get("fields", "")))
    media = simulator.media
    file = media.get(request.match_info["id"])
    if file is None or file.lost:
        raise GraphError(100, OBJECT.format(method="get", id=request.match_info["id"]), subcode=33)
    number = request.query.get("phone_number_id")
    # A citizen's file was not uploaded on our number: Meta refuses even the right id there.
    if number and (file.from_citizen or number != simulator.config.phone_number_id):
        raise GraphError(100, "Param phone_number_id is not a valid whatsapp business phone number id ID")
    address = media.open_address(file, simulator.settings.media_url_seconds)
    return web.json_response(
        {
            "messaging_product": "whatsapp",
            "url": f"{request.scheme}://{request.host}{address}",
            "mime_type": file.mime_type,
            "sha256": file.sha256().hex(),
            "file_size": str(len(file.content)),
            "id": file.id,
        }
    )


def _health(simulator: Simulator, fields: str) -> JSON:
    tier = simulator.settings.tier or TIERS["TIER_10K"]
    known: JSON = {
        "status": "CONNECTED",
        "display_phone_number": simulator.config.display_number,
        "verified_name": "WhatsURP Comune di Regalbuto",
        "quality_rating": simulator.settings.quality,
        "throughput": {"level": "STANDARD"},
        "whatsapp_business_manager_messaging_limit": next(
            (name for name, most in TIERS.items() if most >= tier), "TIER_UNLIMITED"
        ),
    }
    asked = {field.partition("{")[0].strip() for field in fields.split(",")} if fields else set(known)
    shown = {name: value for name, value in known.items() if name in asked}
    return shown | {"id": simulator.config.phone_number_id}


@guarded
async def delete_object(request: web.Request) -> web.StreamResponse:
    media: MediaStore = request.app[SIMULATOR].media
    if not media.delete(request.match_info["id"]):
        raise GraphError(100, OBJECT.format(method="delete", id=request.match_info["id"]), subcode=33)
    return web.json_response({"success": True})


@guarded
async def download(request: web.Request) -> web.StreamResponse:
    simulator = request.app[SIMULATOR]
    file = simulator.media.at_address(request.match_info["id"], request.match_info["token"])
    simulator.downloads += 1
    unlucky = simulator.settings.chance("media", simulator.downloads) < simulator.settings.media_fail_rate
    if file is None or unlucky:
        return web.Response(status=404)
    return web.Response(body=file.content, content_type=file.mime_type)


@guarded
async def list_templates(request: web.Request) -> web.StreamResponse:
    simulator = request.app[SIMULATOR]
    check_object(request, simulator.config.waba_id)
    query = request.query
    found = [
        template.as_json()
        for template in simulator.templates
        if query.get("name", template.name) == template.name
        and query.get("language", template.language) == template.language
    ]
    try:
        first, limit = int(query.get("after") or 0), max(1, int(query.get("limit") or 25))
    except ValueError:
        raise GraphError(100, "Invalid paging parameters") from None
    page = found[first : first + limit]
    paging: JSON = {"cursors": {"before": str(first), "after": str(first + len(page))}}
    if first + limit < len(found):
        after = request.rel_url.update_query({"after": str(first + limit)})
        paging["next"] = f"{request.scheme}://{request.host}{after}"
    summary = {
        "total_count": len(found),
        "message_template_count": len(found),
        "message_template_limit": 250,
        "are_translations_complete": False,
    }
    return web.json_response({"data": page, "paging": paging, "summary": summary})


@guarded
async def create_template(request: web.Request) -> web.StreamResponse:
    simulator = request.app[SIMULATOR]
    check_object(request, simulator.config.waba_id)
    template = simulator.templates.create(await body_of(request))
    tell_template(simulator, template, "message_template_status_update", {"event": template.status})
    return web.json_response({"id": template.id, "status": template.status, "category": template.category})


def add_routes(app: web.Application) -> None:
    one = r"/{version:v\d+\.\d+}/{id:\d+}"
    app.router.add_post(f"{one}/messages", send)
    app.router.add_post(f"{one}/media", upload)
    app.router.add_get(f"{one}/message_templates", list_templates)
    app.router.add_post(f"{one}/message_templates", create_template)
    app.router.add_get(one, read_object)
    app.router.add_delete(one, delete_object)
    app.router.add_get("/media/{id}/{token}", download)
