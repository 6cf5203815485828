"""Who acts: the log of actions asks for it wherever a row changes."""

from collections.abc import Callable

from auditlog.context import set_actor
from django.http import HttpRequest, HttpResponseBase

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
