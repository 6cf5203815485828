"""What stands between the log-in and the pages of the back office."""

from urllib.parse import quote, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django_otp.middleware import OTPMiddleware

from regalbuto_urp.access import factor

ADMIN = "/admin/"
# Pages that open to everybody, and the one that opens to a session that no code has verified.
ALWAYS_OPEN = ("login", "logout", "jsi18n")
CODE, ENROLMENT = "code", "security_enrol"
LOST = (
    "La sessione era finita: ciò che hai appena inviato non è stato eseguito. Entra di nuovo e ripeti "
    "l'operazione; il testo che avevi scritto ti viene riproposto."
)
NOT_DONE = (
    "Ciò che hai appena inviato non è stato eseguito: prima serve il codice del tuo telefono. Poi ripeti "
    "l'operazione; il testo che avevi scritto ti viene riproposto."
)


class SecondFactorMiddleware(OTPMiddleware):  # type: ignore[misc]
    """Opens the back office only to sessions that a code has verified; the exceptions are above."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self._install_lazy_accessors(request)
        response: HttpResponse = self._detour(request) or self.get_response(request)
        return response

    @staticmethod
    def _detour(request: HttpRequest) -> HttpResponse | None:
        # `path_info` is what Django resolves; `path` also holds the prefix of a site that is not at the root.
        if not request.path_info.startswith(ADMIN):
            return None
        if request.path in {reverse(f"admin:{name}") for name in ALWAYS_OPEN}:
            return None
        if not request.user.is_authenticated:
            return _to_the_login(request)
        if factor.is_verified(request.user):
            return None
        if factor.phone(request.user):
            return _lead(request, CODE)
        return _lead(request, ENROLMENT) if settings.SECOND_FACTOR else None


def _to_the_login(request: HttpRequest) -> HttpResponse | None:
    if request.method != "POST":
        return None  # the page itself leads to the log-in
    messages.warning(request, LOST)
    return redirect_to_login(came_from(request), reverse("admin:login"))


def _lead(request: HttpRequest, name: str) -> HttpResponse | None:
    """To this page of the admin, unless it is the page asked for."""
    page = reverse(f"admin:{name}")
    if request.path == page:
        return None
    if request.method == "POST":
        messages.warning(request, NOT_DONE)
    return HttpResponseRedirect(f"{page}?next={quote(came_from(request), safe='/')}")


def came_from(request: HttpRequest) -> str:
    """Where a person goes on: the page asked for; after a form the page that held it."""
    if request.method == "GET":
        return request.get_full_path()
    page = urlsplit(request.headers.get("Referer", ""))
    return page._replace(scheme="", netloc="").geturl() if page.netloc == request.get_host() else ADMIN
