"""360dialog: Meta's Cloud API through a partner, with other addresses and another key (fact sheet 8)."""

import base64
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from django.conf import settings

from whatsapp import errors
from whatsapp.providers import graph_account
from whatsapp.providers.cloud_api import CloudApi, same, sign
from whatsapp.providers.graph_fields import mappings
from whatsapp.types import Header, NumberHealth, RemoteTemplate, WebhookCall

# Set when the webhook is registered (docs/operations.md): a client's own secret, where there is no signature.
SECRET_HEADER = "X-Webhook-Token"


class Dialog360(CloudApi):
    """`WHATSAPP_ACCESS_TOKEN` is the number's key; `WHATSAPP_API_URL` the partner's address, no version."""

    slug: ClassVar[str] = "dialog360"
    # A key switched off, an unpaid invoice: nobody's message is at fault.
    plain_errors: ClassVar[dict[int, type[errors.ChannelError]]] = {
        **CloudApi.plain_errors,
        400: errors.AccountError,
    }

    def _headers(self) -> dict[str, str]:
        return {"D360-API-KEY": settings.WHATSAPP_ACCESS_TOKEN}

    def _number_url(self, *edge: str) -> str:
        return self._url(*edge)  # the key already says which number

    def _templates_url(self) -> str:
        return self._url("v1/configs/templates")

    def media_url(self, url: str) -> str:
        """Meta's address, on the partner's host, which alone knows the key."""
        allowed, ours = urlsplit(super().media_url(url)), urlsplit(settings.WHATSAPP_API_URL)
        return allowed._replace(scheme=ours.scheme, netloc=ours.netloc).geturl()

    def verify(self, call: WebhookCall) -> None:
        """With a platform secret, the partner's signature, in hex or base64; else our own secret header."""
        if settings.WHATSAPP_APP_SECRET:
            given = call.headers.get("X-360dialog-Signature", "").removeprefix("sha256=")
            signature = sign(call.body)
            good = same(given, signature.hex()) or same(given, base64.b64encode(signature).decode())
        else:
            token = settings.WHATSAPP_VERIFY_TOKEN
            good = bool(token) and same(call.headers.get(SECRET_HEADER, ""), token)
        if not good:
            raise errors.InvalidSignature

    def challenge(self, query: Mapping[str, str]) -> str | None:
        return None

    def list_templates(self) -> list[RemoteTemplate]:
        """Pages by number; the rows are Meta's, with the state in small letters."""
        found: list[RemoteTemplate] = []
        while True:
            page = self._ask("GET", self._templates_url(), params={"limit": "200", "offset": str(len(found))})
            rows = mappings(page.get("waba_templates"))
            found += [graph_account.remote_template(row) for row in rows]
            total = page.get("total")
            if not rows or not isinstance(total, int) or len(found) >= total:
                return found

    def upload_example(self, header: Header) -> str:
        raise errors.Unsupported(
            "360dialog non prende gli esempi dei modelli con immagine, video o documento: sottoponi questo "
            "modello dal pannello di 360dialog, con lo stesso nome."
        )

    def _ping_url(self) -> str:
        return f"{self._templates_url()}?limit=1"

    def number_health(self) -> NumberHealth:
        raise errors.Unsupported(
            "360dialog non dice qualità e limite del numero: guardali in WhatsApp Manager."
        )
