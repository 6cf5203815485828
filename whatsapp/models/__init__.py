from whatsapp.models.channel import AccountEvent, Channel, WebhookEvent, Worker
from whatsapp.models.contacts import Contact, ContactAlias, IdentityConflict
from whatsapp.models.contents import Content, Media, Template
from whatsapp.models.mail import Mail
from whatsapp.models.messages import Attempt, Message
from whatsapp.models.on_call import Call, StaffPhone

__all__ = [
    "AccountEvent", "Attempt", "Call", "Channel", "Contact", "ContactAlias", "Content", "IdentityConflict",
    "Mail", "Media", "Message", "StaffPhone", "Template", "WebhookEvent", "Worker",
]  # fmt: skip
