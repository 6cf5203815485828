"""`python -m whatsapp.files <job>`: one job on one file from a stranger, in a process of its own.

The file is the standard input. The answer is a line of JSON (`facts` and the lengths of the `parts`, or why
it was `refused`), then the parts. The process has none of the service's environment, and dies when it asks
for more than its share, whatever a decoder does.
"""

import importlib
import json
import resource
import sys
from typing import Any, BinaryIO

from whatsapp.files.isolation import CPU_SECONDS, JOBS, MEMORY, Refused


def bound() -> None:
    """Limit what this process may use from here on; it can write no file."""
    limits = {
        resource.RLIMIT_DATA: MEMORY,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for name, limit in limits.items():
        resource.setrlimit(name, (limit, limit))


def answer(job: str, file: BinaryIO) -> tuple[dict[str, Any], list[bytes]]:
    """The job's facts and parts, or why there are none."""
    module, _, function = JOBS[job].rpartition(".")
    work = getattr(importlib.import_module(module), function)
    bound()
    try:
        facts, parts = work(file)
    except Refused as refused:
        return {"refused": refused.code}, []
    except MemoryError:
        return {"refused": "large"}, []
    except Exception:  # a decoder that is fed by strangers raises anything
        return {"refused": "unreadable"}, []
    return {"facts": facts, "parts": [len(part) for part in parts]}, parts


if __name__ == "__main__":
    head, contents = answer(sys.argv[1], sys.stdin.buffer)
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    for content in contents:
        sys.stdout.buffer.write(content)
