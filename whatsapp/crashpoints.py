"""Places where a test lets a process die, to prove that whatever it leaves behind goes on (tests/faults).

In service nothing happens: the environment variable WHATSURP_CRASH_AT is not set.
"""

import itertools
import os
import signal

# What is true when the process dies there.
POINTS = {
    "claiming": "attempts written and slots reserved, not committed",
    "claimed": "attempts committed, no call begun",
    "before_call": "a slot has come, the call is about to begin",
    "after_call": "the provider has answered, nothing of it is written",
    "before_record": "some answers are in hand, not written",
    "recording": "answers written, not committed",
    "recorded": "answers committed, the number has not reacted to errors",
    "turn_over": "all answers of a turn committed, its heartbeat is still there",
    "lost_marked": "a sweep has marked lost attempts as uncertain",
    "alerts_retried": "a sweep has given uncertain alerts their second chance",
    "event_stored": "a webhook committed, not answered, nobody woken",
    "event_taken": "webhooks leased, not read",
    "message_kept": "a citizen's message committed, no handler has seen it",
    "message_handled": "a citizen's message handled and committed, the rest of its webhook is not",
    "events_applied": "all that webhooks tell is committed, they are not marked as handled",
}

_name, _, _nth = os.environ.get("WHATSURP_CRASH_AT", "").partition(":")
if _name and _name not in POINTS:
    raise ValueError(f"WHATSURP_CRASH_AT: no crash point is called {_name!r}")
_times = itertools.count(1)


def reach(name: str) -> None:
    """Die here if `WHATSURP_CRASH_AT=name[:nth]` says so, as by a power cut: nothing can tidy up."""
    if name == _name and next(_times) == int(_nth or 1):
        os.write(2, f"crash point reached: {name}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
