"""Settings as in production, and staff who have entered with both factors."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice

HOST = "whatsurp.comune.regalbuto.en.it"


@pytest.fixture
def production(settings: Any) -> None:
    """The settings of a real service, as far as a test in the same process can have them."""
    settings.DEBUG = False
    settings.SECOND_FACTOR = True
    settings.SITE_URL = f"https://{HOST}"
    settings.ALLOWED_HOSTS = [HOST]
    settings.CSRF_TRUSTED_ORIGINS = [f"https://{HOST}"]
    settings.HTTPS = True
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.PROXIES = 1


@pytest.fixture
def enter(production: None) -> Callable[..., Client]:
    """Come through one honest proxy, logged in unless `user` is None; `verified`: with the second factor."""

    def open_session(user: User | None = None, *, verified: bool = True) -> Client:
        client = Client(headers={"host": HOST, "x-forwarded-proto": "https", "x-forwarded-for": "93.34.1.2"})
        if user is None:
            return client
        client.force_login(user)
        if verified:
            device, _created = TOTPDevice.objects.get_or_create(user=user, confirmed=True)
            session = client.session
            session[DEVICE_ID_SESSION_KEY] = device.persistent_id
            session.save()
        return client

    return open_session
