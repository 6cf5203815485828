"""Meta's Cloud API (fact sheet 1-3)."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import requests
from django.conf import settings
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from whatsapp import errors
from whatsapp.models import Template
from whatsapp.providers import graph_account, graph_errors, graph_payloads, graph_webhooks
from whatsapp.providers.base import Provider
from whatsapp.providers.calls import Caller
from whatsapp.providers.graph_fields import mapping, mappings, phone, text, word
from whatsapp.types import (
    Acceptance,
    FetchedMedia,
    Header,
    NumberHealth,
    OutboundMessage,
    RemoteTemplate,
    Update,
    WebhookCall,
)

# Taken, but kept back until the template has proved itself; it may yet be dropped (fact sheet 1.2, 5.2).
HELD = {"held_for_quality_assessment", "paused"}
EXAMPLES_FOLDER = Path(__file__).resolve().parent.parent / "data" / "examples"
EXAMPLES: dict[str, tuple[Path, str]] = {
    Header.IMAGE: (EXAMPLES_FOLDER / "immagine.jpg", "image/jpeg"),
    Header.VIDEO: (EXAMPLES_FOLDER / "video.mp4", "video/mp4"),
    Header.DOCUMENT: (EXAMPLES_FOLDER / "documento.pdf", "application/pdf"),
}
HELD_NOTE = "WhatsApp lo trattiene per verificare la qualità del modello: può partire più tardi, o mai."
PING_TIMEOUT = (3.0, 5.0)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# Of what parsers read differently (a backslash, a control, a space) nothing may stand in a file's address.
_PLAIN_URL = re.compile(r"[!-\[\]-~]+")
_TEMPLATE_FIELDS = "name,language,status,category,quality_score,rejected_reason,components"


class CloudApi(Provider):
    """The Graph API with a system user's token. A variant of it overrides the addresses and the headers."""

    slug: ClassVar[str] = "cloud_api"
    # What an answer without a Graph error means, by HTTP status (fact sheet 6.4).
    plain_errors: ClassVar[dict[int, type[errors.ChannelError]]] = {
        401: errors.AccountError,
        403: errors.AccountError,
        429: errors.Throttled,
    }

    def __init__(self) -> None:
        self._http = Caller()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {settings.WHATSAPP_ACCESS_TOKEN}"}

    def _url(self, *parts: str) -> str:
        return "/".join([settings.WHATSAPP_API_URL, *parts])

    def _number_url(self, *edge: str) -> str:
        return self._url(settings.WHATSAPP_PHONE_NUMBER_ID, *edge)

    def _templates_url(self) -> str:
        return self._url(settings.WHATSAPP_WABA_ID, "message_templates")

    def _call(
        self, method: str, url: str, *, headers: dict[str, str] | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """A call that hands something over; anything but a readable 2xx becomes one of our errors."""
        headers = self._headers() | (headers or {})
        return self._answer(self._http.call(method, url, headers=headers, **arguments))

    def _ask(self, method: str, url: str, **arguments: Any) -> dict[str, Any]:
        """A call that reaches no citizen: where the outcome is unknown, it is simply made again."""
        try:
            return self._call(method, url, **arguments)
        except errors.OutcomeUnknown as error:
            raise errors.ProviderDown(error.text, code=error.code) from error

    def _answer(self, response: requests.Response) -> dict[str, Any]:
        try:
            body = response.json()
        except (ValueError, RecursionError):
            body = None
        status, retry_after = response.status_code, response.headers.get("Retry-After", "")
        graph_error = body.get("error") if isinstance(body, dict) else None
        if isinstance(graph_error, dict):
            raise graph_errors.from_graph(graph_error, status=status, retry_after=retry_after)
        if kind := self.plain_errors.get(status):
            wait = {"retry_after": graph_errors.pause(retry_after)} if kind is errors.Throttled else {}
            raise kind(f"{graph_errors.CLASS_TEXTS[kind]} ({status}).", code=str(status), **wait)
        if isinstance(body, dict) and response.ok and status < 300:
            return body
        if 400 <= status < 500:
            raise errors.MessageError(f"WhatsApp ha rifiutato la richiesta ({status}).", code=str(status))
        # A proxy's page, or half an answer: the message may have gone through (fact sheet 6.4).
        raise errors.OutcomeUnknown(f"WhatsApp ha risposto in modo illeggibile ({status}).", code=str(status))

    def send(self, message: OutboundMessage) -> Acceptance:
        answer = self._call("POST", self._number_url("messages"), json=graph_payloads.message(message))
        try:
            taken = answer["messages"][0]
            provider_id, held = taken["id"], taken.get("message_status") in HELD
        except (AttributeError, KeyError, IndexError, TypeError) as error:
            raise errors.OutcomeUnknown("WhatsApp ha risposto senza confermare il messaggio.") from error
        if not provider_id or provider_id != text(provider_id, 200):
            raise errors.OutcomeUnknown("WhatsApp ha risposto senza confermare il messaggio.")
        recipient = next(iter(mappings(answer.get("contacts"))), {})
        return Acceptance(
            provider_id=provider_id,
            note=HELD_NOTE if held else "",
            recipient=phone(recipient.get("wa_id")),
        )

    def mark_read(self, provider_id: str) -> None:
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": provider_id}
        self._ask("POST", self._number_url("messages"), json=body)

    def upload(self, path: Path, mime_type: str) -> str:
        with path.open("rb") as file:
            answer = self._ask(
                "POST",
                self._number_url("media"),
                data={"messaging_product": "whatsapp", "type": mime_type},
                files={"file": (path.name, file, mime_type)},
            )
        return _id(answer)

    def fetch(self, provider_media_id: str, *, limit: int) -> FetchedMedia:
        # No `phone_number_id` here: Meta takes it only for files uploaded by the number itself.
        about = self._ask("GET", self._url(provider_media_id))
        announced = str(about.get("file_size") or 0)
        if announced.isdecimal() and len(announced) < 20 and int(announced) > limit:
            raise errors.MessageError("Il file è troppo grande.", code="size")
        content = self._http.download(self.media_url(text(about.get("url"))), self._headers(), limit)
        return FetchedMedia(content=content, mime_type=text(about.get("mime_type"), 80))

    def media_url(self, url: str) -> str:
        """The address to download from, as the HTTP client reads it. Raises MessageError for one the token
        must not be shown to."""
        try:
            parts = parse_url(url) if _PLAIN_URL.fullmatch(url) else Url()
        except LocationParseError:
            parts = Url()
        host = "" if parts.auth else (parts.host or "").strip("[]")
        known = any(
            host == name or (name.startswith(".") and host.endswith(name))
            for name in settings.WHATSAPP_MEDIA_HOSTS
        )
        if not host or not known or (parts.scheme != "https" and host not in LOOPBACK):
            raise errors.MessageError("Il file sta su un indirizzo non ammesso.", code="host")
        return parts.url

    def verify(self, call: WebhookCall) -> None:
        given = call.headers.get("X-Hub-Signature-256", "").removeprefix("sha256=")
        # An empty secret would accept what anybody can sign.
        if not settings.WHATSAPP_APP_SECRET or not same(given, sign(call.body).hex()):
            raise errors.InvalidSignature

    def parse(self, body: bytes, query: str = "", received_at: datetime | None = None) -> list[Update]:
        return graph_webhooks.parse(body)

    def sender_of(self, call: WebhookCall) -> str | None:
        return graph_webhooks.sender(call.body)

    def challenge(self, query: Mapping[str, str]) -> str | None:
        token = settings.WHATSAPP_VERIFY_TOKEN
        if query.get("hub.mode") != "subscribe" or not token:
            return None
        return query.get("hub.challenge", "") if same(query.get("hub.verify_token", ""), token) else None

    def list_templates(self) -> list[RemoteTemplate]:
        found: list[RemoteTemplate] = []
        after: dict[str, str] = {}
        while True:
            params = {"fields": _TEMPLATE_FIELDS, "limit": "200", **after}
            page = self._ask("GET", self._templates_url(), params=params)
            found += [graph_account.remote_template(row) for row in mappings(page.get("data"))]
            paging = mapping(page.get("paging"))
            cursor = mapping(paging.get("cursors")).get("after")
            # Only our own address with the cursor: `paging.next` would carry the token in clear.
            if not cursor or not paging.get("next") or after == {"after": cursor}:
                return found
            after = {"after": cursor}

    def number_health(self) -> NumberHealth:
        fields = "quality_rating,whatsapp_business_manager_messaging_limit"
        answer = self._ask("GET", self._number_url(), params={"fields": fields})
        return NumberHealth(
            quality=word(answer.get("quality_rating"), 20),
            tier=word(answer.get("whatsapp_business_manager_messaging_limit"), 20),
        )

    def ping(self) -> None:
        self._call("GET", self._ping_url(), timeout=PING_TIMEOUT)

    def _ping_url(self) -> str:
        return f"{self._number_url()}?fields=id"

    def submit_template(self, template: Template) -> RemoteTemplate:
        handle = self.upload_example(Header(template.header)) if template.header in EXAMPLES else ""
        definition = graph_payloads.template_definition(template, handle)
        if template.provider_id:  # refused before: the name is taken, its contents may change
            kept = {name: definition[name] for name in definition.keys() - {"name", "language"}}
            answer = self._ask("POST", self._url(template.provider_id), json=kept)
        else:
            answer = self._ask("POST", self._templates_url(), json=definition)
        return RemoteTemplate(
            provider_id=word(answer.get("id"), 64) or template.provider_id,
            name=template.name,
            language=template.language,
            state=word(answer.get("status"), 30) or "PENDING",
            category=word(answer.get("category"), 12) or template.category,
        )

    def upload_example(self, header: Header) -> str:
        """What such a header looks like, for whoever examines it: a handle of Meta's Resumable Upload API,
        not a media id. Raises ChannelError."""
        if not settings.WHATSAPP_APP_ID:
            raise errors.Unsupported(
                "Per sottoporre un modello con immagine, video o documento serve l'identificativo dell'app "
                "di Meta: l'amministratore deve impostare WHATSAPP_APP_ID."
            )
        path, mime_type = EXAMPLES[header]
        content = path.read_bytes()
        about = {"file_name": path.name, "file_length": str(len(content)), "file_type": mime_type}
        session = self._ask("POST", self._url(settings.WHATSAPP_APP_ID, "uploads"), params=about)
        # This one call wants «OAuth» where all others want «Bearer».
        headers = {"Authorization": f"OAuth {settings.WHATSAPP_ACCESS_TOKEN}", "file_offset": "0"}
        answer = self._ask("POST", self._url(word(session.get("id"), 1000)), headers=headers, data=content)
        return text(answer.get("h"))


def sign(body: bytes) -> bytes:
    """HMAC-SHA256 of a raw body with the app's secret (fact sheet 3.2)."""
    return hmac.new(settings.WHATSAPP_APP_SECRET.encode(), body, hashlib.sha256).digest()


def same(given: str, expected: str) -> bool:
    """Compare secrets in constant time, whatever characters were sent."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _id(answer: dict[str, Any]) -> str:
    """The id in an answer. Raises Transient: there is none, so nothing can be sent with it yet."""
    found = word(answer.get("id"), 200)
    if not found:
        raise errors.Transient("WhatsApp non ha confermato il file: si riprova da solo.")
    return found
