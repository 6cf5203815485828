"""The subscriptions' back office; Django imports this package, which registers its pages."""

from subscribers.admin import imports, ledgers, retention, texts

__all__ = ["imports", "ledgers", "retention", "texts"]
