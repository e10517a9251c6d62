"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

_LIBRARIES = ("aiosmtpd", "uvloop", "sqlalchemy", "psycopg", "aiosmtplib", "msgspec")


def describe(folder: Path) -> dict[str, Any]:
    """Machine, versions, and what one fsync costs in ``folder``, where the databases lie."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "fsync_ms": fsync_ms(folder),
        "load_before": os.getloadavg()[0],
    }


def fsync_ms(folder: Path, times: int = 50) -> float:
    """Median milliseconds of writing 4 kB and fdatasync."""
    path = folder / "fsync"
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        os.write(file, b"x" * 4096)
        os.fdatasync(file)
        taken.append(time.perf_counter() - began)
    os.close(file)
    path.unlink()
    return 1000 * statistics.median(taken)


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
