"""A mailbox door with a real store behind it, and what tests want to know of both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.channels.imap import House, ImapDoor, Pauses
from bot.channels.imap_health import Health
from bot.config import Imap
from bot.message import IncomingMessage, Payload
from bot.metrics import Metrics
from bot.store import inbox
from bot.store.engine import Store
from bot.store.models import Inbox, PayloadRow
from tests.fresh import migrated
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.imap_server import ImapServer

PATIENCE = 20.0
QUICK = Pauses(
    first=0.05,
    longest=0.4,
    refused=0.3,
    healthy_after=60.0,
    again_after=0.05,
    settle=0.1,
    away=0.1,
    grace=0.5,
)


def mail(number: int | str, *, body: str = "My printer is on fire.", **headers: str) -> bytes:
    """A mail like no other."""
    fields = {
        "From": "Ada <ada@example.com>",
        "To": "help@example.org",
        "Subject": f"Request {number}",
        "Message-ID": f"<{number}@example.com>",
        "Date": "Mon, 02 Mar 2026 09:00:00 +0000",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"{head}\r\n{body}\r\n".encode()


class Watched(Health):
    """Remembers what it was told, and wakes who waits for it."""

    def __init__(self, name: str) -> None:
        self.events: list[str] = []
        self.alarms: list[str] = []
        self.delays: list[float] = []
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Condition()
        self.metrics = Metrics()
        super().__init__(name, self.metrics, lambda _, words: self.alarms.append(words))

    def accepted(self) -> None:
        super().accepted()
        self._note("accepted")

    def looked(self) -> None:
        super().looked()
        self._note("looked")

    def refused(self, words: str) -> None:
        super().refused(words)
        self._note("login-refused")

    def disconnected(self, reason: str, words: str, delay: float) -> None:
        super().disconnected(reason, words, delay)
        self.delays.append(delay)
        self._note(reason)

    def trouble(self, reason: str, words: str) -> None:
        super().trouble(reason, words)
        self._note(reason)

    def standby(self) -> None:
        super().standby()
        self._note("standby")

    def _note(self, what: str) -> None:
        self.events.append(what)
        asyncio.run_coroutine_threadsafe(self._wake(), self._loop)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, what: str, times: int = 1, patience: float = PATIENCE) -> None:
        """Until so many such events have been told in all."""
        async with asyncio.timeout(patience), self._changed:
            await self._changed.wait_for(lambda: self.events.count(what) >= times)

    async def again(self, what: str = "looked") -> None:
        """Until such an event is told, from now on."""
        await self.until(what, self.events.count(what) + 1)


class World:
    """A store, and the doors that feed it."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(f"sqlite:///{folder / 'deskbot.db'}")
        migrated(self.store)
        self.store.open()
        self.accepted = 0
        self.before_accept: Callable[[Payload], None] = lambda _: None
        self._more = asyncio.Condition()

    async def accept(self, payload: Payload, /) -> bool:
        """As the intake does."""
        self.before_accept(payload)
        new = await self.store.write(lambda tx: inbox.add(tx, payload))
        async with self._more:
            self.accepted += 1
            self._more.notify_all()
        return new

    async def has(self, number: int) -> None:
        """Until the inbox holds so many mails."""
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: len(self.rows()) >= number)

    def rows(self) -> list[Any]:
        """What the inbox holds, in its order."""
        query = sa.select(*Inbox.__table__.c, PayloadRow.raw, PayloadRow.envelope).join_from(
            Inbox, PayloadRow
        )
        return self.store.read_now(lambda tx: list(tx.run(query.order_by(Inbox.id))))

    def subjects(self) -> list[str]:
        """Of what the inbox holds."""
        lines = (line for row in self.rows() for line in row.raw.splitlines())
        return [line[9:].decode() for line in lines if line.startswith(b"Subject: ")]

    def door(
        self,
        section: Imap,
        *,
        name: str = "support",
        worker: str = "one",
        lease: float = 60,
        pauses: Pauses = QUICK,
    ) -> ImapDoor:
        house = House(self.store, worker, timedelta(seconds=lease), b"key")
        return ImapDoor(name, section, _no_translation, house, Watched(name), pauses)

    @contextlib.asynccontextmanager
    async def reading(self, section: Imap, **settings: Any) -> AsyncIterator[Watched]:
        """A door that runs; yields what it tells."""
        door = self.door(section, **settings)
        task = asyncio.create_task(door.run(self.accept))
        assert isinstance(door.health, Watched)
        try:
            yield door.health
            if task.done():
                task.result()
        finally:
            task.cancel()
            await asyncio.wait([task])


async def _no_translation(payload: Payload) -> Sequence[IncomingMessage]:
    raise NotImplementedError(payload.channel)


def section(dovecot: Dovecot, user: str, **settings: Any) -> Imap:
    """The configuration of a mailbox on Dovecot."""
    return Imap.model_validate(
        {
            "host": "localhost",
            "port": dovecot.imaps,
            "ca_file": dovecot.certificate.file,
            "user": user,
            "password": PASSWORD,
            "address": "help@example.org",
            "first_run": "all",
            "timeout": "10s",
            **settings,
        }
    )


def scripted(server: ImapServer, **settings: Any) -> Imap:
    """The configuration of a mailbox on the scripted server."""
    return Imap.model_validate(
        {
            "host": "127.0.0.1",
            "port": server.port,
            "tls": "off",
            "user": "desk",
            "password": "right",
            "address": "help@example.org",
            "first_run": "all",
            "timeout": "5s",
            **settings,
        }
    )
