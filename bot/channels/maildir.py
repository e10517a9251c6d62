"""The way out for mail where no relay is: a Maildir, as mail programs and Python's ``mailbox`` read it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import ChannelError
from bot.message import OutgoingMessage, Receipt

if TYPE_CHECKING:
    from bot.mail.compose import ComposedMail

ABANDONED_SECONDS: Final = 36 * 3600
"""A file in tmp/ that is older was left by a writer that died: the Maildir convention."""


class MaildirSender:
    """Delivers each mail as one file of ``folder``/new: a ``bot.ports.Sender``.

    A mail is there wholly or not at all, survives a power cut once ``send`` has returned, and is there once
    however often it is sent, because its file is named after its token.
    """

    def __init__(self, folder: Path, compose: Callable[[OutgoingMessage], Awaitable[ComposedMail]]) -> None:
        self._folder = folder
        self._compose = compose
        self._prepared = False

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Write one mail. Raises ``ChannelError``, temporary when the disk is full or refuses."""
        mail = await self._compose(message)
        content = _delivered(mail)
        name = hashlib.sha256(message.token.encode("utf-8", "surrogatepass")).hexdigest()
        await asyncio.to_thread(self._try, lambda: self._write(name, content))
        return Receipt(name)

    async def check(self) -> None:
        """Make the folders and see that a file can be written and put in place."""
        await asyncio.to_thread(self._try, self._probe)

    async def close(self) -> None:
        """Nothing is kept open."""

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError as error:
            self._prepared = False  # a folder that was taken away is made again next time
            raise ChannelError(
                f"the Maildir {self._folder} cannot be written ({error.strerror}): check relay.maildir, "
                "its owner and the room on its disk"
            ) from None

    def _write(self, name: str, content: bytes) -> None:
        self._prepare()
        if self._is_read(name):
            return
        unfinished = self._folder / "tmp" / f"{name}.{os.getpid()}.{time.monotonic_ns()}"
        try:
            _write_through(unfinished, content)
            unfinished.replace(self._folder / "new" / name)
        except BaseException:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise
        _sync_folder(self._folder / "new")

    def _is_read(self, name: str) -> bool:
        """Whether a mail program has already moved this very mail to cur/: then a repeat would be a second."""
        with os.scandir(self._folder / "cur") as entries:
            return any(entry.name.partition(":")[0] == name for entry in entries)

    def _probe(self) -> None:
        self._prepare()
        probe = self._folder / "tmp" / f"check.{os.getpid()}.{time.monotonic_ns()}"
        _write_through(probe, b"")
        probe.unlink()
        _sync_folder(self._folder / "new")

    def _prepare(self) -> None:
        if self._prepared:
            return
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(self._folder)
        oldest = time.time() - ABANDONED_SECONDS
        for path in (self._folder / "tmp").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()
        self._prepared = True


def _delivered(mail: ComposedMail) -> bytes:
    """The mail as a mail server files it: the envelope on top (RFC 5321, 4.4), lines as this system's."""
    envelope = b"Return-Path: <%b>\nDelivered-To: %b\n" % (_line(mail.mail_from), _line(mail.recipient))
    return envelope + mail.raw.replace(b"\r\n", b"\n")


def _line(address: str) -> bytes:
    if not address.isprintable():
        raise ChannelError(f"{address[:320]!a} is no mail address", permanent=True)
    return address.encode("utf-8")


def _write_through(path: Path, content: bytes) -> None:
    """Write a new file that only we can read, and return when the disk has it."""
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:  # noqa: PTH123 - a mode at creation
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
