from whatsapp.models.channel import AccountEvent, Call, Channel, StaffPhone, WebhookEvent, Worker
from whatsapp.models.contacts import Contact, ContactAlias, IdentityConflict
from whatsapp.models.contents import Content, Media, Template
from whatsapp.models.messages import Attempt, Message

__all__ = [
    "AccountEvent", "Attempt", "Call", "Channel", "Contact", "ContactAlias", "Content", "IdentityConflict",
    "Media", "Message", "StaffPhone", "Template", "WebhookEvent", "Worker",
]  # fmt: skip
