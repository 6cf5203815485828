"""What holds for every request."""

from collections.abc import Callable

from auditlog.context import set_actor
from django.http import HttpRequest, HttpResponseBase

NOTHING_ALLOWED = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"
Answer = Callable[[HttpRequest], HttpResponseBase]


def name_the_actor(get_response: Answer) -> Answer:
    """Tell django-auditlog who is logged in, in the admin only: webhooks have nobody and no time to lose.

    The user is looked up when something is logged, not before; addresses are not kept.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith("/admin/"):
            return get_response(request)
        with set_actor(request.user):
            return get_response(request)

    return answer


def refuse_sensors(get_response: Answer) -> Answer:
    """No page of ours, nor anything in it, may ask for camera, microphone, position or payments."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", NOTHING_ALLOWED)
        return response

    return answer
