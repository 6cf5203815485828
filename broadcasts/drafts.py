"""Drafts save themselves, and nobody saves over what a colleague wrote meanwhile."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from broadcasts import versions
from broadcasts.models import Broadcast

# Who saved less than this ago is still writing.
PRESENCE = timedelta(minutes=2)


@dataclass(frozen=True)
class Seen:
    """What a draft says: two people who write the same are of one mind."""

    category: int | None
    title: str
    text: str
    file: str
    place: tuple[float | None, float | None, str, str]

    @classmethod
    def of(cls, notice: Broadcast) -> "Seen":
        """As it is in memory; line ends as browsers send them."""
        return cls(
            notice.category_id,
            notice.title,
            notice.text.replace("\r\n", "\n"),
            notice.media.sha256 if notice.media else "",
            (notice.latitude, notice.longitude, notice.place_name, notice.place_address),
        )


def find(key: str) -> Broadcast | None:
    """The notice begun on the page with this key; None: not saved yet."""
    try:
        return Broadcast.objects.filter(key=uuid.UUID(key)).first()
    except ValueError:
        return None


def locked(key: str) -> Broadcast | None:
    """The same, locked until the transaction ends."""
    there = find(key)
    found = Broadcast.objects.select_for_update(of=("self",)).select_related("category", "media", "edited_by")
    return found.filter(pk=there.pk).first() if there else None


def keep(notice: Broadcast, user: AbstractBaseUser) -> None:
    """Save a draft, new or locked by the caller, as this person's word."""
    notice.revision += 1
    notice.edited_by_id = user.pk
    notice.edited_at = timezone.now()
    notice.save()
    versions.keep(notice, user)


def writing(notice: Broadcast, user: AbstractBaseUser) -> str:
    """«Serena Vitale sta scrivendo qui», if somebody else is; else empty."""
    editor, at = notice.edited_by, notice.edited_at
    if editor is None or at is None or editor.pk == user.pk or at < timezone.now() - PRESENCE:
        return ""
    return f"{editor.get_full_name() or editor.get_username()} sta scrivendo qui: mettetevi d'accordo."


def changed(notice: Broadcast) -> str:
    """«cambiata da Serena Vitale alle 10:41»."""
    editor, at = notice.edited_by, notice.edited_at
    if editor is None or at is None:
        return "cambiata"
    return (
        f"cambiata da {editor.get_full_name() or editor.get_username()} alle {timezone.localtime(at):%H:%M}"
    )
