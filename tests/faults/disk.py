"""A small disk of one's own, and a mail client of a few lines for what the load client does not say."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

ADVICE: Final = "a small file system can be mounted by root alone: run this test as root"


def require_mount() -> None:
    """Fail in CI, skip elsewhere, with what to do, when no file system can be mounted."""
    if os.geteuid() != 0:
        if os.environ.get("CI") == "true":
            pytest.fail(ADVICE)
        pytest.skip(ADVICE)


class SmallDisk:
    """A file system with little room, and a file on it that takes what is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, *, leave: int = 0) -> None:
        """Take all room but about ``leave`` octets."""
        with self._ballast.open("wb", buffering=0) as file:
            room = os.statvfs(self.folder)
            left = max(0, room.f_bavail * room.f_frsize - leave)
            try:
                while left > 0:
                    left -= file.write(bytes(min(left, 65_536)))
            except OSError:
                return  # full to the last block, as was asked

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a file system of that size at ``folder``; needs root."""
    require_mount()
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "deskbot-test", str(folder)], check=True
    )
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
