"""How a child process is started: a fresh interpreter with nothing of ours but a socket and where to find code."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bot

_BOOT: Final = "import sys; sys.path[:] = sys.argv[6:]; from bot.worker_main import main; main(sys.argv[1:6])"
_KEPT_VARIABLES: Final = ("LD_LIBRARY_PATH", "TZDIR")
"""All of the parent's environment that a child may see: where libraries and time zones lie."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What each child may take."""

    seconds: int
    memory_mb: int
    allow: tuple[str, ...]
    preload: tuple[str, ...] = ()


def launch(limits: Limits, theirs: socket.socket) -> subprocess.Popen[bytes]:
    """Start a fresh interpreter, with nothing of ours but a socket and where to find code.

    The calling thread must live as long as the child: Linux ends a child with the thread that made it.
    """
    paths = [str(Path(path).absolute()) for path in sys.path if path]
    home = str(Path(bot.__file__).parent.parent.absolute())
    said = [str(os.getpid()), str(limits.seconds), str(limits.memory_mb)]
    lists = [",".join(limits.allow), ",".join(limits.preload)]
    return subprocess.Popen(  # noqa: S603 (our own interpreter, no shell, no word of a person's)
        [
            sys.executable,
            "-I",
            "-S",
            "-B",
            "-X",
            "utf8",
            "-c",
            _BOOT,
            *said,
            *lists,
            *dict.fromkeys([*paths, home]),
        ],
        stdin=theirs.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"TZ": "UTC", **{k: os.environ[k] for k in _KEPT_VARIABLES if k in os.environ}},
        start_new_session=True,
        umask=0o077,
    )
