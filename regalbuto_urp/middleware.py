"""What holds for every request."""

import re
from collections.abc import Callable, Iterator

from auditlog.context import set_actor
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase, UnreadablePostError
from django.views.defaults import bad_request

from regalbuto_urp.access import addresses

NOTHING_ALLOWED = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"
# PostgreSQL refuses NUL, and no person types the others; tabs and line ends are text.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
_FORM = "application/x-www-form-urlencoded"
Answer = Callable[[HttpRequest], HttpResponseBase]


def set_fixed_headers(get_response: Answer) -> Answer:
    """No page of ours, nor anything in it, may ask for camera, microphone, position or payments, or be taken
    for another type than it says."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", NOTHING_ALLOWED)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    return answer


def drop_forged_headers(get_response: Answer) -> Answer:
    """What only our proxies may say (who calls, and by https) is not heard from anybody else."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not addresses.is_from_proxy(request):
            for name in _FORWARDED:
                request.META.pop(name, None)
        return get_response(request)

    return answer


def refuse_control_characters(get_response: Answer) -> Answer:
    """400 for NUL and its like in the path, the query, a cookie or a form without files."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        try:
            refused = any(_CONTROL.search(text) for text in _texts(request))
        except UnreadablePostError:  # the caller has gone
            refused = True
        if refused:
            return bad_request(request, BadRequest("control character"))
        return get_response(request)

    return answer


def _texts(request: HttpRequest) -> Iterator[str]:
    yield request.path_info
    for pair in request.COOKIES.items():
        yield from pair
    queries = [request.GET, request.POST] if request.content_type == _FORM else [request.GET]
    for query in queries:
        for name, values in query.lists():
            yield from (name, *values)


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
