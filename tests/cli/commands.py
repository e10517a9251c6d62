"""The program as a person runs it: in a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


def environment(folder: Path, **values: str) -> dict[str, str]:
    """For a desk whose data lie in ``folder``, on any free ports; ``values`` without their prefix."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("DESKBOT_")}
    defaults = {"DESK__DATA": str(folder / "var"), "SMTP__PORT": "0", "WEB__PORT": "0"}
    return {**own, "PYTHONPATH": str(ROOT), **{f"DESKBOT_{k}": v for k, v in {**defaults, **values}.items()}}


def deskbot(folder: Path, *words: str, typed: str = "", **values: str) -> Ended:
    """Run one command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=folder,
        env=environment(folder, **values),
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@contextmanager
def running(folder: Path, **values: str) -> Iterator[subprocess.Popen[str]]:
    """``deskbot run``; its log is read line by line from ``stderr``. Ended, if it has not, with the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        cwd=folder,
        env=environment(folder, **values),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
