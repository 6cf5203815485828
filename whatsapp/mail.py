"""E-mails that count: kept in the database and sent by a worker, with retries."""

import logging
import smtplib
import threading
from collections.abc import Sequence
from datetime import timedelta

from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from whatsapp.models import Mail
from whatsapp.nudges import nudge

logger = logging.getLogger(__name__)

TASK = "whatsapp.send_mail"
# Waits after a failure; the last one again and again, until the mail is too old to be of use.
LADDER = [timedelta(seconds=seconds) for seconds in (15, 60, 300, 900, 3600)]
USEFUL_FOR = timedelta(days=3)
# A mail whose worker died is due again after this: longer than a batch may take with a slow server.
LEASE = timedelta(minutes=10)
BATCH = 10
SUBJECT_LIMIT = 300
# A server that does not answer keeps one thread of a process waiting, never more.
_sending = threading.Lock()


def enqueue(to: str | Sequence[str], subject: str, text: str) -> list[Mail]:
    """Have an e-mail sent after the running transaction is committed, until a server takes it.

    Args:
        to: one address or several; each gets a mail of its own, and an empty one gets none.
        subject: becomes one line.

    Returns:
        The mails; `sent_at` says when a server took each.
    """
    addresses = [to] if isinstance(to, str) else to
    subject = " ".join(subject.split())[:SUBJECT_LIMIT]
    mails = [Mail(address=address, subject=subject, text=text) for address in addresses if address]
    if mails:
        Mail.objects.bulk_create(mails)
        nudge(TASK)
    return mails


def send_due() -> int:
    """Send what is due. Returns how many mails a server took."""
    if not _sending.acquire(blocking=False):
        return 0  # who is at work looks again after each batch
    sent = 0
    try:
        while mails := _take():
            sent += _send_batch(mails)
    finally:
        _sending.release()
    return sent


@transaction.atomic
def _take() -> list[Mail]:
    due = Mail.objects.filter(due_at__lte=timezone.now()).order_by("due_at", "pk")
    mails = list(due.select_for_update(skip_locked=True)[:BATCH])
    for mail in mails:
        mail.attempts += 1
        mail.due_at = timezone.now() + LEASE
    Mail.objects.bulk_update(mails, ["attempts", "due_at"])
    return mails


def _send_batch(mails: list[Mail]) -> int:
    """Over one connection, so that a server that does not answer costs one time-out for all of them."""
    waiting = list(mails)
    try:
        with get_connection() as connection:
            while waiting:
                mail = waiting[0]
                try:
                    EmailMessage(mail.subject, mail.text, None, [mail.address], connection=connection).send()
                except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException, ValueError) as error:
                    _note_failure(mail, error)
                else:
                    _note_success(mail)
                waiting.pop(0)
    except OSError as error:  # smtplib's errors are among them
        logger.warning("no mail server: %d e-mails wait (%s)", len(waiting), type(error).__name__)
        for mail in waiting:
            _note_failure(mail, error)
    return sum(mail.sent_at is not None for mail in mails)


def _note_success(mail: Mail) -> None:
    mail.sent_at, mail.due_at, mail.text, mail.error = timezone.now(), None, "", ""
    _save(mail)


def _note_failure(mail: Mail, error: Exception) -> None:
    """Again later, unless the server refused the mail itself for good, or it is of no use any more."""
    code = _code(error)
    mail.error = f"{type(error).__name__} {code or ''}".strip()
    refused = 500 <= code < 600 or isinstance(error, ValueError)
    if refused or mail.created_at < timezone.now() - USEFUL_FOR:
        logger.warning("e-mail %s is given up (%s)", mail.pk, mail.error)
        mail.due_at, mail.text = None, ""
    else:
        mail.due_at = timezone.now() + LADDER[min(mail.attempts, len(LADDER)) - 1]
    _save(mail)


def _code(error: Exception) -> int:
    """What the server answered about this mail; 0 if it did not come to that."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values()), 0)
    if isinstance(error, smtplib.SMTPDataError | smtplib.SMTPSenderRefused):
        return error.smtp_code
    return 0


def _save(mail: Mail) -> None:
    kept = {name: getattr(mail, name) for name in ("sent_at", "due_at", "text", "error")}
    Mail.objects.filter(pk=mail.pk).update(**kept)
