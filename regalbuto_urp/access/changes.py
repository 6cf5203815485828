"""Rights, the opening of the service and shorter retention take two administrators where there are two.

One asks; until another confirms nothing has changed. Where there is only one, the change is made at once, by
the same function.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from regalbuto_urp.access import mail, staff
from regalbuto_urp.access.staff import Authority, CannotDo
from regalbuto_urp.models import ChangeRequest
from subscribers.models import RetentionRule
from whatsapp import channels
from whatsapp.models import Channel

DECIDE = "regalbuto_urp.decide_changerequest"
Outcome = ChangeRequest.Outcome


@dataclass(frozen=True)
class Kind:
    """A kind of change: its Italian label, and the function that makes it or raises CannotDo."""

    label: str
    apply: Callable[[str, dict[str, Any], Authority], None]


def _open_service(target: str, values: dict[str, Any], who: Authority) -> None:
    channels.open_service(Channel.objects.get(pk=target), who.by)


def _change_retention(target: str, values: dict[str, Any], who: Authority) -> None:
    rule = RetentionRule.objects.select_for_update().get(pk=target)
    before, after = values["days"]
    if rule.days != before:
        raise CannotDo("Nel frattempo i giorni sono cambiati: la richiesta non vale più, falla di nuovo.")
    rule.days = after
    rule.save()


KINDS = {
    "add_user": Kind("Nuovo utente", staff.add),
    "change_user": Kind("Modifica di un utente", staff.change),
    "renew_password": Kind("Nuova password per un utente", staff.renew_password),
    "reset_factor": Kind("Secondo fattore da azzerare", staff.reset_factor),
    "open_service": Kind("Apertura del servizio", _open_service),
    "shorten_retention": Kind("Dati conservati per meno tempo", _change_retention),
}


def administrators() -> QuerySet[User]:
    """The users who can decide a request: active, permitted, and with a telephone if one is required."""
    users = User.objects.with_perm(DECIDE).filter(is_active=True, is_staff=True)
    if settings.SECOND_FACTOR:
        users = users.filter(pk__in=TOTPDevice.objects.filter(confirmed=True).values("user"))
    return users


def waiting() -> QuerySet[ChangeRequest]:
    return ChangeRequest.objects.filter(outcome=Outcome.WAITING, expires_at__gt=timezone.now())


@transaction.atomic
def propose(
    kind: str, *, by: Any, target: Any = "", values: dict[str, Any], summary: str, reason: str = ""
) -> ChangeRequest | None:
    """Make a change, or ask another administrator to confirm it.

    Args:
        target: the key of what changes.
        values: what `Kind.apply` needs; it is kept, so it holds no secret.
        summary: what changes, in Italian, for who decides.

    Returns:
        The request that waits; None: the change is made, for there is no other administrator.

    Raises:
        CannotDo: the change cannot be made.
    """
    others = list(administrators().exclude(pk=by.pk))
    if not others:
        KINDS[kind].apply(str(target), values, Authority(by))
        return None
    request = ChangeRequest.objects.create(
        kind=kind, target=str(target), payload=values, summary=summary, reason=reason, proposed_by=by
    )
    page = reverse("admin:regalbuto_urp_changerequest_change", args=[request.pk])
    text = (
        f"{mail.name_of(by)} chiede una conferma. {KINDS[kind].label}: {summary}\n\n"
        f"Motivo: {reason or 'non indicato'}\n\n"
        f"Conferma o rifiuta entro 24 ore: {settings.SITE_URL}{page}"
    )
    for other in others:
        mail.send(other, "una richiesta aspetta la tua conferma", text)
    return request


@transaction.atomic
def decide(request: ChangeRequest, user: Any, outcome: Outcome) -> None:
    """Confirm (and make the change), refuse or withdraw a request. Raises CannotDo."""
    request = ChangeRequest.objects.select_for_update(of=["self"]).get(pk=request.pk)
    if not request.is_open:
        raise CannotDo("Questa richiesta è già stata decisa, oppure è scaduta.")
    own = request.proposed_by_id == user.pk
    if own != (outcome == Outcome.WITHDRAWN):
        raise CannotDo("La tua richiesta la decide un altro amministratore: tu puoi solo ritirarla.")
    if outcome == Outcome.CONFIRMED:
        if not administrators().filter(pk=request.proposed_by_id).exists():
            raise CannotDo("Chi ha fatto la richiesta non è più un amministratore: si può solo rifiutare.")
        authority = Authority(request.proposed_by, user)
        KINDS[request.kind].apply(request.target, request.payload, authority)
    request.outcome = outcome
    request.decided_by, request.decided_at = user, timezone.now()
    request.save()
    if not own:
        result = request.get_outcome_display()
        text = f"{KINDS[request.kind].label}: {request.summary}\n\n{result} da {mail.name_of(user)}."
        mail.send(request.proposed_by, f"richiesta {result}", text)
