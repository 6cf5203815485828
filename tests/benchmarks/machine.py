"""On what the figures were measured."""

import os
import platform
from pathlib import Path

from django.db import connection


def describe() -> str:
    """Processor, cores, memory, versions, and how busy the machine was before."""
    model = next(
        (
            line.split(": ")[1]
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version'), current_setting('fsync')")
        version, fsync = cursor.fetchone()
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}; PostgreSQL {version} (fsync {fsync}); "
        f"load before: {os.getloadavg()[0]:.1f}"
    )
