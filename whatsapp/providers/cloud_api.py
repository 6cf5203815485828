"""Meta's Cloud API (fact sheet 1-3)."""

import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
from django.conf import settings

from whatsapp import errors
from whatsapp.models import Template
from whatsapp.providers import graph_errors, graph_payloads, graph_webhooks
from whatsapp.providers.base import Provider
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

# Seconds to connect and to answer. Long enough that a lost answer is rare, short enough for a worker's slot.
TIMEOUT = (5, 30)
CHUNK = 64 * 1024
# Taken, but kept back until the template has proved itself; it may yet be dropped (fact sheet 1.2, 5.2).
HELD = {"held_for_quality_assessment", "paused"}
EXAMPLES_FOLDER = Path(__file__).resolve().parent.parent / "data" / "examples"
EXAMPLES: dict[str, tuple[Path, str]] = {
    Header.IMAGE: (EXAMPLES_FOLDER / "immagine.jpg", "image/jpeg"),
    Header.VIDEO: (EXAMPLES_FOLDER / "video.mp4", "video/mp4"),
    Header.DOCUMENT: (EXAMPLES_FOLDER / "documento.pdf", "application/pdf"),
}
HELD_NOTE = "WhatsApp lo trattiene per verificare la qualità del modello: può partire più tardi, o mai."


