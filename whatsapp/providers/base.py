"""The contract of a provider. Neutral types cross it; a provider's own words never do."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from whatsapp.models import Template
from whatsapp.types import FetchedMedia, OutboundMessage, RemoteTemplate, Update


class Provider(ABC):
    """One way to WhatsApp. Instances hold no state but pooled connections and may be shared by threads."""

    slug: ClassVar[str]

    @abstractmethod
    def send(self, message: OutboundMessage) -> str:
        """Hand one message over; never retries by itself.

        Returns:
            The provider's id of the message: it was accepted, which is not delivered.

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
    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check that the provider itself sent this body. Raises InvalidSignature."""

    @abstractmethod
    def parse(self, body: bytes) -> list[Update]:
        """Everything a verified webhook tells, in its order; what is unknown becomes nothing, not an error.

        Raises:
            MalformedWebhook: it is not what this provider sends.
        """

    @abstractmethod
    def carries_messages(self, body: bytes) -> bool:
        """Does a citizen's message ride in this webhook? A cheap look, to choose its queue."""

    @abstractmethod
    def challenge(self, query: Mapping[str, str]) -> str | None:
        """The answer to a webhook's registration handshake, or None if it is not ours."""

    @abstractmethod
    def list_templates(self) -> list[RemoteTemplate]:
        """The message templates the provider knows. Raises ChannelError."""

    @abstractmethod
    def submit_template(self, template: Template) -> RemoteTemplate:
        """Ask for a template's approval. Raises ChannelError."""
