"""The second person: asking one, answering, doing without in an emergency (features 21, 22 and 44)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin, User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from broadcasts import audience, composing, lifecycle, versions
from broadcasts.errors import NotAllowed
from broadcasts.lifecycle import Step
from broadcasts.models import Broadcast, Version
from broadcasts.types import WRITING, AlertLevel, Event, State
from whatsapp import paging
from whatsapp.models import StaffPhone

CALL_KEY = "notice-"


@dataclass(frozen=True)
class Emergency:
    """Why one person alone sends an alert."""

    level: AlertLevel
    reason: str


@dataclass(frozen=True)
class Year:
    """How many alerts one person alone sent this year; how many of them were countersigned."""

    year: int
    sent: int
    countersigned: int


def check(broadcast: Broadcast, digest: str | None) -> None:
    """Raises NotAllowed or ContentError if it cannot go, or is not what was seen.

    Args:
        digest: `composing.digest` of what the person saw; nothing if the caller is a program.
    """
    if digest is not None and digest != composing.digest(broadcast):
        raise NotAllowed(
            "L'avviso è stato modificato mentre lo controllavi: rileggilo e conferma di nuovo. "
            "Non è partito nessun messaggio."
        )
    composing.check(broadcast)
    rule = audience.rule(broadcast)
    if audience.of(rule).exists():
        return
    if rule.earlier:
        raise NotAllowed(
            f"Chi ha avuto «{rule.earlier}» non riceve più avvisi: non c'è nessuno a cui scrivere."
        )
    raise NotAllowed(f"Nessuno riceve gli avvisi della categoria «{rule.category}»: non ci sono iscritti.")


# --- Asking ---------------------------------------------------------------------------------------


@transaction.atomic
def submit(
    broadcast: Broadcast, user: AbstractBaseUser, *, digest: str | None = None, at: datetime | None = None
) -> Broadcast:
    """Ask a second person; until they answer nobody changes it.

    Args:
        at: when it should leave; nothing: as soon as it is approved.

    Raises:
        NotAllowed, ContentError: as `sending.send`.
    """
    broadcast = lifecycle.locked(broadcast)
    lifecycle.move(broadcast, Step.SUBMIT)
    check(broadcast, digest)
    broadcast.submitted_at, broadcast.wanted_at = timezone.now(), at
    broadcast.return_reason = broadcast.obstacle = ""
    broadcast.save()
    versions.record(broadcast, Event.SUBMIT, user, digest=composing.digest(broadcast))
    _ask(broadcast, user)
    return broadcast


def _ask(broadcast: Broadcast, user: AbstractBaseUser) -> None:
    """An alert calls whoever is on duty, so that nobody must sit before the screen."""
    reason = "allerta da approvare" if broadcast.category.is_alert else "avviso da approvare"
    text = f"«{broadcast}» aspetta una seconda persona che lo controlli e lo approvi."
    path = reverse("admin:broadcasts_broadcast_send", args=[broadcast.pk])
    approvers = _approvers().exclude(pk=user.pk)
    if broadcast.category.is_alert:
        paging.page(reason, text, key=_key(broadcast), path=path)
        approvers = approvers.exclude(pk__in=StaffPhone.objects.values("user"))
    paging.write(approvers, reason, text, path=path)


def _approvers() -> QuerySet[User]:
    return User.objects.with_perm("broadcasts.approve_broadcast")


def _key(broadcast: Broadcast) -> str:
    return f"{CALL_KEY}{broadcast.pk}"


def waiting() -> QuerySet[Broadcast]:
    """What waits for a second person, or to be corrected: alerts first, then as they came."""
    found = Broadcast.objects.filter(state__in=[State.SUBMITTED, State.RETURNED])
    return found.select_related("category", "author").order_by("category__lane", "submitted_at")


def written_by(user: AbstractBaseUser | PermissionsMixin) -> QuerySet[Broadcast]:
    """The notices in whose text this person has a hand."""
    mine = Version.objects.filter(broadcast=OuterRef("pk"), by_id=user.pk, event__in=WRITING)
    return Broadcast.objects.filter(Exists(mine) | Q(author_id=user.pk))


@transaction.atomic
def withdraw(broadcast: Broadcast, user: AbstractBaseUser) -> Broadcast:
    """A draft again: whoever wrote it wants to change it. Raises NotAllowed: it does not wait."""
    return _take_out(broadcast, Step.WITHDRAW, Event.WITHDRAW, user, "")


@transaction.atomic
def send_back(broadcast: Broadcast, user: AbstractBaseUser, reason: str) -> Broadcast:
    """To be corrected, because of this. Raises NotAllowed: it does not wait, or no reason is given."""
    if not reason.strip():
        raise NotAllowed("Scrivi che cosa va corretto: chi ha scritto l'avviso lo legge sulla bozza.")
    return _take_out(broadcast, Step.RETURN, Event.RETURN, user, " ".join(reason.split())[:500])


def _take_out(
    broadcast: Broadcast, step: Step, event: Event, user: AbstractBaseUser, reason: str
) -> Broadcast:
    broadcast = lifecycle.locked(broadcast)
    lifecycle.move(broadcast, step)
    broadcast.wanted_at = None
    broadcast.return_reason = reason
    broadcast.save()
    versions.record(broadcast, event, user, note=reason)
    settle(broadcast, user)
    return broadcast


def settle(broadcast: Broadcast, user: AbstractBaseUser) -> None:
    """Nobody need be called any more for this notice."""
    paging.settle(_key(broadcast), User.objects.filter(pk=user.pk).first())


def refuse_from_phone(sender: object, *, key: str, user: User, **_: object) -> str:
    """Why this user cannot take a notice that waits for approval (`whatsapp.signals.page_taken`)."""
    number = key.removeprefix(CALL_KEY)
    if number == key or not number.isdecimal():
        return ""
    broadcast = Broadcast.objects.filter(pk=number, state=State.SUBMITTED).first()
    if broadcast is None:
        return ""
    if not user.has_perm("broadcasts.approve_broadcast"):
        return "Con il tuo utente non puoi approvare gli avvisi."
    return refusal(broadcast, user)


# --- Answering for it -----------------------------------------------------------------------------


def refusal(broadcast: Broadcast, user: AbstractBaseUser) -> str:
    """Why this person cannot be the second one, in Italian; empty if they can."""
    if written_by(user).filter(pk=broadcast.pk).exists():
        return "Questo avviso lo hai scritto o modificato tu: lo approva un'altra persona."
    return ""


def answer_for(
    broadcast: Broadcast, user: AbstractBaseUser, emergency: Emergency | None, *, submitted: bool
) -> Event:
    """Who answers for its leaving: a second person, or one where that is enough. Unsaved.

    Returns:
        What happened, for the history.

    Raises:
        NotAllowed: it needs a second person, and this is none; or it is no emergency.
    """
    if emergency:
        _refuse_calm(broadcast, emergency)
        broadcast.alert_level = emergency.level
        broadcast.emergency_reason = " ".join(emergency.reason.split())[:500]
        return Event.EMERGENCY
    reason = refusal(broadcast, user)
    if submitted and not reason:
        broadcast.approved_by_id, broadcast.approved_at = user.pk, timezone.now()
        return Event.APPROVE
    if broadcast.category.approval:
        raise NotAllowed(reason if submitted else "Serve una seconda persona: chiedi l'approvazione.")
    return Event.SEND


def _refuse_calm(broadcast: Broadcast, emergency: Emergency) -> None:
    if not broadcast.category.is_alert or emergency.level not in AlertLevel:
        raise NotAllowed("Da una sola persona partono solo le allerte arancioni e rosse.")
    if not emergency.reason.strip():
        raise NotAllowed("Scrivi perché l'allerta non può aspettare una seconda persona.")


def recheck(broadcast: Broadcast) -> None:
    """Raises NotAllowed: somebody was enough when it was confirmed, and is no longer."""
    if broadcast.category.approval and not (broadcast.approved_by_id or broadcast.alert_level):
        raise NotAllowed(
            f"La categoria «{broadcast.category}» ora vuole una seconda persona: chiedi l'approvazione."
        )


def void(broadcast: Broadcast) -> None:
    """Nobody answers for it any more, and it does not leave. Unsaved."""
    broadcast.leaves_at = broadcast.sent_by = broadcast.approved_by = broadcast.approved_at = None
    broadcast.confirmed = broadcast.alert_level = broadcast.emergency_reason = ""


# --- After an emergency ---------------------------------------------------------------------------


def tell_everybody(broadcast: Broadcast) -> None:
    """One person alone has sent an alert: the whole staff knows at once."""
    who = broadcast.sent_by.get_full_name() or broadcast.sent_by.get_username() if broadcast.sent_by else ""
    text = (
        f"{who} ha inviato da solo l'allerta {broadcast.get_alert_level_display()} «{broadcast}». "
        f"Motivo: {broadcast.emergency_reason} Un'altra persona la controlli e la controfirmi."
    )
    path = reverse("admin:broadcasts_broadcast_change", args=[broadcast.pk])
    reason = "allerta inviata da una sola persona"
    paging.page(reason, text, path=path, everybody=True)
    paging.write(_approvers().exclude(pk__in=StaffPhone.objects.values("user")), reason, text, path=path)


@transaction.atomic
def countersign(broadcast: Broadcast, user: AbstractBaseUser) -> Broadcast:
    """A second person answers, afterwards, for an alert that one alone has sent.

    Raises:
        NotAllowed: it was no emergency, somebody has done it already, or it is the same person.
    """
    broadcast = lifecycle.locked(broadcast)
    if broadcast.countersigned_at:
        raise NotAllowed("L'allerta è già stata controfirmata.")
    if not broadcast.needs_countersignature:
        raise NotAllowed("Questo avviso non ha bisogno di una controfirma.")
    if broadcast.sent_by_id == user.pk or refusal(broadcast, user):
        raise NotAllowed("L'allerta l'hai scritta o inviata tu: la controfirma un'altra persona.")
    broadcast.countersigned_by_id, broadcast.countersigned_at = user.pk, timezone.now()
    broadcast.save()
    versions.record(broadcast, Event.COUNTERSIGN, user, digest=broadcast.confirmed)
    return broadcast


def emergencies() -> list[Broadcast]:
    """What one person alone has sent this year, and what still lacks its countersignature; newest first."""
    begin = timezone.localtime().replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    sent = Broadcast.objects.exclude(alert_level="").filter(started_at__isnull=False)
    found = sent.filter(Q(started_at__gte=begin) | Q(countersigned_at__isnull=True))
    return list(found.select_related("category", "sent_by").order_by("-started_at"))


def this_year(found: Iterable[Broadcast]) -> Year:
    """The figure of the year, which is that of Rome's calendar, from `emergencies`."""
    year = timezone.localdate().year
    done = [
        n.countersigned_at for n in found if n.started_at and timezone.localdate(n.started_at).year == year
    ]
    return Year(year, len(done), sum(at is not None for at in done))
