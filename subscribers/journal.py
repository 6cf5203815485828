"""The register's copy on another disk: JSON Lines, one event a line, in order, without personal data.

Written after each commit and by the sweep, which fills what a crash left out. Whoever writes holds the file's
lock and goes on from its last whole line, so that it has neither gaps nor doubles, whatever runs at once.
It is only ever appended to, so that the file may be append-only (`chattr +a`): a line that a crash tore stays
and is skipped.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from subscribers.models import ConsentEvent

Line = dict[str, Any]
CHUNK = 2000
LONGEST_LINE = 4096  # bytes; a line has about 600


class Ahead(Exception):
    """The journal has events the register has not: an older backup was restored, or rows are missing."""

    def __str__(self) -> str:
        return (
            "Il diario dei consensi ha eventi che mancano nel registro: dopo il ripristino di una copia "
            "esegui «manage.py reapply_optouts»; altrimenti «manage.py verify_consents»."
        )


def line(event: ConsentEvent) -> Line:
    """An event as the journal holds it."""
    return {**event.chained(), "hash": event.hash}


def write() -> int:
    """Copy the events the journal has not got yet; returns how many.

    Raises:
        Ahead: it would no longer be a copy.
        OSError: the file cannot be written; the sweep tries again.
    """
    if not settings.CONSENT_JOURNAL:
        return 0
    with _opened() as file:
        last = _last(file)
        if last and not ConsentEvent.objects.filter(sequence=last["sequence"], hash=last["hash"]).exists():
            raise Ahead
        missing = ConsentEvent.objects.filter(sequence__gt=last["sequence"] if last else 0)
        count = 0
        for event in missing.order_by("sequence").iterator(chunk_size=CHUNK):
            file.write(json.dumps(line(event), separators=(",", ":")).encode() + b"\n")
            count += 1
        if count:  # of several appends in one transaction the first has written them all
            file.flush()
            os.fsync(file.fileno())
        return count


def read() -> Iterator[Line]:
    """The journal's whole lines, in order; empty without a journal.

    The reader skips a line that is not whole: each line holds its predecessor's hash, which shows the gap.
    """
    path = Path(settings.CONSENT_JOURNAL or os.devnull)
    if path.exists():
        with path.open("rb") as file:
            yield from filter(None, map(_parsed, file))


def set_aside() -> Path:
    """Keep the journal under another name and begin a new one. Returns the old one's new name."""
    path = Path(settings.CONSENT_JOURNAL)
    aside = path.with_name(f"{path.name}.{int(path.stat().st_mtime)}")
    path.rename(aside)
    write()
    return aside


@contextmanager
def _opened() -> Iterator[IO[bytes]]:
    """The file for this process alone, to be appended to."""
    path = Path(settings.CONSENT_JOURNAL)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _last(file: IO[bytes]) -> Line | None:
    """The last whole line; one that a crash tore is ended, so that the next begins on a line of its own."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 3 * LONGEST_LINE))
    tail = file.read()
    if tail and not tail.endswith(b"\n"):
        file.write(b"\n")
    lines = filter(None, map(_parsed, reversed(tail.splitlines(keepends=True))))
    return next(lines, None)


def _parsed(text: bytes) -> Line | None:
    """A whole line's content; None for a torn one."""
    if not text.endswith(b"\n"):
        return None
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) and {"sequence", "hash"} <= content.keys() else None
