"""Providers: the only code that knows how Meta, or another, wants things said. Private to this app."""
