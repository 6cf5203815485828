"""What the register's events say of a person's subscription: a pure fold, the same for any past date."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from subscribers.models import ConsentEvent
from subscribers.register import Kind

BEGINS = {Kind.SUBSCRIBED, Kind.TAKEN_OVER}
ENDS = {Kind.LEFT, Kind.MERGED}


@dataclass
class Standing:
    """A subject's subscription at one moment; `left_topics` are slugs, with the moment each was left."""

    subject_id: UUID
    active: bool = False
    since: datetime | None = None
    left_at: datetime | None = None
    merged: bool = False
    erased: ConsentEvent | None = None
    left_topics: dict[str, datetime] = field(default_factory=dict)

    def follow(self, event: ConsentEvent) -> None:
        """Take one more event into account; they come in the register's order."""
        if event.kind in BEGINS:
            self.active, self.since, self.left_at, self.merged = True, event.at, None, False
        elif event.kind in ENDS:
            self.active, self.left_at, self.merged = False, event.at, event.kind == Kind.MERGED
            self.left_topics.clear()
        elif event.kind == Kind.ERASED:
            self.active, self.erased = False, event
        elif event.kind == Kind.TOPIC_LEFT:
            self.left_topics[event.topic] = event.at
        elif event.kind == Kind.TOPIC_KEPT:
            self.left_topics.pop(event.topic, None)


AnyStanding = TypeVar("AnyStanding", bound=Standing)


def fold(events: Iterable[ConsentEvent]) -> Iterable[Standing]:
    """The standing of each subject, after events ordered by subject and sequence. Lazy."""
    return fold_into(Standing, events)


def fold_into(kind: type[AnyStanding], events: Iterable[ConsentEvent]) -> Iterable[AnyStanding]:
    """The same, as standings that take more of each event into account."""
    for subject_id, theirs in groupby(events, key=lambda event: event.subject_id):
        standing = kind(subject_id)
        for event in theirs:
            standing.follow(event)
        yield standing


def at(moment: datetime) -> Iterable[Standing]:
    """The standing of everybody who had joined by then, as the register knew it, in constant memory."""
    events = ConsentEvent.objects.filter(at__lte=moment).order_by("subject_id", "sequence")
    everybody = fold(events.iterator(chunk_size=2000))
    return (standing for standing in everybody if standing.since and not standing.merged)
