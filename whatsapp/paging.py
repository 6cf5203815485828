"""Calling a person when something cannot wait."""

import logging
from functools import partial

from django.core.mail import send_mail
from django.db import transaction

from whatsapp import outbox
from whatsapp.models import StaffPhone

logger = logging.getLogger(__name__)


def page(reason: str, text: str, *, key: str = "", path: str = "") -> int:
    """Tell everybody on duty, by e-mail and on WhatsApp where their window is open.

    Args:
        reason: one line, the subject.
        text: what happened and what to do, in Italian.

    Returns:
        How many people were told.
    """
    on_duty = list(StaffPhone.objects.filter(on_duty=True).select_related("user", "contact"))
    addresses = [phone.user.email for phone in on_duty if phone.user.email]
    if addresses:
        # After commit: a slow mail server must not hold the rows of whoever called.
        mail = partial(send_mail, f"WhatsURP: {reason}", text, None, addresses, fail_silently=True)
        transaction.on_commit(mail)
    for phone in on_duty:
        if phone.contact.window_open:
            outbox.reply(phone.contact, f"*{reason}*\n{text}"[:4000])
    logger.warning("paged %d people: %s", len(on_duty), reason)
    return len(on_duty)


def settle(key: str, user: object = None) -> None:
    """Somebody took charge."""
