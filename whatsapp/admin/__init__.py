"""The channel's back office; Django imports this package, which registers its pages."""

from whatsapp.admin import channel, contacts, ledger, templates

__all__ = ["channel", "contacts", "ledger", "templates"]
