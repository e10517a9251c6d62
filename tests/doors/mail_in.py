"""Mail by SMTP and from a mailbox, as ways in."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from bot.channels.imap import House, ImapDoor
from bot.channels.smtp import SmtpDoor
from bot.config import Desk, Smtp
from bot.errors import HeldError
from bot.mail.authentication import Believed
from bot.mail.parse import ReadJob, read_mail
from bot.message import IncomingMessage, Payload
from tests.channels.imap_world import QUICK, Watched, World, scripted
from tests.channels.smtp_peer import Client, client
from tests.doors.ways_in import File, Said, WayIn, eventually
from tests.peers.imap_server import ImapServer

_POISON = b"X-Kills-Its-Reader: yes\r\n"
_numbers = itertools.count(1)


async def read(payload: Payload) -> Sequence[IncomingMessage]:
    """As the children do it. Every string of octets is a mail; what kills its reader bears a mark here."""
    if payload.raw.startswith(_POISON):
        raise HeldError("not-understood", "it killed its reader")
    return [read_mail(ReadJob(payload, Believed((), (), check=False))).message]


def a_mail(text: str, files: Sequence[File]) -> bytes:
    """A mail like no other."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ann <ann@example.org>", "help@localhost", "It"
    mail["Message-ID"] = f"<{next(_numbers)}@example.org>"
    mail.set_content(text)
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


class MailIn(WayIn):
    """What both have in common."""

    def spoiled(self, payload: Payload) -> Payload:
        return replace(payload, raw=_POISON + payload.raw)


class SmtpIn(MailIn):
    """A client that sends one mail after the other on one connection; it tries again what it was put off with."""

    source: SmtpDoor

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        super().__init__()
        section = Smtp(port=0, min_free_mb=0)
        self.source = SmtpDoor(section, Desk(address="help@localhost", data=folder), read, grace=0.3)
        self._stack = stack
        self._peer: Client | None = None
        self._last: asyncio.Task[bytes] | None = None

    async def ready(self) -> None:
        await eventually(lambda: self.source.serving, "the door never serves")
        self._peer = await self._stack.enter_async_context(client(self.source.port))
        self._last = None

    async def says(self, text: str, files: Sequence[File] = ()) -> Said:
        return self._send(text, a_mail(text, files))

    async def again(self, said: Said) -> Said:
        assert isinstance(said.event, bytes)
        return self._send(said.text, said.event)

    tries_again = again

    async def nonsense(self) -> None:
        assert self._peer is not None
        assert (await self._peer.say(b"XYZZY \xff\xfe")).startswith(b"500")
        self._send("", b"\xff\xfe\x00 no mail at all \r\n")

    def _send(self, text: str, raw: bytes) -> Said:
        task = self._last = asyncio.create_task(self._sent(raw, self._last))
        return Said(text, lambda: task.done() and task.result().startswith(b"250"), raw)

    async def _sent(self, raw: bytes, after: asyncio.Task[bytes] | None) -> bytes:
        if after is not None:
            await after
        assert self._peer is not None
        try:
            return await self._peer.mail(raw)
        except (AssertionError, ConnectionError):
            return b"gone"


class ImapIn(MailIn):
    """A mailbox of which every mail that is taken is moved away."""

    source: ImapDoor

    def __init__(self, server: ImapServer, world: World) -> None:
        super().__init__()
        self._server = server
        self._told = Watched("support")
        house = House(world.store, "one", timedelta(seconds=60), b"key")
        self.source = ImapDoor("support", scripted(server), read, house, self._told, QUICK)

    async def ready(self) -> None:
        await self._told.until("looked", self._told.events.count("looked") + 1)

    async def says(self, text: str, files: Sequence[File] = ()) -> Said:
        return self._lies_there(text, a_mail(text, files))

    async def again(self, said: Said) -> Said:
        assert isinstance(said.event, bytes)
        return self._lies_there(said.text, said.event)

    async def tries_again(self, said: Said) -> Said:
        return said  # it still lies there

    async def nonsense(self) -> None:
        self._server.add(b"\xff\xfe\x00 no mail at all")

    def _lies_there(self, text: str, raw: bytes) -> Said:
        mail = self._server.add(raw)
        return Said(text, lambda: mail not in self._server.folders["INBOX"], raw)


@asynccontextmanager
async def smtp_in(folder: Path) -> AsyncIterator[WayIn]:
    """The SMTP door and its client."""
    async with AsyncExitStack() as stack:
        yield SmtpIn(folder, stack)


@asynccontextmanager
async def imap_in(folder: Path) -> AsyncIterator[WayIn]:
    """The mailbox door and its server."""
    world = World(folder)
    async with ImapServer() as server:
        yield ImapIn(server, world)
    world.store.close()
