"""A person who opens many dossiers within an hour: the administrators are warned."""

from datetime import timedelta
from typing import Any

from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone

from whatsapp import audit, paging
from whatsapp.models import Contact

WINDOW = timedelta(hours=1)
MOST = 20  # people whose dossiers one person opens within the window, as a day's work may need
WARNED = "auth.change_user"  # who may switch the person off
SHOWN_FOR = timedelta(days=7)


def note(person: Contact, user: Any) -> None:
    """Log that this user has opened a person's dossier; warn the administrators if there are many."""
    audit.note_opening(person)
    mine = LogEntry.objects.filter(
        actor_id=user.pk, action=LogEntry.Action.ACCESS, timestamp__gte=timezone.now() - WINDOW
    )
    people = mine.filter(content_type=ContentType.objects.get_for_model(Contact)).values("object_pk")
    if people.distinct().count() > MOST and not mine.filter(additional_data__alarm=True).exists():
        _warn(user)


def _warn(user: Any) -> None:
    done = f"ha aperto più di {MOST} fascicoli in un'ora"
    LogEntry.objects.log_create(
        user,
        force_log=True,
        action=LogEntry.Action.ACCESS,
        actor=user,
        additional_data={"done": done, "alarm": True},
    )
    text = (
        f"{user.get_full_name() or user.get_username()} {done}. Chiedi perché; se non c'è una ragione, togli "
        "«attivo» al suo utente. Che cosa ha aperto sta nel Registro delle azioni."
    )
    administrators = User.objects.with_perm(WARNED).filter(is_active=True)
    paging.write(administrators, "molti fascicoli aperti", text, path=reverse("admin:auth_user_changelist"))


def warnings() -> Any:
    """Those of the last days, the newest first."""
    recent = LogEntry.objects.filter(timestamp__gte=timezone.now() - SHOWN_FOR)
    return recent.filter(additional_data__alarm=True).select_related("actor").order_by("-timestamp")
