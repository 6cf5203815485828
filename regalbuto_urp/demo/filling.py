"""Whether the practice data may be put into this database, and putting it there: whole or not at all."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from celery import Celery
from celery.app import app_or_default
from django.conf import settings
from django.db import transaction

from broadcasts.models import Budget
from regalbuto_urp.demo import life, people, staff
from regalbuto_urp.demo.life import Moment, Town
from subscribers.models import Policy, Subscriber
from whatsapp import channels
from whatsapp.models import Call, Contact, StaffPhone, Template


class Refused(Exception):
    """Not into this database; the text says why and what to do."""


def already_there() -> bool:
    """Was the practice data put in before? Told by ids no real person has."""
    return Contact.objects.filter(bsuid__startswith="IT.DEMO").exists()


def check() -> None:
    """Is this a place for practice data? Raises Refused: a real service, or a database that holds real
    subscribers."""
    # The simulator speaks plain HTTP. Behind HTTPS is WhatsApp, where the made-up numbers may be somebody's.
    if settings.WHATSAPP_API_URL.startswith("https://"):
        raise Refused(
            "Questa installazione è collegata a WhatsApp vero (WHATSAPP_API_URL): i dati di prova si "
            "caricano solo con il simulatore. Usa `make run`."
        )
    if real := Subscriber.objects.count():
        raise Refused(
            f"Questo database contiene già iscritti veri ({real}): i dati di prova si caricano solo in un "
            "database vuoto. Non è stato modificato nulla."
        )


def fill(track: Callable[[list[Moment]], Iterable[Moment]] = iter) -> tuple[int, int]:
    """Live the eight months; how many subscribers and moments were put in. Raises Refused: see `check`.

    Args:
        track: goes through the moments, and may show how far it has got.
    """
    check()
    with _no_worker(), transaction.atomic():
        users = staff.create_users()
        town = Town(users, life.end_of())
        _date_back(town)
        moments = town.moments()
        for moment in track(moments):
            town.live(moment)
        # As much as a month of notices to these people costs, and a little more.
        Budget.objects.create(month=town.now.date().replace(day=1), euro=150)
        giuseppe = Contact.objects.get(phone=people.GIUSEPPE.phone)
        StaffPhone.objects.create(user=users["segreteria"], contact=giuseppe)
        channels.open_service(channels.current(), users["amministratore"])
        Call.objects.filter(settled_at=None).delete()  # nobody is called tonight about last spring's dangers
    return Subscriber.objects.count(), len(moments)


def _date_back(town: Town) -> None:
    """What came with the database was there from the start: the policy in force, the templates approved.

    The next synchronisation tells how the templates stand at the provider now.
    """
    Policy.objects.filter(version=1).update(in_force_from=town.now - life.MONTHS)
    Template.objects.filter(status=Template.Status.DRAFT).update(status=Template.Status.APPROVED)


@contextmanager
def _no_worker() -> Iterator[None]:
    """Nudges go nowhere: all is delivered, and WhatsApp would be asked about messages it never saw.

    Nor is anybody called, or told in the log, about dangers that are not.
    """
    before = app_or_default()
    Celery("practice", broker="memory://", set_as_current=False).set_current()
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        before.set_current()
