from whatsapp.models.channel import Channel, StaffPhone, WebhookEvent, Worker
from whatsapp.models.contacts import Contact, ContactAlias
from whatsapp.models.contents import Content, Media, Template
from whatsapp.models.messages import Attempt, Message

__all__ = [
    "Attempt",
    "Channel",
    "Contact",
    "ContactAlias",
    "Content",
    "Media",
    "Message",
    "StaffPhone",
    "Template",
    "WebhookEvent",
    "Worker",
]
