"""What can go wrong, each class carrying its decision (fact sheet 6.2). The staff read the texts."""

from datetime import timedelta


class ChannelError(Exception):
    """The provider did not take a message. `code` is the provider's, `text` is for the staff."""

    # Does it count against the line to the provider (`whatsapp.line`), whoever was written to?
    line_fault = False

    def __init__(self, text: str, *, code: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Transient(ChannelError):
    """Nothing arrived; try again soon, with growing waits, `tries` times at most (None: the usual ones)."""

    def __init__(self, text: str, *, code: str = "", tries: int | None = None) -> None:
        super().__init__(text, code=code)
        self.tries = tries


class ProviderDown(Transient):
    """Nothing arrived, because the provider says that it is out of service."""

    line_fault = True


class Unreachable(ProviderDown):
    """Nothing has left: no connection. No retry is used up."""


class NotBegun(ChannelError):
    """The slot has passed before the call began: nothing left; whether it may go is asked anew."""


class Throttled(ChannelError):
    """The whole number is too fast: slow everybody down; nobody has failed."""

    def __init__(self, text: str, *, code: str = "", retry_after: timedelta | None = None) -> None:
        super().__init__(text, code=code)
        self.retry_after = retry_after


class Later(ChannelError):
    """This person later, `tries` times at most, each wait `growth` times the one before; the others go on."""

    def __init__(
        self, text: str, *, code: str = "", wait: timedelta, growth: int = 1, tries: int = 2
    ) -> None:
        super().__init__(text, code=code)
        self.wait = wait
        self.growth = growth
        self.tries = tries


class RecipientError(ChannelError):
    """Never for this person. A technical failure, never an opt-out (Glific #2822)."""


class PromotionsRefused(RecipientError):
    """The person told WhatsApp, not us, to stop our promotions: kept as that, other messages go on."""


class MessageError(ChannelError):
    """Never for this message or template: nobody can receive it."""


class Unsupported(MessageError):
    """This provider cannot do it, and says so: nothing is dropped in silence."""


class WindowClosed(RecipientError):
    """Free text more than 24 hours after the person's last message: only a template may go."""


class AccountError(ChannelError):
    """Stop the whole channel and call somebody."""


class NoticesStopped(AccountError):
    """Stop what we write first and call somebody; answers to citizens go on."""


class OutcomeUnknown(ChannelError):
    """The answer was lost: the message may be on its way. Never a blind retry."""

    line_fault = True


class InvalidSignature(Exception):
    """A webhook that its provider did not sign. Never tells what was expected."""


class MalformedWebhook(Exception):
    """A signed webhook that cannot be read. Kept, so that nothing is lost."""


class ContentError(ValueError):
    """What was asked for cannot be sent; the text tells the staff why and what to do."""
