"""The history of a notice until it leaves: what it said, who changed it, who answered for it (feature 82)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from rapidfuzz.distance import Indel

from broadcasts.models import Broadcast, Version
from broadcasts.types import Event

# One person's saves in a row are one change, unless there was a pause as long as this.
ONE_GO = timedelta(minutes=10)
# Each with the space behind it
_WORDS = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True)
class Change:
    """One field that differs: pieces of ("equal", "insert" or "delete", words)."""

    label: str
    pieces: list[tuple[str, str]]


@dataclass(frozen=True)
class Line:
    """A line of the history with what changed since the one before."""

    version: Version
    changes: list[Change]


def told(notice: Broadcast) -> dict[str, str]:
    """All that people get of it, in words, by name."""
    media, place = notice.media, notice.place
    return {
        "Categoria": notice.category.name,
        "Titolo": notice.title,
        "Testo": notice.text,
        "File": f"{media.filename or media.get_kind_display()} (impronta {media.sha256[:12]})"
        if media
        else "",
        "Luogo": f"{place.name} {place.address} ({place.latitude}, {place.longitude})" if place else "",
        "Validità": f"{notice.category.expiry_hours} ore",
        "Segue": f"{notice.get_sequel_display()} di «{notice.follows}»" if notice.follows else "",
    }


def keep(notice: Broadcast, user: AbstractBaseUser) -> None:
    """After every save, by hand or by itself, with the notice's row locked: what it says now, and by whom."""
    last, said = notice.versions.last(), told(notice)
    if last and last.said == said:
        return
    if last and last.event == Event.SAVE and last.by_id == user.pk and last.at > timezone.now() - ONE_GO:
        last.said, last.at = said, timezone.now()
        last.save(update_fields=["said", "at"])
        return
    record(notice, Event.SAVE, user)


def record(
    notice: Broadcast, event: Event, user: AbstractBaseUser | None, *, note: str = "", digest: str = ""
) -> None:
    """One more line, with the notice's row locked. `user`: nobody when it happened by itself."""
    last = notice.versions.last()
    Version.objects.create(
        broadcast=notice,
        number=last.number + 1 if last else 1,
        event=event,
        by_id=user.pk if user else None,
        note=note[:500],
        digest=digest,
        said=told(notice),
    )


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """The fields that differ, word by word."""
    labels = dict.fromkeys([*before, *after])
    pairs = ((label, before.get(label, ""), after.get(label, "")) for label in labels)
    return [Change(label, _pieces(old, new)) for label, old, new in pairs if old != new]


def _pieces(old: str, new: str) -> list[tuple[str, str]]:
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    pieces: list[tuple[str, str]] = []
    # The longest common subsequence: at most a tenth of a second for the longest texts, whatever they are.
    steps = groupby(Indel.opcodes(before, after), key=lambda step: step.tag == "equal")
    for is_equal, group in steps:
        run = list(group)
        removed = "".join(before[run[0].src_start : run[-1].src_end])
        added = "".join(after[run[0].dest_start : run[-1].dest_end])
        if is_equal:
            pieces.append(("equal", removed))
            continue
        if removed:
            pieces.append(("delete", removed))
        if added:
            pieces.append(("insert", added))
    return pieces


def history(notice: Broadcast) -> list[Line]:
    """The newest first. Two queries."""
    lines, before = [], None
    for version in notice.versions.select_related("by"):
        lines.append(Line(version, differences(before, version.said) if before else []))
        before = version.said
    return lines[::-1]


def since_last_shown(notice: Broadcast) -> list[Change]:
    """What changed since a second person was last asked; nothing the first time."""
    asked = notice.versions.filter(event=Event.SUBMIT).order_by("-number")[:2]
    if len(shown := list(asked)) < 2:
        return []
    return differences(shown[1].said, told(notice))
