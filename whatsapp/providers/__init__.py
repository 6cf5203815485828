"""Providers: the only code that knows how Meta, or another, wants things said. Private to this app."""

# By the names of `WHATSAPP_PROVIDER`; any other is the dotted path of a class.
PROVIDERS = {
    "cloud_api": "whatsapp.providers.cloud_api.CloudApi",
    "dialog360": "whatsapp.providers.dialog360.Dialog360",
}
