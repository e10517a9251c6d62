"""Attachments: files named by the SHA-256 of their content, so each is kept once."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from bot import clock
from bot.errors import StoreError, StoreUnavailable

_FRESH: Final = timedelta(minutes=30)
PIECE: Final = 262_144
"""Octets of a piece."""


class Blobs(Protocol):
    """Where content lies. ``put`` returns only when it would survive a power loss."""

    def put(self, content: bytes) -> str:
        """Keep ``content``; returns its name. Raises ``StoreUnavailable``."""

    def get(self, name: str) -> bytes:
        """The content of that name. Raises ``StoreError`` when it is missing or damaged."""

    def pieces(self, name: str) -> Iterator[bytes]:
        """The same, a piece at a time; the last piece comes only when the whole is what its name says. Raises
        ``StoreError`` at the first piece when it is missing, at the last when it is damaged."""

    def remove(self, name: str, before: datetime) -> bool:
        """Delete content that no row names. False: it was put, or put again, after ``before``, so a row that
        names it may be about to be written. Missing is gone. Raises ``StoreUnavailable``."""


def open_blobs(place: str) -> Blobs:
    """``place``: a folder, or a URL that fsspec knows ("s3://bucket/folder")."""
    return RemoteBlobs(place) if "://" in place else LocalBlobs(Path(place))


class LocalBlobs:
    """A folder on a disk of ours."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Written aside, synced, renamed, and the folder synced, before any row may name it (L6)."""
        name = hashlib.sha256(content).hexdigest()
        target = self._folder / name[:2] / name
        try:
            if not _touched(target):
                self._make_folder(target.parent)
                _write_aside(target, content)
            _sync_folder(target.parent)  # also when it is there: who renamed it may not have come so far
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise StoreUnavailable(f"attachments: {error.strerror}", full=full) from error
        return name

    def _make_folder(self, folder: Path) -> None:
        """``parents=True`` would give the folders above other rights (L5); a new folder is an entry to sync."""
        for each in (self._folder, folder):
            if not each.exists():
                each.mkdir(mode=0o700, parents=True, exist_ok=True)
                _sync_folder(each.parent)

    def get(self, name: str) -> bytes:
        try:
            content = (self._folder / name[:2] / name).read_bytes()
        except OSError as error:
            raise StoreError(f"attachment {name[:12]} cannot be read: {error.strerror}") from error
        return _checked(name, content)

    def pieces(self, name: str) -> Iterator[bytes]:
        try:
            with (self._folder / name[:2] / name).open("rb", buffering=0) as file:
                yield from _checked_pieces(name, partial(file.read, PIECE))
        except OSError as error:
            raise StoreError(f"attachment {name[:12]} cannot be read: {error.strerror}") from error

    def remove(self, name: str, before: datetime) -> bool:
        path = self._folder / name[:2] / name
        try:
            if path.stat().st_mtime >= before.timestamp():
                return False
            path.unlink()
        except FileNotFoundError:
            return True
        except OSError as error:
            raise StoreUnavailable(f"attachments: {error.strerror}") from error
        return True


class RemoteBlobs:
    """Any service that fsspec speaks to; its own durability is what it promises for a finished upload."""

    def __init__(self, url: str) -> None:
        import fsspec  # heavy, and only a fleet needs it

        self._files: Any
        self._files, self._root = fsspec.core.url_to_fs(url)

    def put(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        path = f"{self._root}/{name[:2]}/{name}"
        try:
            if not self._is_fresh(path):
                self._files.makedirs(f"{self._root}/{name[:2]}", exist_ok=True)
                self._files.pipe_file(path, content)
        except Exception as error:
            raise StoreUnavailable(f"attachments: {type(error).__name__}") from error
        return name

    def _is_fresh(self, path: str) -> bool:
        """Whether content lies there that nobody removes for a while; else it is put anew."""
        if not self._files.exists(path):
            return False
        put_at = self._put_at(path)
        return put_at is not None and clock.now() - put_at < _FRESH

    def _put_at(self, path: str) -> datetime | None:
        try:
            put_at: datetime = self._files.modified(path)
        except NotImplementedError:
            return None
        return put_at if put_at.tzinfo else put_at.replace(tzinfo=UTC)

    def remove(self, name: str, before: datetime) -> bool:
        path = f"{self._root}/{name[:2]}/{name}"
        try:
            if not self._files.exists(path):
                return True
            put_at = self._put_at(path)
            if put_at is not None and put_at >= before:
                return False
            self._files.rm_file(path)
        except FileNotFoundError:
            return True
        except Exception as error:
            raise StoreUnavailable(f"attachments: {type(error).__name__}") from error
        return True

    def get(self, name: str) -> bytes:
        try:
            content: bytes = self._files.cat_file(f"{self._root}/{name[:2]}/{name}")
        except Exception as error:
            raise StoreError(f"attachment {name[:12]} cannot be read: {type(error).__name__}") from error
        return _checked(name, content)

    def pieces(self, name: str) -> Iterator[bytes]:
        """Besides the piece there are the blocks in memory that fsspec reads ahead, some megabytes."""
        try:
            with self._files.open(f"{self._root}/{name[:2]}/{name}", "rb") as file:
                yield from _checked_pieces(name, partial(file.read, PIECE))
        except StoreError:
            raise
        except Exception as error:
            raise StoreError(f"attachment {name[:12]} cannot be read: {type(error).__name__}") from error


def _checked(name: str, content: bytes) -> bytes:
    if hashlib.sha256(content).hexdigest() != name:
        raise StoreError(f"attachment {name[:12]} is damaged")
    return content


def _checked_pieces(name: str, read: Callable[[], bytes]) -> Iterator[bytes]:
    digest, held = hashlib.sha256(), read()
    digest.update(held)
    while piece := read():
        digest.update(piece)
        yield held
        held = piece
    if digest.hexdigest() != name:
        raise StoreError(f"attachment {name[:12]} is damaged")
    yield held


def _touched(path: Path) -> bool:
    """Whether content is there; then it counts as put now."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _write_aside(target: Path, content: bytes) -> None:
    aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
