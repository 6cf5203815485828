"""Which provider speaks: by name or dotted path, from the settings."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from whatsapp.providers import PROVIDERS
from whatsapp.providers.base import Provider

# Addresses of webhooks beside the provider's own name.
WEBHOOK_ALIASES = {"whatsapp": "cloud_api"}


@cache
def _load(path: str) -> Provider:
    provider = import_string(path)()
    assert isinstance(provider, Provider)
    return provider


def current() -> Provider:
    """The provider of `WHATSAPP_PROVIDER`."""
    return _load(PROVIDERS.get(settings.WHATSAPP_PROVIDER, settings.WHATSAPP_PROVIDER))


def for_webhook(name: str) -> Provider | None:
    """The provider a webhook's address names, if it is the one in use."""
    provider = current()
    return provider if WEBHOOK_ALIASES.get(name, name) == provider.slug else None
