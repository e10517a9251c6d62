"""Mail by SMTP, by LMTP and from a mailbox, as ways in."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Final

from bot.channels.imap import House, ImapDoor
from bot.channels.smtp import SmtpDoor
from bot.config import Desk, Smtp
from bot.errors import HeldError
from bot.mail.authentication import Believed
from bot.mail.parse import ReadJob, read_mail
from bot.message import IncomingMessage, Payload
from tests.channels.imap_world import QUICK, Watched, scripted
from tests.channels.smtp_peer import Client, client
from tests.doors.keeper import Keeper
from tests.doors.ways_in import File, Said, WayIn, eventually
from tests.peers.imap_server import ImapServer

_POISON = b"X-Kills-Its-Reader: yes\r\n"
_LARGEST: Final = 65_536
"""The least that these doors can be told to take."""
_numbers = itertools.count(1)


async def read(payload: Payload) -> Sequence[IncomingMessage]:
    """As the children do it. Every string of octets is a mail; what kills its reader bears a mark here."""
    if payload.raw.startswith(_POISON):
        raise HeldError("not-understood", "it killed its reader")
    return [read_mail(ReadJob(payload, Believed((), (), check=False))).message]


def a_mail(text: str, files: Sequence[File] = ()) -> bytes:
    """A mail like no other."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ann <ann@example.org>", "help@localhost", "It"
    mail["Message-ID"] = f"<{next(_numbers)}@example.org>"
    mail.set_content(text)
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


class MailIn(WayIn):
    """What all of them have in common."""

    most = 3 * _LARGEST

    def spoiled(self, payload: Payload) -> Payload:
        return replace(payload, raw=_POISON + payload.raw)


class SmtpIn(MailIn):
    """A client that sends one mail after the other on one connection; it tries again what it was put off with."""

    source: SmtpDoor

    def __init__(self, keeper: Keeper, stack: AsyncExitStack, protocol: str = "smtp") -> None:
        super().__init__(keeper)
        given = {"port": 0, "min_free_mb": 0, "max_size": self.most, "protocol": protocol}
        desk = Desk(address="help@localhost", data=keeper.desk.folder)
        self.source = SmtpDoor(Smtp.model_validate(given), desk, read, grace=0.3)
        self._hello = b"LHLO client.example" if protocol == "lmtp" else b"EHLO client.example"
        self._stack = stack
        self._peer: Client | None = None
        self._last: asyncio.Task[bytes] | None = None

    async def ready(self) -> None:
        await eventually(lambda: self.source.serving, "the door never serves")
        self._peer = await self._connected()
        self._last = None

    async def says(self, text: str, files: Sequence[File] = ()) -> Said:
        return self._send(text, a_mail(text, files))

    async def again(self, said: Said) -> Said:
        assert isinstance(said.event, bytes)
        return self._send(said.text, said.event)

    tries_again = again

    async def twice_at_once(self, text: str) -> Sequence[Said]:
        raw, one, other = a_mail(text), self._peer, await self._connected()
        assert one is not None
        return [_told(text, raw, asyncio.create_task(_sent(peer, raw))) for peer in (one, other)]

    async def nonsense(self) -> None:
        assert self._peer is not None
        assert (await self._peer.say(b"XYZZY \xff\xfe")).startswith(b"500")
        self._send("", b"\xff\xfe\x00 no mail at all \r\n")

    async def too_much(self) -> Said:
        return self._send("too much", a_mail("x" * 70 + "\n" + "too much\n" * (self.most // 9)))

    async def _connected(self) -> Client:
        peer = await self._stack.enter_async_context(client(self.source.port, greet=False))
        assert (await peer.answer()).startswith(b"220")
        assert (await peer.say(self._hello)).startswith(b"250")
        return peer

    def _send(self, text: str, raw: bytes) -> Said:
        async def in_turn(after: asyncio.Task[bytes] | None) -> bytes:
            if after is not None:
                await after
            assert self._peer is not None
            return await _sent(self._peer, raw)

        task = self._last = asyncio.create_task(in_turn(self._last))
        return _told(text, raw, task)


def _told(text: str, raw: bytes, task: asyncio.Task[bytes]) -> Said:
    def answered(code: bytes) -> bool:
        return task.done() and task.result().startswith(code)

    return Said(text, lambda: answered(b"250"), raw, lambda: answered(b"552"))


async def _sent(peer: Client, raw: bytes) -> bytes:
    try:
        return await peer.mail(raw)
    except (AssertionError, ConnectionError):
        return b"gone"


class ImapIn(MailIn):
    """A mailbox of which every mail that is taken is moved away."""

    source: ImapDoor

    def __init__(self, keeper: Keeper, server: ImapServer) -> None:
        super().__init__(keeper)
        self._server = server
        self._told = Watched("support")
        house = House(keeper.store, "one", timedelta(seconds=60), b"key")
        self.source = ImapDoor(
            "support", scripted(server, max_size=self.most), read, house, self._told, QUICK
        )

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

    async def too_much(self) -> Said:
        return self._lies_there("too much", a_mail("too much\n" * (self.most // 9)))

    def _lies_there(self, text: str, raw: bytes) -> Said:
        mail = self._server.add(raw)
        return Said(text, lambda: mail not in self._server.folders["INBOX"], raw)


@asynccontextmanager
async def smtp_in(keeper: Keeper) -> AsyncIterator[WayIn]:
    """The SMTP door and its client."""
    async with AsyncExitStack() as stack:
        yield SmtpIn(keeper, stack)


@asynccontextmanager
async def lmtp_in(keeper: Keeper) -> AsyncIterator[WayIn]:
    """The same for a mail server on the same machine."""
    async with AsyncExitStack() as stack:
        yield SmtpIn(keeper, stack, "lmtp")


@asynccontextmanager
async def imap_in(keeper: Keeper) -> AsyncIterator[WayIn]:
    """The mailbox door and its server."""
    async with ImapServer() as server:
        yield ImapIn(keeper, server)
