"""Each role sees its own and nothing else."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from regalbuto_urp import roles

pytestmark = pytest.mark.django_db


def user_of(role: str) -> User:
    user = User.objects.create_user(role.lower(), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def test_every_right_of_the_table_exists() -> None:
    there = set(Permission.objects.values_list("content_type__app_label", "codename"))
    tables = roles.ROLES.values()
    asked = {tuple(right.split(".")) for rights in tables for right in roles.permissions(rights)}
    assert asked - there == set()


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (
            "Redazione",
            ["broadcasts.send_broadcast", "broadcasts.add_broadcast", "whatsapp.view_sent_media"],
            ["reports.view_report", "whatsapp.view_media", "subscribers.view_subscriber"],
        ),
        (
            "Approvazione",
            ["broadcasts.add_broadcast", "subscribers.rights_subscriber", "whatsapp.pause_channel"],
            ["subscribers.export_consentevent", "whatsapp.change_channel", "auth.view_user"],
        ),
        (
            "Segnalazioni",
            ["reports.treat_report", "whatsapp.view_media"],
            ["broadcasts.view_broadcast", "subscribers.export_subscriber", "whatsapp.change_channel"],
        ),
        (
            "Revisori",
            ["subscribers.export_consentevent", "subscribers.export_subscriber", "broadcasts.view_broadcast"],
            ["reports.view_report", "whatsapp.view_media", "whatsapp.view_message"],
        ),
        (
            "Amministratori",
            ["auth.change_user", "subscribers.add_policy", "whatsapp.open_channel"],
            [
                "auth.change_group",
                "broadcasts.view_broadcast",
                "whatsapp.view_message",
                "reports.view_report",
            ],
        ),
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


def test_a_right_taken_out_of_the_table_is_taken_away() -> None:
    group = Group.objects.get(name="Revisori")
    group.permissions.add(Permission.objects.get(codename="view_report"))
    roles.install_roles()
    assert not group.permissions.filter(codename="view_report").exists()