class CloudApi(Provider):
    """The Graph API with a system user's token. One HTTP session per thread keeps connections open."""

    slug: ClassVar[str] = "cloud_api"

    def __init__(self) -> None:
        self._local = threading.local()

    @property
    def session(self) -> requests.Session:
        """This thread's session; a `requests.Session` is not promised to be safe across threads."""
        if not hasattr(self._local, "session"):
            session = requests.Session()
            session.headers["User-Agent"] = "WhatsURP"
            session.trust_env = False  # a proxy or netrc of the machine must not see the token
            self._local.session = session
        session_: requests.Session = self._local.session
        return session_

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {settings.WHATSAPP_ACCESS_TOKEN}"}

    def _url(self, *parts: str) -> str:
        return "/".join([settings.WHATSAPP_API_URL, *parts])

    def _number_url(self, edge: str) -> str:
        return self._url(settings.WHATSAPP_PHONE_NUMBER_ID, edge)

    def _call(
        self, method: str, url: str, *, headers: dict[str, str] | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """One call, one answer; anything but a readable 200 becomes one of our errors."""
        try:
            response = self.session.request(
                method,
                url,
                headers=self._headers() | (headers or {}),
                timeout=TIMEOUT,
                allow_redirects=False,
                **arguments,
            )
        except requests.exceptions.ConnectTimeout as error:
            raise errors.Transient("WhatsApp non è raggiungibile: si riprova da solo.") from error
        except requests.exceptions.ConnectionError as error:
            raise _connection_error(error) from error
        except requests.exceptions.RequestException as error:
            raise errors.OutcomeUnknown("La risposta di WhatsApp è andata persa.") from error
        return _answer(response)

    def send(self, message: OutboundMessage) -> Acceptance:
        answer = self._call("POST", self._number_url("messages"), json=graph_payloads.message(message))
        try:
            message_ = answer["messages"][0]
            provider_id, held = str(message_["id"]), message_.get("message_status") in HELD
        except (AttributeError, KeyError, IndexError, TypeError) as error:
            raise errors.OutcomeUnknown("WhatsApp ha risposto senza confermare il messaggio.") from error
        return Acceptance(provider_id=provider_id, note=HELD_NOTE if held else "")

    def mark_read(self, provider_id: str) -> None:
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": provider_id}
        self._call("POST", self._number_url("messages"), json=body)

    def upload(self, path: Path, mime_type: str) -> str:
        with path.open("rb") as file:
            answer = self._call(
                "POST",
                self._number_url("media"),
                data={"messaging_product": "whatsapp", "type": mime_type},
                files={"file": (path.name, file, mime_type)},
            )
        return str(answer.get("id", ""))

    def fetch(self, provider_media_id: str, *, limit: int) -> FetchedMedia:
        # No `phone_number_id` here: Meta takes it only for files uploaded by the number itself.
        about = self._call("GET", self._url(provider_media_id))
        if int(about.get("file_size") or 0) > limit:
            raise errors.MessageError("Il file è troppo grande.", code="size")
        url = self.media_url(str(about.get("url", "")))
        try:
            with self.session.get(
                url, headers=self._headers(), timeout=TIMEOUT, stream=True, allow_redirects=False
            ) as response:
                if response.status_code != 200:
                    raise errors.Transient("WhatsApp non ha ancora dato il file: si riprova da solo.")
                return FetchedMedia(content=_read(response, limit), mime_type=str(about.get("mime_type", "")))
        except requests.exceptions.RequestException as error:
            raise errors.Transient("Il file non si è scaricato per intero: si riprova da solo.") from error

    def media_url(self, url: str) -> str:
        """The address to download from. Raises MessageError for a host the token must not be shown to."""
        host = urlsplit(url).hostname or ""
        allowed = settings.WHATSAPP_MEDIA_HOSTS
        if not any(host == name or (name.startswith(".") and host.endswith(name)) for name in allowed):
            raise errors.MessageError("Il file sta su un indirizzo non ammesso.", code="host")
        return url

    def verify(self, call: WebhookCall) -> None:
        expected = hmac.new(settings.WHATSAPP_APP_SECRET.encode(), call.body, hashlib.sha256).hexdigest()
        given = call.headers.get("X-Hub-Signature-256", "").removeprefix("sha256=")
        # An empty secret would accept what anybody can sign.
        if not settings.WHATSAPP_APP_SECRET or not hmac.compare_digest(expected.encode(), given.encode()):
            raise errors.InvalidSignature

    def parse(self, body: bytes, query: str = "") -> list[Update]:
        return graph_webhooks.parse(body)

    def carries_messages(self, call: WebhookCall) -> bool:
        return b'"messages":[' in call.body.replace(b" ", b"")

    def challenge(self, query: Mapping[str, str]) -> str | None:
        token = settings.WHATSAPP_VERIFY_TOKEN
        if query.get("hub.mode") != "subscribe" or not token:
            return None
        if not hmac.compare_digest(query.get("hub.verify_token", "").encode(), token.encode()):
            return None
        return query.get("hub.challenge", "")

    def list_templates(self) -> list[RemoteTemplate]:
        url: str | None = self._url(settings.WHATSAPP_WABA_ID, "message_templates")
        fields = "name,language,status,category,quality_score,rejected_reason,components"
        params: dict[str, str] | None = {"fields": fields, "limit": "200"}
        found = []
        while url:
            page = self._call("GET", url, params=params)
            found += [graph_webhooks.remote_template(row) for row in page.get("data", [])]
            after = page.get("paging", {}).get("cursors", {}).get("after")
            # Only our own address with the cursor: `paging.next` would carry the token in clear.
            params = {"fields": fields, "limit": "200", "after": after} if after else None
            url = url if after and page.get("paging", {}).get("next") else None
        return found

    def number_health(self) -> NumberHealth:
        fields = "quality_rating,whatsapp_business_manager_messaging_limit"
        answer = self._call("GET", self._url(settings.WHATSAPP_PHONE_NUMBER_ID), params={"fields": fields})
        return NumberHealth(
            quality=str(answer.get("quality_rating", "")),
            tier=str(answer.get("whatsapp_business_manager_messaging_limit", "")),
        )

    def submit_template(self, template: Template) -> RemoteTemplate:
        handle = self._upload_example(Header(template.header)) if template.header in EXAMPLES else ""
        definition = graph_payloads.template_definition(template, handle)
        if template.provider_id:  # refused before: the name is taken, its contents may change
            kept = {name: definition[name] for name in definition.keys() - {"name", "language"}}
            answer = self._call("POST", self._url(template.provider_id), json=kept)
        else:
            url = self._url(settings.WHATSAPP_WABA_ID, "message_templates")
            answer = self._call("POST", url, json=definition)
        return RemoteTemplate(
            provider_id=str(answer.get("id") or template.provider_id),
            name=template.name,
            language=template.language,
            state=str(answer.get("status", "PENDING")),
            category=str(answer.get("category", template.category)),
        )

    def _upload_example(self, header: Header) -> str:
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
        session = self._call("POST", self._url(settings.WHATSAPP_APP_ID, "uploads"), params=about)
        # This one call wants «OAuth» where all others want «Bearer».
        headers = {"Authorization": f"OAuth {settings.WHATSAPP_ACCESS_TOKEN}", "file_offset": "0"}
        answer = self._call("POST", self._url(str(session.get("id"))), headers=headers, data=content)
        return str(answer.get("h", ""))


def _read(response: requests.Response, limit: int) -> bytes:
    """The body, but never more than `limit` bytes in memory whatever was announced."""
    content = bytearray()
    for chunk in response.iter_content(CHUNK):
        content += chunk
        if len(content) > limit:
            raise errors.MessageError("Il file è troppo grande.", code="size")
    return bytes(content)


def _connection_error(error: requests.exceptions.ConnectionError) -> errors.ChannelError:
    """Refused or unresolved before the body left: safe to retry. Broken later: unknown."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    if type(reason).__name__ in {
        "NewConnectionError",
        "ConnectTimeoutError",
        "NameResolutionError",
        "SSLError",
    }:
        return errors.Transient("WhatsApp non è raggiungibile: si riprova da solo.")
    return errors.OutcomeUnknown("Il collegamento con WhatsApp si è interrotto prima della risposta.")


def _answer(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (json.JSONDecodeError, requests.exceptions.JSONDecodeError):
        body = None
    graph_error = body.get("error") if isinstance(body, dict) else None
    if isinstance(graph_error, dict):
        raise graph_errors.from_graph(
            graph_error, status=response.status_code, retry_after=response.headers.get("Retry-After", "")
        )
    if response.status_code == 401:
        raise errors.AccountError(graph_errors.TEXTS[190], code="401")
    if response.status_code == 429:
        raise errors.Throttled(graph_errors.TEXTS[130429], code="429")
    if response.status_code >= 500 or not isinstance(body, dict):
        # A proxy's page, or half an answer: the message may have gone through (fact sheet 6.4).
        raise errors.OutcomeUnknown(f"WhatsApp ha risposto in modo illeggibile ({response.status_code}).")
    if response.status_code >= 400:
        raise errors.MessageError(f"WhatsApp ha rifiutato la richiesta ({response.status_code}).")
    return body
