"""Broken files of every kind: each is shown, kept or held back, and none costs more than its share."""

import json
import os
import subprocess
import sys

import pytest

from tests.fuzzed_files import bent
from whatsapp import media
from whatsapp.files import isolation
from whatsapp.models import Media
from whatsapp.types import Kind

LONG = os.environ.get("FAULTS") == "long"
COUNT = 5000 if LONG else 500
SEED = int(os.environ.get("SEED", "13"))


@pytest.mark.timeout(7200 if LONG else 900)
def test_broken_files_stop_nothing() -> None:
    command = [sys.executable, "-m", "tests.fuzzed_files", str(SEED), str(COUNT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["failures"] == []
    assert sum(answer["outcomes"].values()) == COUNT
    assert set(answer["outcomes"]) == {"shown", "kept", "held back"}
    assert answer["worker_megabytes"] < 300
    assert answer["child_megabytes"] < 300
    assert answer["cpu_seconds"] < isolation.CPU_SECONDS + 5
    print(answer)


@pytest.mark.django_db
@pytest.mark.timeout(600)
def test_each_ends_with_a_row_that_says_what_became_of_it() -> None:
    for content, name in bent(SEED + 1, 30):
        file = Media.objects.create(kind=Kind.DOCUMENT, inbound=True, filename=name[:120].replace("\0", ""))
        media.keep_inbound(file, content)
        file.refresh_from_db()
        if file.status == Media.Status.REJECTED:
            assert file.reason == "file vuoto"
        else:
            assert file.status == Media.Status.FETCHED
            assert file.file.size == file.size
