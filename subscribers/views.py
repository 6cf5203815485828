"""The public pages: how to join, and the policy with its versions."""

import io
from urllib.parse import quote

import segno
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from subscribers import policies
from subscribers.models import Policy, Topic

KEYWORD = "ISCRIZIONE ON"


def join_link() -> str:
    """Opens WhatsApp with the keyword typed in: digits only, spaces as %20 (fact sheet 9)."""
    number = settings.WHATSAPP_DISPLAY_NUMBER.lstrip("+")
    return f"https://wa.me/{number}?text={quote(KEYWORD)}"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the service is and how to join it."""
    number = settings.WHATSAPP_DISPLAY_NUMBER.removeprefix("+39")
    context = {
        "join_link": join_link(),
        "keyword": KEYWORD,
        "spoken_number": f"{number[:3]} {number[3:5]} {number[5:7]} {number[7:]}",
        "topics": Topic.objects.all(),
    }
    return render(request, "subscribers/home.html", context)


@require_safe
@cache_control(max_age=86400, public=True)
def qr(request: HttpRequest) -> HttpResponse:
    """The link as a QR code, drawn here: no stranger hears who looks at it."""
    output = io.BytesIO()
    segno.make(join_link(), error="m").save(
        output, kind="svg", scale=8, border=2, xmldecl=False, light="#fff"
    )
    return HttpResponse(output.getvalue(), content_type="image/svg+xml")


@require_safe
def policy(request: HttpRequest, version: int | None = None) -> HttpResponse:
    """The policy in force, or one of its versions: all stay readable, because consents refer to them."""
    published = Policy.objects.filter(in_force_from__lte=timezone.now())
    shown = published.filter(version=version).first() if version else published.first()
    if shown is None:
        raise Http404("Questa versione dell'informativa non esiste.")
    context = {"policy": shown, "blocks": policies.blocks(shown.text), "versions": published}
    return render(request, "subscribers/policy.html", context)
