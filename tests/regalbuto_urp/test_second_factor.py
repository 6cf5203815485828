"""Nothing of the back office opens to a password alone."""

import re
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from regalbuto_urp.access import factor
from tests.regalbuto_urp.walk import member
from whatsapp import channels

pytestmark = pytest.mark.django_db
PASSWORD = "una-parola-lunga"
ENROL, CODE, SECURITY = "/admin/sicurezza/telefono/", "/admin/codice/", "/admin/sicurezza/"


@pytest.fixture(autouse=True)
def required(settings: Any) -> None:
    settings.SECOND_FACTOR = True


def staff(*names: str) -> User:
    user = member(*names)
    user.set_password(PASSWORD)
    user.save()
    return user


def code_of(user: User) -> str:
    """What the app shows now; another moment has passed since the last code was used."""
    device = TOTPDevice.objects.get(user=user)
    TOTPDevice.objects.update(last_t=-1, throttling_failure_count=0)
    return f"{totp(device.bin_key):06d}"


def enter(client: Client, user: User, where: str = "/admin/") -> Any:
    data = {"username": user.username, "password": PASSWORD, "next": where}
    return client.post(f"/admin/login/?next={where}", data, follow=True)


def enrol(client: Client, user: User) -> list[str]:
    """Register the telephone by its secret, as typed into the app; the backup codes shown."""
    page = client.get(ENROL).content.decode()
    assert "data:image/svg" in page
    html = client.post(ENROL, {"code": code_of(user)}).content.decode()
    codes = re.findall(r"<code>(\d{5} \d{5})</code>", html)
    assert len(codes) == factor.CODES
    return codes


def enrolled(*names: str) -> tuple[User, list[str]]:
    user = staff(*names)
    client = Client()
    client.force_login(user)
    return user, enrol(client, user)


def test_who_has_no_telephone_registers_it_before_anything_else(client: Client) -> None:
    user = staff("Amministratori")
    response = enter(client, user, "/admin/auth/user/")
    assert response.redirect_chain[-1] == (f"{ENROL}?next=/admin/auth/user/", 302)
    assert "registra il tuo telefono" in response.content.decode()
    refused = client.post("/admin/auth/user/add/", {"username": "intruso"}, follow=True)
    assert refused.redirect_chain == [(f"{ENROL}?next=/admin/", 302)]
    assert "non è stato eseguito" in refused.content.decode()
    assert not User.objects.filter(username="intruso").exists()
    enrol(client, user)
    assert client.get("/admin/auth/user/").status_code == 200


def test_lack_of_the_role_is_told_apart(client: Client) -> None:
    user = staff("Redazione")
    enter(client, user)
    enrol(client, user)
    response = client.get("/admin/auth/user/")
    assert response.status_code == 403
    assert "Non hai il permesso" in response.content.decode()


def test_a_superuser_is_no_exception(client: Client) -> None:
    enter(client, User.objects.create_superuser("capo", password=PASSWORD))
    for page in ("/admin/auth/user/", "/admin/reports/report/", "/admin/"):
        assert client.get(page).headers["Location"].startswith(ENROL)


def test_a_site_below_a_prefix_is_no_exception(client: Client) -> None:
    client.force_login(User.objects.create_superuser("capo"))
    assert client.get("/admin/auth/user/", SCRIPT_NAME="/urp").status_code == 302


def test_the_log_in_leads_home(client: Client) -> None:
    user = staff("Redazione")
    response = client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    assert response.headers["Location"] == "/admin/"


def test_the_code_is_asked_after_the_password_and_leads_where_one_was_going(client: Client) -> None:
    user, _ = enrolled("Amministratori")
    response = enter(client, user, "/admin/auth/user/")
    html = response.content.decode()
    assert response.redirect_chain[-1][0] == f"{CODE}?next=/admin/auth/user/"
    for attribute in ('autocomplete="one-time-code"', 'inputmode="numeric"', "autofocus"):
        assert attribute in html
    assert client.get("/admin/").status_code == 302, "nothing is open before the code"
    wrong = client.post(CODE, {"code": "000000", "next": "/admin/auth/user/"}).content.decode()
    assert "Il codice è sbagliato" in wrong
    right = client.post(CODE, {"code": code_of(user), "next": "/admin/auth/user/"})
    assert right.headers["Location"] == "/admin/auth/user/"
    assert client.get("/admin/auth/user/").status_code == 200


def test_no_code_leads_to_another_site(client: Client) -> None:
    user, _ = enrolled("Amministratori")
    enter(client, user)
    response = client.post(CODE, {"code": code_of(user), "next": "https://example.org/"})
    assert response.headers["Location"] == "/admin/"


def test_guessing_is_slowed_down(client: Client) -> None:
    user, _ = enrolled("Amministratori")
    enter(client, user)
    for _ in range(2):
        html = client.post(CODE, {"code": "000000"}).content.decode()
    assert "aspetta" in html
    assert TOTPDevice.objects.get().throttling_failure_count == 1


