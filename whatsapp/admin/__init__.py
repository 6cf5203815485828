"""The channel's back office; Django imports this package, which registers its pages."""

from whatsapp.admin import channel, contacts, identities, ledger, templates

__all__ = ["channel", "contacts", "identities", "ledger", "templates"]
