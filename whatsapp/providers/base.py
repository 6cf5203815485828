"""The contract of a provider. Neutral types cross it; a provider's own words never do."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
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
            Unsupported: this provider cannot say it; never something else in its place.
            OutcomeUnknown: it may have arrived; above all, never `Transient` then.
            ChannelError: another of its subclasses, each saying what may be done.
        """

    @abstractmethod
    def mark_read(self, provider_id: str) -> None:
        """Show the citizen two blue ticks. Raises ChannelError; never worth a retry."""

    @abstractmethod
    def upload(self, path: Path, mime_type: str) -> str:
        """Make a file ready to be sent; returns what `send` is given as `media_id`, good for 29 days.

        An id of the provider's, or the signed address of ours from which it will fetch the file.

        Raises:
            ChannelError: never `OutcomeUnknown`, for nobody has been written to.
        """

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
    def parse(self, body: bytes, query: str = "", received_at: datetime | None = None) -> list[Update]:
        """Everything a verified webhook tells, in its order; what is unknown becomes nothing, not an error.

        What is about another number or account than the configured ones becomes `NotOurs`.

        Args:
            query: of the address it was posted to.
            received_at: when, for providers that do not tell the time.

        Raises:
            MalformedWebhook: it is not what this provider sends.
        """

    @abstractmethod
    def sender_of(self, call: WebhookCall) -> str | None:
        """Who wrote the first message of a verified call: any id that tells people apart, empty if there is
        none; None if no citizen's message is in it. It chooses the queue, and one person's place in it."""

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
    def ping(self) -> None:
        """Ask something that reaches no citizen, over the path that hand-overs take; at most a few seconds.

        Raises:
            ChannelError: one that is a `line_fault` when the provider cannot be reached or is out of
                service; any other shows that it answers.
        """

    @abstractmethod
    def submit_template(self, template: Template) -> RemoteTemplate:
        """Ask for a template's approval. Raises ChannelError."""