def test_a_code_is_good_once(client: Client) -> None:
    user, _ = enrolled("Amministratori")
    enter(client, user)
    code = code_of(user)
    client.post(CODE, {"code": code})
    other = Client()
    enter(other, user)
    assert "già stato usato" in other.post(CODE, {"code": code}).content.decode()


def test_a_backup_code_is_good_once_and_says_how_many_are_left(client: Client) -> None:
    user, codes = enrolled("Amministratori")
    enter(client, user)
    html = client.post(CODE, {"code": codes[0]}, follow=True).content.decode()
    assert "ne restano 9" in html
    other = Client()
    enter(other, user)
    assert "Il codice è sbagliato" in other.post(CODE, {"code": codes[0]}).content.decode()


def test_taking_the_telephone_off_wants_a_code(client: Client) -> None:
    user, _codes = enrolled("Amministratori")
    enter(client, user)
    client.post(CODE, {"code": code_of(user)})
    client.post("/admin/sicurezza/togli/", {"code": "000000"})
    assert factor.phone(user)
    client.post("/admin/sicurezza/togli/", {"code": code_of(user)})
    assert factor.phone(user) is None
    assert factor.backup_codes_left(user) == 0
    assert client.get("/admin/auth/user/").status_code == 302


def test_new_backup_codes_end_the_old_ones(client: Client) -> None:
    user, codes = enrolled("Amministratori")
    enter(client, user)
    client.post(CODE, {"code": code_of(user)})
    html = client.post("/admin/sicurezza/codici/", {"code": code_of(user)}).content.decode()
    new = re.findall(r"<code>(\d{5} \d{5})</code>", html)
    assert len(new) == factor.CODES
    assert not set(new) & set(codes)
    assert client.get("/admin/auth/user/").status_code == 200, "the session stays what it was"


def test_sessions_are_listed_and_closed(client: Client, settings: Any) -> None:
    settings.SECOND_FACTOR = False
    user = staff("Redazione")
    enter(client, user)
    other, third = Client(HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"), Client()
    enter(other, user)
    enter(third, user)
    html = client.get(SECURITY).content.decode()
    assert "Firefox su Windows" in html
    name = re.findall(r'name="name" value="(\w+)"', html)
    assert len(name) == 2
    assert all(client.cookies["sessionid"].value not in one for one in (html, *name))
    client.post("/admin/sicurezza/sessioni/", {"name": name[0]})
    assert sorted(one.get("/admin/").status_code for one in (other, third)) == [200, 302]
    client.post("/admin/sicurezza/sessioni/")
    assert [one.get("/admin/").status_code for one in (other, third, client)] == [302, 302, 200]


def test_nobody_closes_a_colleagues_session(client: Client, settings: Any) -> None:
    settings.SECOND_FACTOR = False
    theirs = Client()
    enter(theirs, staff("Segnalazioni"))
    enter(client, staff("Redazione"))
    client.post("/admin/sicurezza/sessioni/")
    assert theirs.get("/admin/").status_code == 200


def test_coming_and_going_are_in_the_log_of_actions(client: Client) -> None:
    user = staff("Redazione")
    enter(client, user)
    client.post("/admin/logout/")
    entries = LogEntry.objects.filter(actor=user).order_by("pk")
    assert [entry.additional_data["done"] for entry in entries] == ["è entrato", "è uscito"]
    assert {entry.remote_addr for entry in entries} == {None}


def test_what_is_sent_after_the_session_has_ended_leads_back_to_its_page(client: Client) -> None:
    page = "http://testserver/admin/reports/report/1/change/"
    response = client.post("/admin/reports/report/1/azione/note/", {"text": "Nota"}, HTTP_REFERER=page)
    assert response.headers["Location"] == "/admin/login/?next=/admin/reports/report/1/change/"
    html = client.get(response.headers["Location"]).content.decode()
    assert "La sessione era finita" in html
    response = client.post("/admin/reports/report/1/azione/note/", HTTP_REFERER="https://example.org/x")
    assert response.headers["Location"] == "/admin/login/?next=/admin/"


def test_who_tries_the_service_out_needs_no_telephone(client: Client, settings: Any) -> None:
    settings.SECOND_FACTOR = False
    enter(client, staff("Amministratori"))
    assert client.get("/admin/auth/user/").status_code == 200


def test_opening_the_service_wants_word_and_telephone(client: Client) -> None:
    user = staff("Amministratori")
    channel = channels.current()
    channels.return_to_trial(channel)
    page = f"/admin/whatsapp/channel/{channel.pk}/apertura/"
    enter(client, user)
    assert client.get(page).status_code == 302
    enrol(client, user)
    assert "Servizio in prova" in client.get(page).content.decode()
    client.post(page, {"word": "sì"})
    assert channels.on_trial()
    html = client.post(page, {"word": " aperto "}, follow=True).content.decode()
    assert "Il servizio è aperto" in html
    assert "Servizio in prova" not in html
    assert not channels.on_trial()
    assert LogEntry.objects.get_for_object(channel).filter(actor=user).exists()
    client.post(page, {"word": "in prova"})
    assert channels.on_trial()
