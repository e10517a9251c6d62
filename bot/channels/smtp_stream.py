"""The octets that a client has sent and that its session has not read yet.

asyncio's own StreamReader costs a copy, a search and a scheduling round for each line, and grows without bound
on a line that never ends. This one hands the mail itself over to a ``Body`` as it arrives, without waking the
session for each block, and stops reading from a client that talks faster than it is answered.
"""

from __future__ import annotations

import asyncio
from typing import Final

from bot.channels.smtp_body import Body, Verdict

HIGH_WATER: Final = 65_536
"""Unread octets above which no more is taken from the network."""


class ClientGone(Exception):
    """The client has hung up, or has been hung up on."""


class LineTooLong(Exception):
    """A command line is longer than any command can be."""


class ClientStream:
    """What one client sends. Read by one coroutine at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._unread = bytearray()
        self._body: Body | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._paused = False
        self.transport: asyncio.ReadTransport | None = None

    def feed(self, block: bytes) -> None:
        """The network has brought a block."""
        body = self._body
        if body is not None:
            block = body.feed(block)
            if body.verdict is Verdict.ARRIVING:
                return
            self._body = None
        self._unread += block
        if len(self._unread) > HIGH_WATER and self.transport is not None and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def end(self) -> None:
        """No more will come."""
        self._ended = True
        self._wake()

    def drop(self) -> None:
        """Forget what has not been read: it came before the connection was encrypted (RFC 3207, section 6)."""
        self._unread.clear()
        self._resume()

    async def line(self, limit: int) -> bytes:
        """The next line with its LF, at most ``limit`` octets. Raises ``LineTooLong`` or ``ClientGone``."""
        searched = 0
        while (at := self._unread.find(b"\n", searched)) < 0:
            searched = len(self._unread)
            if searched >= limit:
                raise LineTooLong
            await self._more()
        if at >= limit:
            raise LineTooLong
        return self._take(at + 1)

    async def body(self, body: Body) -> None:
        """Give the body what comes until it has its verdict. Raises ``ClientGone``."""
        self._body = body
        if self._unread:
            self.feed(self._take(len(self._unread)))
        while self._body is not None:
            await self._more()

    # The reader that aiosmtpd's PROXY protocol parser wants.

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """A line of the PROXY protocol, version 1: at most 107 octets. There is but one separator."""
        line = await self.line(107)
        return line if line.endswith(separator) else b""

    async def readexactly(self, n: int = -1) -> bytes:
        """Exactly ``n`` octets."""
        while len(self._unread) < n:
            await self._more()
        return self._take(n)

    async def read(self, n: int = -1) -> bytes:
        """At least one octet and at most ``n``."""
        if not self._unread:
            await self._more()
        return self._take(min(n, len(self._unread)))

    def _take(self, count: int) -> bytes:
        taken = bytes(memoryview(self._unread)[:count])
        del self._unread[:count]
        if self._paused and len(self._unread) <= HIGH_WATER // 2:
            self._resume()
        return taken

    async def _more(self) -> None:
        if self._ended:
            raise ClientGone
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _resume(self) -> None:
        if self._paused and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()
