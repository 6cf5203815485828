"""The application: API, control address and page on one port."""

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from . import control, graph, uploads
from .config import Config
from .media import MEGABYTE
from .state import Simulator

STATIC = Path(__file__).parent / "static"
# Pictures named by `link` may come from anywhere; everything else is ours.
POLICY = "default-src 'self'; img-src 'self' data: blob: http: https:; media-src 'self' blob: http: https:"


async def page(request: web.Request) -> web.FileResponse:
    return web.FileResponse(
        STATIC / "page.html", headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    )


async def _webhooks(app: web.Application) -> AsyncIterator[None]:
    webhooks = app[graph.SIMULATOR].webhooks
    await webhooks.start()
    yield
    await webhooks.close()


async def _say_goodbye(app: web.Application) -> None:
    """Open event streams would hold up the shutdown until its timeout."""
    for listener in list(app[graph.SIMULATOR].listeners):
        while not listener.empty():
            listener.get_nowait()
        listener.put_nowait(None)


def create_app(config: Config) -> web.Application:
    app = web.Application(
        client_max_size=101 * MEGABYTE, middlewares=[control.same_origin, control.errors_as_json]
    )
    app[graph.SIMULATOR] = Simulator(config)
    app.cleanup_ctx.append(_webhooks)
    app.on_shutdown.append(_say_goodbye)
    graph.add_routes(app)
    uploads.add_routes(app)
    control.add_routes(app)
    app.router.add_get("/", page)
    app.router.add_static("/static/", STATIC)
    return app
