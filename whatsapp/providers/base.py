"""The contract of a provider. Neutral types cross it; a provider's own words never do."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from whatsapp.models import Template
from whatsapp.types import (
    Acceptance,
    FetchedMedia,
    NumberHealth,
    OutboundMessage,
    RemoteTemplate,
    Update,
    WebhookCall,
)


class Provider(ABC):
    """One way to WhatsApp. Instances hold no state but pooled connections and may be shared by threads."""

    slug: ClassVar[str]

    @abstractmethod
    def send(self, message: OutboundMessage) -> Acceptance:
        """Hand one message over; never retries by itself.

        Raises:
            ChannelError: one of its subclasses, each saying what may be done (`OutcomeUnknown` above all).
        """

    @abstractmethod
    def mark_read(self, provider_id: str) -> None:
        """Show the citizen two blue ticks. Raises ChannelError; never worth a retry."""

    @abstractmethod
    def upload(self, path: Path, mime_type: str) -> str:
        """Upload a file for sending and return its id. Raises ChannelError."""

    @abstractmethod
    def fetch(self, provider_media_id: str, *, limit: int) -> FetchedMedia:
        """Download what a citizen sent.

        Raises:
            MessageError: gone, over `limit` bytes, or on a host that is not ours to ask.
            Transient: worth another try.
        """

    @abstractmethod
    def verify(self, call: WebhookCall) -> None:
        """Check that the provider itself made this call. Raises InvalidSignature."""

    @abstractmethod
    def parse(self, body: bytes, query: str = "") -> list[Update]:
        """Everything a verified webhook tells, in its order; what is unknown becomes nothing, not an error.

        Raises:
            MalformedWebhook: it is not what this provider sends.
        """

    @abstractmethod
    def carries_messages(self, call: WebhookCall) -> bool:
        """Does a citizen's message ride in this call? A cheap look, to choose its queue."""

    @abstractmethod
    def challenge(self, query: Mapping[str, str]) -> str | None:
        """The answer to a webhook's registration handshake, or None if it is not ours."""

    @abstractmethod
    def list_templates(self) -> list[RemoteTemplate]:
        """The message templates the provider knows. Raises ChannelError."""

    @abstractmethod
    def number_health(self) -> NumberHealth:
        """How the provider sees our number. Raises ChannelError."""

    @abstractmethod
    def submit_template(self, template: Template) -> RemoteTemplate:
        """Ask for a template's approval. Raises ChannelError."""
