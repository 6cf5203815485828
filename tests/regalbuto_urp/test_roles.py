"""Each role sees its own and nothing else."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from regalbuto_urp import roles

pytestmark = pytest.mark.django_db


def user_of(role: str) -> User:
    user = User.objects.create_user(role.lower(), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def test_every_right_of_the_table_exists() -> None:
    there = set(Permission.objects.values_list("content_type__app_label", "codename"))
    asked = {
        (model.split(".")[0], codename)
        for rights in roles.ROLES.values()
        for model, actions in rights.items()
        for codename in roles.codenames(model.split(".")[1], actions)
    }
    assert asked - there == set()


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (
            "Segreteria",
            ["broadcasts.send_broadcast", "reports.treat_report", "whatsapp.view_media"],
            ["subscribers.export_subscriber", "whatsapp.change_channel", "auth.view_user"],
        ),
        (
            "Responsabile",
            ["broadcasts.send_broadcast", "reports.treat_report", "whatsapp.change_channel"],
            ["subscribers.export_consentevent", "auth.view_user"],
        ),
        (
            "Revisori",
            ["subscribers.export_consentevent", "subscribers.export_subscriber", "broadcasts.view_broadcast"],
            [
                "reports.view_report",
                "whatsapp.view_media",
                "whatsapp.view_message",
                "broadcasts.add_broadcast",
            ],
        ),
        ("Amministratori", ["auth.change_user", "subscribers.add_policy"], ["auth.change_group"]),
    ],
)
def test_rights_of_a_role(role: str, may: list[str], may_not: list[str]) -> None:
    user = user_of(role)
    assert [right for right in may if not user.has_perm(right)] == []
    assert [right for right in may_not if user.has_perm(right)] == []


def test_auditors_only_read() -> None:
    rights = user_of("Revisori").get_group_permissions()
    verbs = {right.split(".")[1].split("_")[0] for right in rights}
    assert verbs == {"view", "export"}


PAGES = {
    "/admin/broadcasts/broadcast/": set(roles.ROLES),
    "/admin/broadcasts/broadcast/add/": {"Segreteria", "Responsabile", "Amministratori"},
    "/admin/reports/report/": {"Segreteria", "Responsabile", "Amministratori"},
    "/admin/subscribers/consentevent/": set(roles.ROLES),
    "/admin/whatsapp/message/": {"Segreteria", "Responsabile", "Amministratori"},
    "/admin/auth/user/": {"Amministratori"},
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", roles.ROLES)
def test_pages_of_a_role(client: Client, role: str, page: str) -> None:
    client.force_login(user_of(role))
    assert client.get(page).status_code == (200 if role in PAGES[page] else 403)


def test_a_right_taken_out_of_the_table_is_taken_away() -> None:
    group = Group.objects.get(name="Revisori")
    group.permissions.add(Permission.objects.get(codename="view_report"))
    roles.install_roles()
    assert not group.permissions.filter(codename="view_report").exists()
