"""Each person chooses their own password, through a link sent by e-mail or on the page of the admin."""

from typing import Any

from auditlog.context import set_actor
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from regalbuto_urp.access import mail, sessions


class WatchedLengthValidator(MinimumLengthValidator):
    """Django calls `password_changed` after every change of a password, on a page or on the server."""

    def password_changed(self, password: str, user: Any = None) -> None:
        if user is not None and user.pk:
            mail.tell(user, "la password è stata cambiata", actor=None)


class NewPassword(PasswordResetConfirmView):
    """The page that the link opens. The password alone opens nothing: the code is asked for next."""

    template_name = "admin/access/new_password.html"
    success_url = reverse_lazy("admin:login")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}

    def form_valid(self, form: Any) -> HttpResponse:
        with set_actor(self.user):
            response = super().form_valid(form)
        sessions.close(self.user)
        messages.success(self.request, "La password è scelta: entra.")
        return response


def link(user: Any) -> str:
    """The address at which this person chooses a password: once, within `PASSWORD_RESET_TIMEOUT`."""
    parts = [urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)]
    return f"{settings.SITE_URL}{reverse('new_password', args=parts)}"


def send_link(user: Any) -> None:
    hours = settings.PASSWORD_RESET_TIMEOUT // 3600
    text = (
        f"Il tuo nome utente su WhatsURP è {user.get_username()}.\n\nScegli la tua password qui:\n"
        f"{link(user)}\n\nIl collegamento vale una volta sola, per {hours} ore. La password la conosci solo "
        "tu: nessuno ti chiederà mai di dirla. Per entrare serve poi anche un codice dal tuo telefono."
    )
    mail.send(user, "scegli la tua password", text)
