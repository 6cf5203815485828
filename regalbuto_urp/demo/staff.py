"""The demo users, one for each role, with a password everybody knows: made by the demo command only."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User

from regalbuto_urp.run import DEMO_PASSWORD

# user name -> (first name, last name, group)
USERS = {
    "segreteria": ("Serena", "Vitale", "Segreteria"),
    "responsabile": ("Rosario", "Leonardi", "Responsabile"),
    "revisore": ("Renata", "Falcone", "Revisori"),
    "amministratore": ("Andrea", "Giunta", "Amministratori"),
}


def create_users() -> dict[str, User]:
    """The users by name, each in its group; the administrator is also Django's superuser."""
    password = make_password(DEMO_PASSWORD)  # once: it is made to be slow
    users = {}
    for username, (first, last, group) in USERS.items():
        user = User.objects.create(
            username=username,
            first_name=first,
            last_name=last,
            password=password,
            is_staff=True,
            is_superuser=username == "amministratore",
        )
        user.groups.add(Group.objects.get(name=group))
        users[username] = user
    return users
