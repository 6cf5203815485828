"""When something goes wrong people read plain Italian, and nothing the policy forbids."""

import re
from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.urls("tests.regalbuto_urp.broken_urls")
# What a policy without `unsafe-inline` leaves dead: styles and handlers in tags, scripts without a file.
INLINE = re.compile(
    r"""<[a-z][^>]*\s(?:style|on[a-z]+)=|<style|<script(?![^>]*(?:\ssrc=|json))""", re.IGNORECASE
)


@pytest.fixture(autouse=True)
def in_production(settings: Any) -> None:
    settings.DEBUG = False


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/400/", 400, "Richiesta non valida"),
        ("/403/", 403, "Non hai il permesso"),
        ("/non-esiste/", 404, "Pagina non trovata"),
        ("/500/", 500, "Qualcosa non ha funzionato"),
    ],
)
def test_error_page(path: str, status: int, heading: str) -> None:
    response = Client(raise_request_exception=False).get(path)
    text = response.content.decode()
    assert response.status_code == status
    assert f"<h1>{heading}</h1>" in text
    assert 'lang="it"' in text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert not INLINE.search(text)


def test_expired_form_says_what_to_do() -> None:
    response = Client(enforce_csrf_checks=True).post("/form/")
    assert response.status_code == 403
    assert "La pagina è scaduta" in response.content.decode()
    assert not INLINE.search(response.content.decode())
