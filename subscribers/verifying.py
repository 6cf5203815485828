"""Is the register as it was written? Chain, evidence and journal, row by row (DESIGN 5.3)."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields

from subscribers import journal
from subscribers.journal import Line
from subscribers.models import ConsentEvent, ConsentEvidence, RegisterHead
from subscribers.register import FIRST_HASH, Evidence, commit, row_hash

Track = Callable[[Iterable[ConsentEvent]], Iterable[ConsentEvent]]


NO_HEADS: Mapping[int, str] = {}


def verify(track: Track = iter, heads: Mapping[int, str] = NO_HEADS) -> tuple[int, str]:
    """Check every row in order, its evidence if it is still there, and the journal's copy.

    Nobody waits for it: rows appended meanwhile are left to the next time.

    Args:
        track: goes through the rows, and may show how far it has got.
        heads: sequence -> hash of heads that left the machine earlier, by e-mail.

    Returns:
        How many rows hold, and what is wrong with the next one, in Italian (empty: nothing).
    """
    head = RegisterHead.objects.filter(pk=1).first() or RegisterHead()
    rows = ConsentEvent.objects.filter(sequence__lte=head.sequence).order_by("sequence")
    copies = journal.read()
    previous, good = FIRST_HASH, 0
    for event in track(rows.select_related("evidence").iterator(chunk_size=2000)):
        problem = _problem(event, good + 1, previous) or _differs(event, next(copies, None))
        if not problem and heads.get(event.sequence, event.hash) != event.hash:
            problem = f"la riga {event.sequence} non è quella della testa inviata per e-mail"
        if problem:
            return good, problem
        previous, good = event.hash, good + 1
    if (good, previous) != (head.sequence, head.hash):
        return good, f"mancano righe alla fine: il registro ne aveva {head.sequence}"
    if (latest := max(heads, default=0)) > head.sequence:
        return good, f"mancano righe alla fine: la testa inviata per e-mail era la {latest}"
    if any(copy["sequence"] > head.sequence for copy in copies) and _cut(head):
        return good, "mancano righe alla fine: il diario ne ha altre"
    return good, ""


def _problem(event: ConsentEvent, sequence: int, previous: str) -> str:
    if event.sequence != sequence:
        return f"manca la riga {sequence}"
    if event.previous_hash != previous or not hmac.compare_digest(event.hash, row_hash(event)):
        return f"la riga {sequence} è stata modificata"
    evidence = getattr(event, "evidence", None)
    if evidence and not hmac.compare_digest(event.commitment, commit(_told(evidence), evidence.salt)):
        return f"la prova della riga {sequence} è stata modificata"
    return ""


def _told(evidence: ConsentEvidence) -> Evidence:
    return Evidence(**{one.name: getattr(evidence, one.name) for one in fields(Evidence)})


def _differs(event: ConsentEvent, copy: Line | None) -> str:
    """A row the journal has not got yet is no problem: the sweep copies it."""
    if copy is None or copy == journal.line(event):
        return ""
    return f"la riga {event.sequence} è diversa nel diario"


def _cut(head: RegisterHead) -> bool:
    """Has nothing been appended since the check began?"""
    return not ConsentEvent.objects.filter(sequence__gt=head.sequence).exists()
