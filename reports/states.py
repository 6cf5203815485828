"""The life of a report: states, and the one table that says what may follow what."""

from django.db import models


class State(models.TextChoices):
    """The labels are what staff and citizens read."""

    RECEIVED = "received", "ricevuta"
    VERIFYING = "verifying", "in verifica"
    TAKEN = "taken", "presa in carico"
    WORKING = "working", "in lavorazione"
    RESOLVED = "resolved", "risolta"
    NOT_OURS = "not_ours", "non di competenza"
    REJECTED = "rejected", "non accolta"
    DUPLICATE = "duplicate", "duplicata"
    CANCELLED = "cancelled", "annullata"
    REOPENED = "reopened", "riaperta"


class Forbidden(ValueError):
    """A change of state that makes no sense; the text tells the staff why and what to do."""


OUTCOMES = (State.RESOLVED, State.NOT_OURS, State.REJECTED, State.CANCELLED)
OPEN = (State.RECEIVED, State.VERIFYING, State.TAKEN, State.WORKING, State.REOPENED)
# Open, and nobody has it: the citizen is waiting for a person.
WAITING = (State.RECEIVED, State.REOPENED)

_ENDS = (*OUTCOMES, State.DUPLICATE)
_ANEW = (State.VERIFYING, State.TAKEN, State.WORKING, *_ENDS)
TRANSITIONS: dict[State, tuple[State, ...]] = {
    State.RECEIVED: _ANEW,
    State.REOPENED: _ANEW,
    State.VERIFYING: (State.TAKEN, State.WORKING, *_ENDS),
    State.TAKEN: (State.VERIFYING, State.WORKING, *_ENDS),
    State.WORKING: _ENDS,
    **dict.fromkeys(_ENDS, (State.REOPENED,)),
}


def is_open(state: str) -> bool:
    """Is anything still to be done?"""
    return state in OPEN


def may_become(state: str, wanted: State) -> bool:
    """Is this change in the table?"""
    return wanted in TRANSITIONS[State(state)]


def check(state: str, wanted: State) -> None:
    """Raises Forbidden if the table does not have this change."""
    if may_become(state, wanted):
        return
    now = State(state).label
    if not is_open(state):
        raise Forbidden(f"La segnalazione è già chiusa («{now}»): riaprila per continuare.")
    raise Forbidden(f"La segnalazione è già «{now}»: non può diventare «{wanted.label}».")
