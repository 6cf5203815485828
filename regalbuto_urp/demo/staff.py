"""The demo users, one for each role, with a password everybody knows: made by the demo command only."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User

from regalbuto_urp.run import DEMO_PASSWORD

# user name -> (first name, last name, groups)
USERS = {
    "segreteria": ("Serena", "Vitale", ["Redazione", "Segnalazioni"]),
    "responsabile": ("Rosario", "Leonardi", ["Approvazione", "Segnalazioni"]),
    "revisore": ("Renata", "Falcone", ["Revisori"]),
    "amministratore": ("Andrea", "Giunta", ["Amministratori"]),
}


def create_users() -> dict[str, User]:
    """The users by name, each in its groups."""
    password = make_password(DEMO_PASSWORD)  # once: it is made to be slow
    users = {}
    for username, (first, last, groups) in USERS.items():
        user = User.objects.create(
            username=username, first_name=first, last_name=last, password=password, is_staff=True
        )
        user.groups.set(Group.objects.filter(name__in=groups))
        users[username] = user
    return users
