"""The webhook's door, the staff's door to files, and the health page."""

import hmac

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from whatsapp import audit, health, inbox
from whatsapp.errors import InvalidSignature
from whatsapp.models import Media
from whatsapp.providers import registry
from whatsapp.types import Kind, WebhookCall

# Sent under the type we found in the bytes, so that the page can show or play them.
PLAYED = frozenset({Kind.IMAGE, Kind.AUDIO, Kind.VIDEO})
SEES_ALL = ("whatsapp.view_media",)
SEES_SENT = (*SEES_ALL, "whatsapp.view_sent_media")


@csrf_exempt
@require_http_methods(["GET", "POST"])
def webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """Verify, store, answer 200; nothing else, so that the provider never waits (fact sheet 3.3)."""
    channel = registry.for_webhook(provider)
    if channel is None:
        raise Http404
    if request.method == "GET":
        challenge = channel.challenge(request.GET)
        if challenge is None:
            return HttpResponse("Verifica non riuscita.", status=403, content_type="text/plain")
        return HttpResponse(challenge, content_type="text/plain")
    call = WebhookCall(
        headers=request.headers,
        body=request.body,
        url=request.build_absolute_uri(),
        query=request.META.get("QUERY_STRING", ""),
    )
    try:
        channel.verify(call)
    except InvalidSignature:
        return HttpResponse("Firma non valida.", status=403, content_type="text/plain")
    inbox.store(channel, call)
    return HttpResponse(content_type="text/plain")  # empty: Twilio would send any text on to the citizen


@staff_member_required
@require_http_methods(["GET", "POST"])
@never_cache
def media_file(request: HttpRequest, pk: int, *, thumbnail: bool = False) -> HttpResponseBase:
    """A file, for staff; what is not for all subscribers only for who may see citizens' files.

    Only pictures we drew ourselves are shown inline, sounds and clips are played; the rest is a download. A
    file with a warning needs a confirmation, a POST. Who opened which original is written down; the small
    pictures of the lists are not.
    """
    shown = Media.objects.exclude(contents__messages__changed_by__content__kind=Kind.REVOKE)
    media = get_object_or_404(shown, pk=pk, status=Media.Status.FETCHED)
    if not any(map(request.user.has_perm, SEES_SENT if media.for_subscribers else SEES_ALL)):
        raise PermissionDenied
    file = media.thumbnail if thumbnail else media.file
    if not file.name or not file.storage.exists(file.name):
        raise Http404
    if media.warning and request.method == "GET":
        context = {**admin.site.each_context(request), "title": "Prima di aprire il file", "file": media}
        return TemplateResponse(request, "admin/whatsapp/file.html", context)
    if not thumbnail:
        audit.note_opening(media)
    return _download(media, file)


def _download(media: Media, file: FieldFile) -> FileResponse:
    response = FileResponse(
        file.open("rb"),
        as_attachment=media.kind != Kind.IMAGE,
        filename=media.download_name,
        content_type=media.mime_type if media.kind in PLAYED else "application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_safe
@never_cache
def salute(request: HttpRequest) -> JsonResponse:
    """Health for a monitor: 200 when all is well, 503 when somebody should look.

    A stranger reads which of the two; with `Authorization: Bearer <HEALTH_TOKEN>` one reads what is wrong,
    the figures and the version. No personal data.
    """
    try:
        snapshot = health.snapshot()
    except DatabaseError:
        details = {"stato": health.BAD, "problemi": ["Il database non risponde."]}
    else:
        details = snapshot.as_json()
    status = 200 if details["stato"] == health.GOOD else 503
    told = {"stato": details["stato"]}
    if _knows_token(request):
        told = {"versione": settings.VERSION, **details}
    answer = JsonResponse(told, status=status)
    if request.method == "HEAD":  # gunicorn warns of a body that it must drop
        answer.content = b""
    return answer


def _knows_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    expected = settings.HEALTH_TOKEN
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())
