"""Rights are given by two, never to oneself; nobody knows somebody else's password."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from regalbuto_urp.access import factor, passwords
from regalbuto_urp.models import ChangeRequest
from subscribers import retention
from subscribers.models import RetentionRule
from tests.regalbuto_urp.walk import member
from whatsapp import channels
from whatsapp.models import Mail

pytestmark = pytest.mark.django_db
Enter = Callable[..., Client]
USERS = "/admin/auth/user/"
REQUESTS = "/admin/regalbuto_urp/changerequest/"
PASSWORD = "una-parola-lunga"


def colleague(*roles: str, name: str = "") -> User:
    user = member(*roles)
    user.username = name or user.username
    user.email = f"{user.username}@comune.example"
    user.set_password(PASSWORD)
    user.save()
    Mail.objects.all().delete()
    return user


@pytest.fixture
def chief(db: None) -> User:
    return colleague("Amministratori", name="andrea")


@pytest.fixture
def second(db: None) -> User:
    """Another administrator, whose telephone is registered."""
    user = colleague("Amministratori", name="bianca")
    TOTPDevice.objects.create(user=user, confirmed=True)
    return user


def roles_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def groups(*names: str) -> list[int]:
    return list(Group.objects.filter(name__in=names).values_list("pk", flat=True))


def filled(user: User, *roles: str, **changes: Any) -> dict[str, Any]:
    """The form of a user, sent with these roles."""
    form = {
        "username": user.username,
        "email": user.email,
        "groups": groups(*roles),
        "is_active": "on",
        "reason": "Cambia ufficio",
    }
    return {**form, **changes}


def text_of(response: Any) -> str:
    return str(response.content.decode())


def letters_to(user: User) -> str:
    return "\n".join(Mail.objects.filter(address=user.email).values_list("text", flat=True))


def logged(user: User) -> list[str]:
    entries = LogEntry.objects.get_for_object(user).order_by("pk")
    return [entry.additional_data["done"] for entry in entries if entry.additional_data]


class TestOneself:
    @pytest.mark.parametrize("superuser", [False, True])
    def test_nobody_changes_their_own_rights(self, enter: Enter, chief: User, superuser: bool) -> None:
        User.objects.filter(pk=chief.pk).update(is_superuser=superuser)
        chief.refresh_from_db()
        client = enter(chief)
        everything = filled(chief, "Approvazione", "Redazione", is_superuser="on" if not superuser else "")
        client.post(f"{USERS}{chief.pk}/change/", {**everything, "is_active": "", "username": "altro"})
        chief.refresh_from_db()
        assert (roles_of(chief), chief.is_superuser) == ({"Amministratori"}, superuser)
        assert (chief.is_active, chief.username) == (True, "andrea")
        assert not ChangeRequest.objects.exists()

    def test_a_new_address_is_told_to_the_old_one(self, enter: Enter, chief: User) -> None:
        enter(chief).post(
            f"{USERS}{chief.pk}/change/", {"first_name": "Andrea", "email": "nuovo@example.org"}
        )
        assert User.objects.get(pk=chief.pk).email == "nuovo@example.org"
        assert "andrea@comune.example → nuovo@example.org" in letters_to(chief)

    def test_nobody_takes_their_own_second_factor_off_without_a_code(self, enter: Enter, chief: User) -> None:
        client = enter(chief)
        for page in ("telefono", "password"):
            answer = client.post(f"{USERS}{chief.pk}/{page}/", {"reason": "Lo voglio"})
            assert answer.status_code == 403
        assert factor.phone(chief)


@pytest.mark.parametrize("role", ["Redazione", "Approvazione", "Segnalazioni"])
def test_administration_is_in_no_hand_that_approves(enter: Enter, chief: User, role: str) -> None:
    user = colleague("Revisori")
    page = f"{USERS}{user.pk}/change/"
    html = text_of(enter(chief).post(page, filled(user, "Amministratori", role)))
    assert f"Il ruolo Amministratori non sta insieme a {role}" in html
    assert roles_of(user) == {"Revisori"}


class TestAlone:
    """Where there is one administrator, what they ask for is done at once, logged and told."""

    def test_a_new_user_chooses_the_password(self, enter: Enter, chief: User, client: Client) -> None:
        data = {"username": "nuova", "email": "nuova@comune.example", "groups": groups("Redazione")}
        enter(chief).post(f"{USERS}add/", {**data, "reason": "Assunta", "password1": "x", "password2": "x"})
        user = User.objects.get(username="nuova")
        assert (roles_of(user), user.is_staff) == ({"Redazione"}, True)
        assert not user.has_usable_password()
        assert "utente creato: Redazione" in logged(user)
        choose_password(client, letters_to(user), "una-password-mia")
        user.refresh_from_db()
        assert user.check_password("una-password-mia")
        assert "la password è stata cambiata" in letters_to(user)
        assert "una-password-mia" not in letters_to(user)

    def test_an_email_is_wanted(self, enter: Enter, chief: User) -> None:
        data = {"username": "nuova", "groups": groups("Redazione"), "reason": "Assunta"}
        assert "obbligatorio" in text_of(enter(chief).post(f"{USERS}add/", data))
        assert not User.objects.filter(username="nuova").exists()

    def test_roles_changed_are_logged_and_told(self, enter: Enter, chief: User) -> None:
        user = colleague("Redazione")
        enter(chief).post(f"{USERS}{user.pk}/change/", filled(user, "Segnalazioni"))
        assert roles_of(user) == {"Segnalazioni"}
        assert logged(user)[-1] == "ruoli: Redazione → Segnalazioni"
        assert "ruoli: Redazione → Segnalazioni. È stato fatto da andrea." in letters_to(user)

    def test_a_lost_telephone(self, enter: Enter, chief: User) -> None:
        user = colleague("Approvazione")
        theirs = enter(user)
        enter(chief).post(f"{USERS}{user.pk}/telefono/", {"reason": "Telefono perso"})
        assert factor.phone(user) is None
        assert theirs.get("/admin/").status_code == 302
        entry = LogEntry.objects.filter(additional_data__done="secondo fattore tolto").get()
        assert (entry.actor, entry.object_pk) == (chief, str(user.pk))
        assert "secondo fattore tolto" in letters_to(user)

    def test_an_administrator_types_nobodys_password(self, enter: Enter, chief: User, client: Client) -> None:
        user = colleague("Approvazione")
        typed = {"password1": "scelta-dal-capo", "password2": "scelta-dal-capo", "usable_password": "true"}
        page = f"{USERS}{user.pk}/password/"
        enter(chief).post(page, {**typed, "reason": "L'ha dimenticata"})
        user.refresh_from_db()
        assert user.check_password(PASSWORD), "until another is chosen"
        assert "inviato il collegamento per una nuova password" in logged(user)
        choose_password(client, letters_to(user), "una-password-mia")
        user.refresh_from_db()
        assert user.check_password("una-password-mia")

    def test_it_says_what_to_do_where_no_mail_server_is(
        self, enter: Enter, chief: User, settings: Any
    ) -> None:
        user = colleague("Approvazione")
        settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
        page = f"{USERS}{user.pk}/password/"
        assert "La posta non è configurata" in text_of(enter(chief).get(page))

    def test_no_link_without_an_address(self, enter: Enter, chief: User) -> None:
        user = colleague("Redazione")
        User.objects.filter(pk=user.pk).update(email="")
        page = f"{USERS}{user.pk}/password/"
        html = text_of(enter(chief).post(page, {"reason": "L'ha dimenticata"}, follow=True))
        assert "non ha un indirizzo e-mail" in html
        assert not Mail.objects.exists()

    def test_a_superuser_is_only_switched_off(self, enter: Enter, chief: User) -> None:
        above = User.objects.create_superuser("capo", "capo@example.org", PASSWORD)
        client = enter(chief)
        for page in ("telefono", "password"):
            assert client.post(f"{USERS}{above.pk}/{page}/", {"reason": "Prova"}).status_code == 403
        page = f"{USERS}{above.pk}/change/"
        client.post(page, filled(above, "Redazione", email="mia@example.org", is_active=""))
        above.refresh_from_db()
        assert (above.email, roles_of(above)) == ("capo@example.org", set())
        assert (above.is_active, above.is_superuser) == (False, True)


def choose_password(client: Client, letter: str, password: str) -> None:
    """Follow the link of the e-mail; it opens once."""
    found = re.search(r"https://[^/]+(/password/\S+)", letter)
    assert found
    headers = {"host": "whatsurp.comune.regalbuto.en.it", "x-forwarded-proto": "https"}
    page = client.get(found[1], headers=headers)
    form = page.headers["Location"]
    assert "Scegli la password" in text_of(client.get(form, headers=headers))
    typed = {"new_password1": password, "new_password2": password}
    assert client.post(form, typed, headers=headers).headers["Location"] == "/admin/login/"
    again = Client().get(found[1], headers=headers, follow=True)
    assert "Il collegamento non vale più" in text_of(again)


class TestTwo:
    """Where there are two, nothing changes until the other one has confirmed it."""

    def ask(self, enter: Enter, chief: User, user: User, *roles: str) -> ChangeRequest:
        enter(chief).post(f"{USERS}{user.pk}/change/", filled(user, *roles))
        return ChangeRequest.objects.latest("pk")

    def decide(self, client: Client, change: ChangeRequest, outcome: str) -> str:
        return text_of(client.post(f"{REQUESTS}{change.pk}/decidi/", {"outcome": outcome}, follow=True))

    def test_the_other_one_confirms(self, enter: Enter, chief: User, second: User) -> None:
        user = colleague("Redazione")
        change = self.ask(enter, chief, user, "Approvazione")
        assert roles_of(user) == {"Redazione"}
        assert "aspetta la tua conferma" in Mail.objects.get(address=second.email).subject
        assert "Cambia ufficio" in letters_to(second)
        client = enter(second)
        assert "Redazione → Approvazione" in text_of(client.get("/admin/"))
        page = text_of(client.get(f"{REQUESTS}{change.pk}/change/"))
        for expected in ("Redazione → Approvazione", "Cambia ufficio", "andrea", "Conferma"):
            assert expected in page
        assert "la modifica è fatta" in self.decide(client, change, "confirmed")
        assert roles_of(user) == {"Approvazione"}
        assert "da andrea, con la conferma di bianca" in letters_to(user)
        assert "già stata decisa" in self.decide(client, change, "confirmed")

    def test_nobody_confirms_their_own(self, enter: Enter, chief: User, second: User) -> None:
        user = colleague("Redazione")
        change = self.ask(enter, chief, user, "Approvazione")
        client = enter(chief)
        assert "la decide un altro" in self.decide(client, change, "confirmed")
        assert roles_of(user) == {"Redazione"}
        self.decide(client, change, "withdrawn")
        assert "già stata decisa" in self.decide(enter(second), change, "confirmed")
        assert roles_of(user) == {"Redazione"}

    def test_a_refusal_changes_nothing(self, enter: Enter, chief: User, second: User) -> None:
        user = colleague("Redazione")
        change = self.ask(enter, chief, user, "Approvazione")
        self.decide(enter(second), change, "refused")
        assert roles_of(user) == {"Redazione"}
        assert "rifiutata da bianca" in letters_to(chief)

    def test_after_a_day_it_is_over(self, enter: Enter, chief: User, second: User) -> None:
        user = colleague("Redazione")
        change = self.ask(enter, chief, user, "Approvazione")
        ChangeRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert "scaduta" in self.decide(enter(second), change, "confirmed")
        assert roles_of(user) == {"Redazione"}

    def test_what_changed_meanwhile_is_asked_for_again(self, enter: Enter, chief: User, second: User) -> None:
        user = colleague("Redazione")
        change = self.ask(enter, chief, user, "Redazione", "Approvazione")
        user.groups.set(groups("Revisori"))
        assert "falla di nuovo" in self.decide(enter(second), change, "confirmed")
        assert roles_of(user) == {"Revisori"}

    def test_a_request_of_who_is_no_administrator_any_more_is_void(
        self, enter: Enter, chief: User, second: User
    ) -> None:
        user = colleague("Redazione")
        change = self.ask(enter, chief, user, "Approvazione")
        chief.groups.clear()
        assert "non è più un amministratore" in self.decide(enter(second), change, "confirmed")
        assert roles_of(user) == {"Redazione"}

    @pytest.mark.parametrize("page", ["password", "telefono"])
    def test_letting_in_again(self, enter: Enter, chief: User, second: User, page: str) -> None:
        user = colleague("Approvazione")
        TOTPDevice.objects.create(user=user, confirmed=True)
        enter(chief).post(f"{USERS}{user.pk}/{page}/", {"reason": "Telefono perso"})
        change = ChangeRequest.objects.get()
        assert factor.phone(user)
        assert letters_to(user) == ""
        self.decide(enter(second), change, "confirmed")
        assert letters_to(user)
        assert (factor.phone(user) is None) == (page == "telefono")

    def test_a_new_user(self, enter: Enter, chief: User, second: User) -> None:
        data = {"username": "nuova", "email": "nuova@comune.example", "groups": groups("Approvazione")}
        enter(chief).post(f"{USERS}add/", {**data, "reason": "Assunta"})
        assert not User.objects.filter(username="nuova").exists()
        self.decide(enter(second), ChangeRequest.objects.get(), "confirmed")
        assert roles_of(User.objects.get(username="nuova")) == {"Approvazione"}

    def test_the_end_of_somebodys_access_does_not_wait(self, enter: Enter, chief: User, second: User) -> None:
        user = colleague("Approvazione")
        theirs, client = enter(user), enter(chief)
        client.post(f"{USERS}{user.pk}/change/", filled(user, "Approvazione", is_active=""))
        assert not User.objects.get(pk=user.pk).is_active
        assert theirs.get("/admin/").headers["Location"].startswith("/admin/login/")
        client.post(f"{USERS}{second.pk}/change/", filled(second, "Amministratori", is_active=""))
        assert User.objects.get(pk=second.pk).is_active, "an administrator's does"

    def test_opening_the_service(self, enter: Enter, chief: User, second: User) -> None:
        channel = channels.current()
        channels.return_to_trial(channel)
        page = reverse("admin:whatsapp_channel_opening", args=[channel.pk])
        html = text_of(enter(chief).post(page, {"word": "aperto"}, follow=True))
        assert "quando un altro amministratore la conferma" in html
        assert channels.on_trial()
        self.decide(enter(second), ChangeRequest.objects.get(), "confirmed")
        assert not channels.on_trial()

    def test_keeping_data_for_less_time(self, enter: Enter, chief: User, second: User) -> None:
        retention.install_rules()
        rule = RetentionRule.objects.get(slug="sessions")
        RetentionRule.objects.filter(pk=rule.pk).update(days=30)
        rules = list(RetentionRule.objects.order_by("pk"))
        form: dict[str, Any] = {"form-TOTAL_FORMS": len(rules), "form-INITIAL_FORMS": len(rules)}
        for place, each in enumerate(rules):
            form |= {f"form-{place}-id": each.pk, f"form-{place}-days": each.days}
        place = [each.pk for each in rules].index(rule.pk)
        form |= {f"form-{place}-days": 7, "_save": "Salva"}
        page = reverse("admin:subscribers_retentionrule_changelist")
        html = text_of(enter(chief).post(page, form, follow=True))
        assert "finché un altro amministratore non conferma" in html
        assert "modificat" not in html
        assert RetentionRule.objects.get(pk=rule.pk).days == 30
        self.decide(enter(second), ChangeRequest.objects.get(), "confirmed")
        assert RetentionRule.objects.get(pk=rule.pk).days == 7

    @pytest.mark.parametrize("role", ["Redazione", "Approvazione", "Segnalazioni", "Revisori"])
    def test_who_administers_nothing_decides_nothing(
        self, enter: Enter, chief: User, second: User, role: str
    ) -> None:
        user = colleague(role)
        change = self.ask(enter, chief, user, "Approvazione", "Redazione")
        client = enter(user)
        assert client.get(f"{REQUESTS}{change.pk}/change/").status_code == 403
        answer = client.post(f"{REQUESTS}{change.pk}/decidi/", {"outcome": "confirmed"})
        assert answer.status_code == 403

    def test_an_administrator_without_a_telephone_cannot_confirm_and_does_not_count(
        self, enter: Enter, chief: User
    ) -> None:
        colleague("Amministratori", name="assente")
        user = colleague("Redazione")
        enter(chief).post(f"{USERS}{user.pk}/change/", filled(user, "Segnalazioni"))
        assert roles_of(user) == {"Segnalazioni"}


def test_a_new_password_ends_the_other_sessions(enter: Enter) -> None:
    user = colleague("Redazione")
    here, there = enter(user), enter(user)
    typed = {"old_password": PASSWORD, "new_password1": "un-altra-lunga", "new_password2": "un-altra-lunga"}
    here.post("/admin/password_change/", typed)
    assert here.get("/admin/").status_code == 200
    assert there.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert text_of(here.get("/admin/sicurezza/")).count("<strong>Un browser</strong>") == 1
    assert "la password è stata cambiata" in letters_to(user)


def test_a_telephone_registered_by_a_stranger_is_told_to_the_person() -> None:
    user = colleague("Redazione")
    device = factor.begin(user)
    factor.confirm(user, f"{totp(device.bin_key):06d}")
    assert "registrato un telefono per i codici" in letters_to(user)


def test_the_technical_administrator_is_reminded_of(enter: Enter, chief: User) -> None:
    User.objects.create_superuser("installatore")
    html = text_of(enter(chief).get("/admin/"))
    assert "installatore</strong> ha ancora tutti i permessi" in html


class TestOnTheServer:
    """When no administrator can help."""

    def run(self, *arguments: str) -> str:
        out = StringIO()
        call_command("staff_access", *arguments, stdout=out)
        return out.getvalue()

    def test_the_telephone_is_taken_off(self, chief: User, second: User) -> None:
        self.run(second.username, "--reset-factor")
        assert factor.phone(second) is None
        assert "secondo fattore tolto" in letters_to(second)

    def test_a_link_for_the_password(self, chief: User, client: Client, settings: Any) -> None:
        settings.SITE_URL = "https://whatsurp.example"
        link = self.run(chief.username, "--link").strip()
        assert link.startswith("https://whatsurp.example/password/")
        assert client.get(link.removeprefix("https://whatsurp.example")).status_code == 302

    def test_somebody_is_switched_off(self, chief: User) -> None:
        self.run(chief.username, "--switch-off")
        assert not User.objects.get(pk=chief.pk).is_active
        with pytest.raises(CommandError, match="non c'è"):
            self.run("inventato", "--switch-off")


def test_a_link_is_over_after_three_days(chief: User, client: Client, settings: Any) -> None:
    link = passwords.link(chief).removeprefix(settings.SITE_URL)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "Il collegamento non vale più" in text_of(client.get(link))
