"""The register's head leaves the machine: a cut of register and journal together shows outside only."""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone
from django.utils.formats import date_format

from subscribers.models import ConsentEvent, RegisterHead

logger = logging.getLogger(__name__)
LATE = timedelta(days=2)
TEXT = """\
Testa del registro dei consensi di WhatsURP, {when}:

{head}

Conserva questa e-mail: non contiene dati personali. Dimostra che fino alla riga {sequence} il registro \
non è stato tagliato né riscritto. Per verificarlo, sul server:

manage.py verify_consents --head {head}

Parte ogni giorno da {site}. Se per due giorni non arriva, chiedi il motivo a chi amministra il servizio.
"""


def send_daily() -> bool:
    """Send today's head to `CONSENT_HEAD_EMAIL`, once a day. Called again until it has left.

    Returns:
        Whether it left now. A failure is logged without addresses, and tried again at the next call.
    """
    head = RegisterHead.objects.filter(pk=1, sequence__gt=0).first()
    if head is None or not settings.CONSENT_HEAD_EMAIL:
        return False
    now = timezone.now()
    if head.emailed_at and timezone.localdate(head.emailed_at) == timezone.localdate(now):
        return False
    text = TEXT.format(
        when=date_format(timezone.localtime(now), "j F Y, H:i").lower(),
        head=f"{head.sequence}:{head.hash}",
        sequence=head.sequence,
        site=settings.SITE_URL,
    )
    subject = f"WhatsURP, registro dei consensi: riga {head.sequence}"
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, settings.CONSENT_HEAD_EMAIL)
    except (OSError, ValueError) as problem:  # what smtplib and sockets raise; a malformed address
        logger.error("the register's head could not be sent: %s", type(problem).__name__)
        return False
    RegisterHead.objects.filter(pk=1).update(emailed_at=now)
    return True


def late() -> bool:
    """Has the head not left for two days although it should?"""
    head = RegisterHead.objects.filter(pk=1, sequence__gt=0).first()
    if head is None or not settings.CONSENT_HEAD_EMAIL:
        return False
    since = head.emailed_at or ConsentEvent.objects.values_list("recorded_at", flat=True).get(sequence=1)
    return timezone.now() - since > LATE
