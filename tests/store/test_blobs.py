"""Attachments: kept once, under their hash, durably, and for nobody else's eyes."""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from bot import clock
from bot.errors import StoreError, StoreUnavailable
from bot.store.blobs import PIECE, Blobs, open_blobs


@pytest.fixture(params=["folder", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """A place of each kind."""
    if request.param == "memory":
        return open_blobs(f"memory://{secrets.token_hex(8)}")
    return open_blobs(str(tmp_path / "data" / "blobs"))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_content_is_kept_under_its_hash(blobs: Blobs) -> None:
    for content in (b"", b"hello", os.urandom(300_000)):
        name = blobs.put(content)
        assert name == hashlib.sha256(content).hexdigest()
        assert blobs.get(name) == content


def test_the_same_content_twice_is_one_file(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    assert blobs.put(b"same") == blobs.put(b"same")
    assert len(files(tmp_path)) == 1


def test_two_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    blobs, content = open_blobs(str(tmp_path / "blobs")), os.urandom(1_000_000)
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(blobs.put, [content] * 16))
    assert len(names) == len(files(tmp_path)) == 1
    assert blobs.get(names.pop()) == content


def test_what_is_missing_is_told(blobs: Blobs) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        blobs.get("0" * 64)


def test_what_is_damaged_is_told(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    name = blobs.put(b"whole")
    files(tmp_path)[0].write_bytes(b"broken")
    with pytest.raises(StoreError, match="damaged"):
        blobs.get(name)


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_content_comes_in_bounded_pieces(blobs: Blobs, size: int) -> None:
    content = os.urandom(size)
    pieces = list(blobs.pieces(blobs.put(content)))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= PIECE


def test_what_is_missing_is_told_at_the_first_piece(blobs: Blobs) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        next(blobs.pieces("0" * 64))


def test_of_what_is_damaged_the_last_piece_never_comes(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    name = blobs.put(bytes(3 * PIECE))
    with (tmp_path / name[:2] / name).open("r+b") as file:
        file.write(b"x")
    came: list[int] = []
    with pytest.raises(StoreError, match="damaged"):
        came.extend(map(len, blobs.pieces(name)))
    assert sum(came) == 2 * PIECE


def test_l5_nobody_else_can_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "blobs"
    before = os.umask(0o022)
    try:
        open_blobs(str(folder)).put(b"private")
    finally:
        os.umask(before)
    (file,) = files(folder)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, file.parent, file)]
    assert modes == [0o700, 0o700, 0o600]


def test_a_place_that_cannot_be_written_is_told_as_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"in the way")
    with pytest.raises(StoreUnavailable) as caught:
        open_blobs(str(tmp_path / "file")).put(b"x")
    assert not caught.value.full


_LIMITED = """
import resource, signal, sys
from bot.errors import StoreUnavailable
from bot.store.blobs import open_blobs
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    open_blobs(sys.argv[1]).put(b"x" * 200_000)
except StoreUnavailable:
    sys.exit(42)
"""


def test_x12_a_file_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _LIMITED, str(tmp_path)], check=False)
    assert done.returncode == 42
    assert files(tmp_path) == []


_KILLED = """
import os, signal, sys
from bot.store.blobs import open_blobs
sync = os.fsync
def strike(handle):
    os.kill(os.getpid(), signal.SIGKILL)
os.fsync = strike
open_blobs(sys.argv[1]).put(b"half")
"""


def test_l6_a_kill_while_writing_leaves_no_file_under_its_name(tmp_path: Path) -> None:
    tmp_path.joinpath(hashlib.sha256(b"half").hexdigest()[:2]).mkdir()
    done = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    name = hashlib.sha256(b"half").hexdigest()
    assert name not in {path.name for path in files(tmp_path)}
    blobs = open_blobs(str(tmp_path))
    assert blobs.get(blobs.put(b"half")) == b"half"


def test_content_is_removed_once_and_missing_is_gone(blobs: Blobs) -> None:
    name = blobs.put(b"not needed")
    later = clock.now() + timedelta(hours=1)
    assert blobs.remove(name, later)
    assert blobs.remove(name, later)
    with pytest.raises(StoreError):
        blobs.get(name)
    assert blobs.put(b"not needed") == name
    assert blobs.get(name) == b"not needed"


def test_content_that_was_put_just_now_stays_because_a_row_may_be_about_to_name_it(blobs: Blobs) -> None:
    name = blobs.put(b"just put")
    assert not blobs.remove(name, clock.now() - timedelta(minutes=1))
    assert blobs.get(name) == b"just put"


def test_content_that_is_put_again_counts_as_put_now(tmp_path: Path) -> None:
    blobs = open_blobs(str(tmp_path))
    name = blobs.put(b"again")
    path = tmp_path / name[:2] / name
    os.utime(path, (0, 0))
    blobs.put(b"again")
    assert not blobs.remove(name, clock.now() - timedelta(minutes=1))
