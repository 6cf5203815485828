"""The last of `INBOUND_HANDLERS`: whatever nobody else took is for the Segreteria."""

from reports import assembling
from whatsapp.models import Message


def handle(message: Message) -> bool:
    """Make the message part of a case, or answer it; always True: nobody comes after us.

    Who was blocked is heard no more, but for an OFF, which `subscribers` has taken before.
    """
    if message.contact.blocked:
        return True
    assembling.tell_owed(message.contact)
    assembling.receive(message)
    return True
