"""One connection of a scripted server: whole lines, STARTTLS, and an end that can be rude."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast


class Wire(asyncio.Protocol):
    """Reads lines as they were sent, so that a server can be strict about what ends them."""

    def __init__(self, begin: Callable[[Wire], None]) -> None:
        self._begin = begin
        self._buffer = bytearray()
        self._news = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self.made = False
        self.lost = asyncio.Event()
        self.last = ""
        """The last answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        if not self.made:
            self.made = True
            self._begin(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self._news.set()

    @property
    def pending(self) -> bool:
        """Whether more has arrived than was read."""
        return bool(self._buffer)

    async def line(self) -> bytes:
        """The next line with its end. Raises ``EOFError`` when the client has gone."""
        while b"\n" not in self._buffer:
            if self.lost.is_set():
                raise EOFError
            self._news.clear()
            await self._news.wait()
        end = self._buffer.index(b"\n") + 1
        line = bytes(self._buffer[:end])
        del self._buffer[:end]
        return line

    def answer(self, text: str) -> None:
        self.last = text
        if self._transport and not self._transport.is_closing():
            self._transport.write(text.encode() + b"\r\n")

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Encrypt from here on. Raises ``EOFError`` when the client does not want to."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        upgraded = None
        try:
            upgraded = await loop.start_tls(self._transport, self, context, server_side=True)
        except OSError:
            raise EOFError from None
        finally:
            if upgraded is None:  # then asyncio does not tell us that the connection is lost
                self.lost.set()
        if upgraded is None:
            raise EOFError
        self._transport = upgraded

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def abort(self) -> None:
        if self._transport:
            self._transport.abort()
