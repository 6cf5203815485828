"""What stands between the log-in and the pages of the back office."""

from urllib.parse import quote, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django_otp.middleware import OTPMiddleware

from regalbuto_urp.access import factor

ADMIN = "/admin/"
# Open to whoever has not given the code yet.
FREE = ("login", "logout", "code", "jsi18n")
LOST = (
    "La sessione era finita: ciò che hai appena inviato non è stato eseguito. Entra di nuovo e ripeti "
    "l'operazione; il testo che avevi scritto ti viene riproposto."
)


class SecondFactorMiddleware(OTPMiddleware):  # type: ignore[misc]
    """Who has a device gives its code before anything else; who has none does without what needs one."""

    def _verify_user_sync(self, request: HttpRequest, user: object) -> object:
        found = super()._verify_user_sync(request, user)
        if settings.SECOND_FACTOR and found.is_authenticated:
            factor.narrow(found)
        return found

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self._install_lazy_accessors(request)
        if not request.path.startswith(ADMIN):
            response: HttpResponse = self.get_response(request)
            return response
        response = self._detour(request) or self.get_response(request)
        if response.status_code == 403 and getattr(request.user, "factor_missed", False):
            return self._explain(request)
        return response

    @staticmethod
    def _detour(request: HttpRequest) -> HttpResponse | None:
        if request.path in {reverse(f"admin:{name}") for name in FREE}:
            return None
        if not request.user.is_authenticated:
            if request.method != "POST":
                return None  # the page itself leads to the log-in
            messages.warning(request, LOST)
            return redirect_to_login(came_from(request), reverse("admin:login"))
        return _to("admin:code", request) if factor.must_verify(request.user) else None

    @staticmethod
    def _explain(request: HttpRequest) -> HttpResponse:
        """Refused for lack of the second factor only: lead to it, or say so where something was sent."""
        if request.method == "GET":
            return _to("admin:security", request)
        return render(request, "403_second_factor.html", status=403)


def came_from(request: HttpRequest) -> str:
    """Where a person goes on: the page asked for; after a form the page that held it."""
    if request.method == "GET":
        return request.get_full_path()
    page = urlsplit(request.headers.get("Referer", ""))
    return page._replace(scheme="", netloc="").geturl() if page.netloc == request.get_host() else ADMIN


def _to(name: str, request: HttpRequest) -> HttpResponseRedirect:
    where = quote(came_from(request), safe="/")
    return HttpResponseRedirect(f"{reverse(name)}?next={where}")
