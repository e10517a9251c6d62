"""A raw SMTP client and a running door, for tests that must say exactly what goes over the wire."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.channels.smtp import SmtpDoor
from bot.config import Desk, Smtp
from bot.message import IncomingMessage, Payload
from bot.ports import Accept

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MAIL = b"From: ann@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: hello\r\n\r\nMy printer is on fire.\r\n"


async def nothing(_: Payload) -> Sequence[IncomingMessage]:
    """A translation that finds no message."""
    return ()


@dataclass
class Inbox:
    """Keeps what it is given, once for each key, as the store does."""

    payloads: list[Payload] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, payload: Payload, /) -> bool:
        new = all(payload.key != known.key for known in self.payloads)
        if new:
            self.payloads.append(payload)
        self.arrived.set()
        return new


class Client:
    """Says what it is told, and reads whole answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def answer(self) -> bytes:
        """One answer, all its lines; b"" when the server has hung up."""
        lines = b""
        while line := await self._line():
            lines += line
            if line[3:4] != b"-":
                break
        return lines

    async def say(self, line: bytes) -> bytes:
        """Send a line; returns the answer."""
        await self.send(line + b"\r\n")
        return await self.answer()

    async def send(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def hello(self) -> bytes:
        return await self.say(b"EHLO client.example")

    async def envelope(
        self, sender: bytes = b"<ann@example.org>", recipient: bytes = b"<help@localhost>"
    ) -> None:
        for line in (b"MAIL FROM:" + sender, b"RCPT TO:" + recipient):
            answer = await self.say(line)
            assert answer.startswith(b"250"), answer

    async def mail(self, raw: bytes = MAIL) -> bytes:
        """A whole transaction; returns the answer to the mail."""
        await self.envelope()
        assert (await self.say(b"DATA")).startswith(b"354")
        return await self.say(raw + b".")

    async def rest(self) -> bytes:
        """All that still comes until the server hangs up."""
        received = b""
        with suppress(ConnectionError):
            while block := await self.reader.read(65_536):
                received += block
        return received

    def reset(self) -> None:
        """Break the connection off, so that the other side gets an error and not an end."""
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def _line(self) -> bytes:
        try:
            return await self.reader.readline()
        except ConnectionError:
            return b""


@asynccontextmanager
async def client(
    port: int, *, greet: bool = True, tls: ssl.SSLContext | None = None, source: str | None = None
) -> AsyncIterator[Client]:
    """A connection; with ``greet`` the banner and EHLO are done."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1",
        port,
        ssl=tls,
        server_hostname="localhost" if tls else None,
        local_addr=(source, 0) if source else None,
    )
    peer = Client(reader, writer)
    try:
        if greet:
            assert (await peer.answer()).startswith(b"220")
            assert (await peer.hello()).startswith(b"250")
        yield peer
    finally:
        await peer.close()


async def place_free(port: int) -> None:
    """Returns once a door with one place for each address has noticed that the last client is gone."""
    while True:
        async with client(port, greet=False) as peer:
            if (await peer.answer()).startswith(b"220"):
                await peer.say(b"QUIT")
                await peer.rest()
                return


@asynccontextmanager
async def open_door(
    accept: Accept,
    *,
    addresses: Sequence[str] = ("help@localhost",),
    grace: float = 1.0,
    **settings: Any,
) -> AsyncIterator[SmtpDoor]:
    """A door that runs until the block ends."""
    data = settings.pop("data", Path.cwd())
    section = Smtp(**{"port": 0, "min_free_mb": 0, **settings})
    desk = Desk(address=addresses[0], also=tuple(addresses[1:]), data=data)
    door = SmtpDoor(section, desk, nothing, clock=lambda: NOW, grace=grace)
    await door.listen()
    running = asyncio.create_task(door.run(accept))
    try:
        yield door
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        door.close()
