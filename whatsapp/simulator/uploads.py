"""Examples for templates with a file (Meta's Resumable Upload API), and a template's correction."""

import hmac
import secrets

from aiohttp import web

from .account import tell_template
from .errors import GraphError
from .graph import SIMULATOR, body_of, check_object, guarded
from .media import kind_of

SESSIONS = web.AppKey("sessions", dict[str, tuple[int, str]])  # id -> announced length and MIME type


@guarded
async def open_session(request: web.Request) -> web.StreamResponse:
    """`POST /<APP_ID>/uploads`: what is coming."""
    check_object(request, request.app[SIMULATOR].config.app_id)
    length, mime_type = request.query.get("file_length", ""), request.query.get("file_type", "")
    if not length.isdecimal() or kind_of(mime_type) is None:
        raise GraphError(100, "file_length and file_type are required")
    name = "upload:" + secrets.token_urlsafe(24)
    request.app[SESSIONS][name] = (int(length), mime_type)
    return web.json_response({"id": name})


async def receive(request: web.Request) -> web.StreamResponse:
    """`POST /<session>`: the bytes, in one piece. Here the token is announced as «OAuth», not «Bearer»."""
    expected = f"OAuth {request.app[SIMULATOR].config.access_token}"
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
        return GraphError(190, "Invalid OAuth access token - Cannot parse access token").response()
    session = request.app[SESSIONS].pop(request.match_info["session"], None)
    content = await request.read()
    if session is None or request.headers.get("file_offset") != "0" or len(content) != session[0]:
        return GraphError(100, "The upload session is unknown or the file is not whole").response()
    handle = f"4::{secrets.token_urlsafe(32)}"
    return web.json_response({"h": handle})


@guarded
async def edit_template(request: web.Request) -> web.StreamResponse:
    """`POST /<TEMPLATE_ID>`."""
    simulator = request.app[SIMULATOR]
    template = simulator.templates.edit(request.match_info["id"], await body_of(request))
    tell_template(simulator, template, "message_template_status_update", {"event": template.status})
    return web.json_response({"success": True})


def add_routes(app: web.Application) -> None:
    app[SESSIONS] = {}
    app.router.add_post(r"/{version:v\d+\.\d+}/{id:\d+}/uploads", open_session)
    app.router.add_post(r"/{version:v\d+\.\d+}/{session:upload:[\w-]+}", receive)
    app.router.add_post(r"/{version:v\d+\.\d+}/{id:\d+}", edit_template)
