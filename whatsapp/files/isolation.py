"""Decoders run in a process of their own: a bug or a bomb in a stranger's file costs that file only."""

import json
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
JOBS = {
    "draw": "whatsapp.files.pictures.draw",
    "examine_pdf": "whatsapp.files.pdfs.examine",
    "clean_pdf": "whatsapp.files.pdfs.clean",
}
MEMORY = 170 * 1024 * 1024  # bytes of private memory: 150 MB for the file, the rest for the interpreter
CPU_SECONDS = 20
WALL_SECONDS = 90
# One at a time in each process of the service, so that a heap of pictures costs the memory of one.
_turn = threading.Lock()


class Refused(Exception):
    """The job has no result for this file.

    Attributes:
        code: "unreadable", "large" (too much memory or time), or a code of the job's own.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Result:
    """What a job found out about a file, and what it made of it."""

    facts: dict[str, Any]
    parts: list[bytes]


def run(job: str, content: bytes) -> Result:
    """Do one of `JOBS` on a file, in a child process with bounded memory and time.

    Raises:
        Refused: the file is at fault.
        OSError: the machine could not start the process: worth another try.
    """
    with _turn, tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        command = [sys.executable, "-E", "-s", "-m", "whatsapp.files", job]
        try:
            done = subprocess.run(
                command, stdin=file, capture_output=True, cwd=ROOT, env={}, timeout=WALL_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise Refused("large") from error
    if done.returncode:
        raise Refused("large" if done.returncode < 0 else "unreadable")
    return _read(done.stdout)


def _read(output: bytes) -> Result:
    head, _, rest = output.partition(b"\n")
    answer = json.loads(head)
    if "refused" in answer:
        raise Refused(answer["refused"])
    parts = []
    for length in answer["parts"]:
        parts.append(rest[:length])
        rest = rest[length:]
    return Result(answer["facts"], parts)
