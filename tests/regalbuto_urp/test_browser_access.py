"""The way in, as a person walks it: password, telephone, wrong codes, backup codes, lock-out, sessions."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import BrowserContext, Page, expect

from regalbuto_urp.access import factor
from tests.chromium import fits
from tests.conftest import Visit
from tests.factories.reports import report_of
from tests.regalbuto_urp.test_second_factor import code_of
from tests.regalbuto_urp.walk import member

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
PASSWORD = "una-parola-lunga"


@pytest.fixture
def context(visit: Visit, size: tuple[int, int], settings: Any) -> BrowserContext:
    """A stranger's browser."""
    settings.SECOND_FACTOR = True
    page = visit(None, size)
    page.close()
    return page.context


def staff(*roles: str) -> User:
    user = member(*roles)
    user.set_password(PASSWORD)
    user.save()
    return user


def enter(page: Page, user: User, password: str = PASSWORD) -> None:
    page.get_by_label("Nome utente").fill(user.username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Accedi").click()
    page.wait_for_load_state()


def test_from_the_password_to_the_telephone_and_back(context: BrowserContext) -> None:
    user = staff("Amministratori")
    page = context.new_page()
    page.goto("/admin/auth/user/")
    enter(page, user)
    expect(page.get_by_text("registra il tuo telefono")).to_be_visible()
    expect(page.get_by_label("Codice", exact=True)).to_be_focused()
    page.get_by_text("Non riesci a inquadrarlo?").click()
    secret = page.locator(".wu-secret").inner_text().replace(" ", "")
    assert secret == factor.secret(TOTPDevice.objects.get()).replace(" ", "")
    assert fits(page)
    page.get_by_label("Codice", exact=True).fill(code_of(user))
    page.keyboard.press("Enter")
    expect(page.locator(".wu-codes code")).to_have_count(factor.CODES)
    codes = page.locator(".wu-codes code").all_inner_texts()
    page.get_by_role("link", name=re.compile("continua")).click()
    expect(page).to_have_url(re.compile("/admin/auth/user/$"))

    page.get_by_role("button", name="Esci").click()
    page.get_by_role("link", name="Entra di nuovo").click()
    enter(page, user)
    expect(page.get_by_label("Codice", exact=True)).to_be_focused()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Il codice è sbagliato")).to_be_visible()
    TOTPDevice.objects.update(throttling_failure_count=0)
    page.get_by_label("Codice", exact=True).fill(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_text("ne restano 9")).to_be_visible()
    assert fits(page)


def test_sessions_and_lock_out(context: BrowserContext, visit: Visit, settings: Any) -> None:
    settings.SECOND_FACTOR = False
    user = staff("Redazione")
    other = visit()
    other.goto("/admin/")
    enter(other, user)
    page = context.new_page()
    page.goto("/admin/")
    enter(page, user)
    page.get_by_role("link", name="Sicurezza").click()
    assert fits(page)
    page.get_by_role("button", name="Chiudi questa sessione").click()
    expect(page.get_by_text("Sessione chiusa.")).to_be_visible()
    other.goto("/admin/")
    expect(other.get_by_label("Password")).to_be_visible()
    for _ in range(5):
        enter(other, user, "sbagliata")
        if other.get_by_role("heading", name="Troppi tentativi").is_visible():
            break
    expect(other.get_by_role("heading", name="Troppi tentativi")).to_be_visible()


def test_a_text_outlives_the_session(context: BrowserContext, settings: Any) -> None:
    settings.SECOND_FACTOR = False
    user = staff("Segnalazioni")
    report = report_of("Buca in via Roma")
    address = f"/admin/reports/report/{report.pk}/change/"
    page = context.new_page()
    page.goto(address)
    enter(page, user)
    page.locator("#answer-text").press_sequentially("Verremo domani mattina.")
    context.clear_cookies(name="sessionid")
    page.locator("form", has=page.locator("#answer-text")).get_by_role("button").last.click()
    expect(page.get_by_text("La sessione era finita")).to_be_visible()
    enter(page, user)
    expect(page).to_have_url(re.compile(f"{address}$"))
    page.get_by_role("button", name="Riprendilo").click()
    expect(page.locator("#answer-text")).to_have_value("Verremo domani mattina.")
    assert fits(page)
    page.locator("form", has=page.locator("#answer-text")).get_by_role("button").last.click()
    expect(page.locator("[data-live=chat]")).to_contain_text("Verremo domani mattina.")
    expect(page.get_by_role("button", name="Riprendilo")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Riprendilo")).to_have_count(0)
