"""The public pages of the notices."""

import re
from collections.abc import Iterator

from django.core.paginator import Paginator
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from broadcasts import places, published
from broadcasts.models import Category
from broadcasts.types import State
from whatsapp.models import Media
from whatsapp.types import Kind

PAGE = 12
# Fifteen digits: no file is longer, and Python reads no number of thousands of digits.
_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})$")
_PIECE = 64 * 1024  # bytes


@require_safe
@cache_control(public=True, max_age=30)
def notices(request: HttpRequest) -> HttpResponse:
    """Alerts in force on top, then the others, newest first; one category if asked for."""
    alerts = list(published.alerts_in_force())
    others = published.listed().exclude(pk__in=[alert.pk for alert in alerts])
    categories = list(Category.objects.filter(active=True))
    asked = request.GET.get("categoria")
    category = next((category for category in categories if category.slug == asked), None)
    if category:
        others = others.filter(category=category)
        alerts = [alert for alert in alerts if alert.category_id == category.pk]
    page = Paginator(others, PAGE).get_page(request.GET.get("pagina"))
    context = {
        "alerts": alerts if page.number == 1 else [],
        "page": page,
        "category": category,
        "categories": categories,
    }
    return render(request, "broadcasts/notices.html", context)


@require_safe
@cache_control(public=True, max_age=30)
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """The full text of one notice, where every message's button leads."""
    found = get_object_or_404(published.readable(), pk=pk)
    context = {
        "notice": found,
        "later": published.sequel(found),
        "stopped": found.state == State.STOPPED,
        "is_image": bool(found.media and found.media.kind == Kind.IMAGE),
        "is_video": bool(found.media and found.media.kind == Kind.VIDEO),
        "map_url": places.map_url(found.place) if found.place else "",
    }
    return render(request, "broadcasts/notice.html", context)


@require_safe
@cache_control(public=True, max_age=300)
def notice_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The picture, clip or document of one notice, and of nothing else."""
    found = get_object_or_404(published.readable(), pk=pk, media__isnull=False)
    media = found.media
    if media is None or not media.file or not media.file.storage.exists(media.file.name or ""):
        raise Http404
    match = _RANGE.match(request.headers.get("Range", ""))
    if match and int(match[1]) < media.size:
        return _part(media, int(match[1]), match[2])
    suffix = (media.file.name or "").rsplit(".", 1)[-1]
    headers = {"X-Content-Type-Options": "nosniff", "Accept-Ranges": "bytes"}
    return FileResponse(
        media.file.open("rb"),
        filename=f"avviso-{found.pk}.{suffix}",
        content_type=media.mime_type,
        headers=headers,
    )


def _part(media: Media, first: int, last_given: str) -> HttpResponseBase:
    """One range of a file: iPhones play no clip from a server that cannot give parts of it."""
    last = min(int(last_given) if last_given else media.size - 1, media.size - 1)
    if last < first:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{media.size}"})
    length = last - first + 1
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
        "Content-Range": f"bytes {first}-{last}/{media.size}",
        "Content-Length": str(length),
    }
    pieces = _pieces(media, first, length)
    return StreamingHttpResponse(pieces, status=206, content_type=media.mime_type, headers=headers)


def _pieces(media: Media, first: int, length: int) -> Iterator[bytes]:
    """These bytes of a file, a little at a time."""
    with media.file.open("rb") as file:
        file.seek(first)
        while length > 0 and (piece := file.read(min(length, _PIECE))):
            length -= len(piece)
            yield piece
