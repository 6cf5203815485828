"""Broken files, drawn from a seed; `python -m tests.fuzzed_files SEED COUNT` examines them as a worker does
and writes what became of them and what it cost."""

import io
import json
import os
import random
import resource
import struct
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import django
import pillow_heif
from PIL import Image

from tests.files import OLE, clip, docx, pdf, picture, script, zipped

# Of files as large as they may be.
BEGINNINGS = (b"%PDF-1.7\n", b"PK\x03\x04", OLE, b"\xff\xd8\xff\xe0", b"\0\0\0\x18ftypisom")
LARGEST = 25 * 1024 * 1024
NAMES = ["foto.jpg", "modulo.pdf", "a.exe", "", "\u202egpj.mp4", "x" * 300, "../../a.txt", "nota\x00.docx"]


def seeds() -> list[bytes]:
    """One valid file of each kind."""
    heic = io.BytesIO()
    pillow_heif.from_pillow(Image.linear_gradient("L").resize((96, 64)).convert("RGB")).save(heic)
    return [
        picture(),
        picture(form="PNG"),
        picture(form="PNG", mode="1"),
        picture(form="WEBP"),
        picture(form="AVIF"),
        picture(form="GIF"),
        picture(form="TIFF"),
        heic.getvalue(),
        clip(),
        clip(brand=b"3gp5"),
        clip(brand=b"qt  "),
        pdf(title="Bozza"),
        pdf(within_streams=True, OpenAction=script()),
        docx(),
        docx("word/vbaProject.bin"),
        zipped(mimetype="application/vnd.oasis.opendocument.text"),
        OLE + bytes(500) + "Workbook".encode("utf-16-le"),
        b"OggS\0\2" + bytes(60),
        "Perché la buca è lì?\r\n".encode("cp1252") * 20,
    ]


def bent(seed: int, count: int) -> Iterator[tuple[bytes, str]]:
    """Files with their names: truncated, with bits flipped, with numbers replaced, with pieces of others."""
    drawn, valid = random.Random(seed), seeds()
    for _ in range(count):
        content = bytearray(drawn.choice(valid))
        for _ in range(drawn.randint(1, 3)):
            _bend(content, drawn, valid)
        yield bytes(content), drawn.choice(NAMES)


def _bend(content: bytearray, drawn: random.Random, valid: list[bytes]) -> None:
    at = drawn.randrange(len(content) + 1)
    way = drawn.choice(["cut", "flip", "number", "splice", "repeat"])
    if way == "cut":
        del content[at:]
    elif way == "flip":
        for _ in range(drawn.randint(1, 20)):
            if content:
                content[drawn.randrange(len(content))] ^= 1 << drawn.randrange(8)
    elif way == "number":
        content[at : at + 4] = struct.pack(">I", drawn.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 60_000]))
    elif way == "splice":
        other = drawn.choice(valid)
        begin = drawn.randrange(len(other))
        content[at:at] = other[begin : begin + drawn.randint(1, 400)]
    else:
        content[at:at] = bytes(content[:at][-200:]) * drawn.randint(1, 30)


def _peak() -> int:
    """The most memory this process has had, in megabytes; what `getrusage` says begins with its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))


def main(seed: int, count: int) -> None:
    django.setup()
    from whatsapp.files import incoming

    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    worst = 0.0
    for beginning in BEGINNINGS:
        incoming.examine(beginning.ljust(LARGEST, b"\0"))
    incoming.examine("🚧".encode() * (LARGEST // 4))
    for number, (content, name) in enumerate(bent(seed, count)):
        before = sum(os.times()[:4])
        try:
            file = incoming.examine(content, name)
            outcomes["held back" if file.warning else "shown" if file.thumbnail else "kept"] += 1
        except Exception:
            failures.append(f"file {number} of seed {seed}: {traceback.format_exc()}")
        worst = max(worst, sum(os.times()[:4]) - before)
    answer = {
        "outcomes": outcomes,
        "failures": failures,
        "cpu_seconds": worst,
        "worker_megabytes": _peak(),
        "child_megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
