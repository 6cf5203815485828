"""A wrong configuration is told before the first message, in Italian, with what to do."""

from pathlib import Path
from typing import Any

import pytest

from whatsapp import checks

SECRETS = ["ACCESS_TOKEN", "PHONE_NUMBER_ID", "WABA_ID", "APP_SECRET", "VERIFY_TOKEN"]
PUBLIC = Path(__file__).resolve().parents[2] / "static"


@pytest.fixture(autouse=True)
def production(settings: Any, tmp_path: Path) -> None:
    settings.DEBUG = False
    settings.WHATSAPP_PROVIDER = "cloud_api"
    settings.WHATSAPP_API_URL = "https://graph.facebook.com/v25.0"
    settings.MEDIA_ROOT = tmp_path


def found() -> list[tuple[str, str]]:
    return [(str(problem.id), str(problem.msg)) for problem in checks.configuration()]


def test_a_good_configuration_has_no_problem() -> None:
    assert found() == []


@pytest.mark.parametrize("name", SECRETS)
def test_a_missing_secret_is_an_error_in_production_only(settings: Any, name: str) -> None:
    setattr(settings, f"WHATSAPP_{name}", "")
    [(code, words)] = found()
    assert code == "whatsapp.E002"
    assert words.startswith(f"WHATSAPP_{name} manca")
    settings.DEBUG = True
    assert found() == []


def test_360dialog_needs_one_way_to_know_its_webhooks(settings: Any) -> None:
    settings.WHATSAPP_PROVIDER = "dialog360"
    settings.WHATSAPP_API_URL = "https://waba-v2.360dialog.io"
    settings.WHATSAPP_APP_SECRET = ""
    assert found() == []
    settings.WHATSAPP_VERIFY_TOKEN = ""
    assert [code for code, _ in found()] == ["whatsapp.E002"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("WHATSAPP_PROVIDER", "piccione", "whatsapp.E001"),
        ("WHATSAPP_PROVIDER", "whatsapp.providers.cloud_api.Missing", "whatsapp.E001"),
        ("WHATSAPP_API_URL", "http://graph.facebook.com/v25.0", "whatsapp.E003"),
        ("WHATSAPP_API_URL", "https://graph.facebook.com", "whatsapp.E004"),
        ("WHATSAPP_MEDIA_HOSTS", [], "whatsapp.E005"),
        ("MEDIA_ROOT", PUBLIC, "whatsapp.E006"),
        ("MEDIA_ROOT", PUBLIC / "citizens", "whatsapp.E006"),
        ("MEDIA_ROOT", PUBLIC.parent, "whatsapp.E006"),
    ],
)
def test_each_mistake(settings: Any, name: str, value: Any, code: str) -> None:
    setattr(settings, name, value)
    assert code in [found_code for found_code, _ in found()]


def test_plain_http_on_the_machine_itself_is_the_simulator(settings: Any) -> None:
    settings.WHATSAPP_API_URL = "http://127.0.0.1:8001/v25.0"
    assert found() == []
