"""Stands for the intake behind a way in: a real inbox, which can be slow, and away."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import sqlalchemy as sa

from bot.message import Payload
from bot.store import inbox
from bot.store.engine import Store
from bot.store.models import Inbox, PayloadRow
from tests.desks import Clock, OpenDesk, a_desk, make_store

_BUSY: Final = 0.05
"""Seconds for which a writer waits for a database that another has locked."""


class Keeper:
    """Keeps what it is given in the inbox of a desk, when it may."""

    def __init__(self, desk: OpenDesk) -> None:
        self.desk = desk
        self.offered: list[Payload] = []
        """All that a door has handed over, also what could not be kept."""
        self.in_hand = 0
        """How much is offered and not yet committed, or refused."""
        self.may = asyncio.Event()
        """Set: what is offered is committed at once; else it waits, as before a commit that takes long."""
        self.may.set()

    @property
    def store(self) -> Store:
        """Whose inbox it is."""
        return self.desk.store

    async def accept(self, payload: Payload, /) -> bool:
        """See ``ports.Accept``."""
        self.offered.append(payload)
        self.in_hand += 1
        try:
            await self.may.wait()
            return await self.store.write(lambda tx: inbox.add(tx, payload))
        finally:
            self.in_hand -= 1

    def kept(self) -> list[Payload]:
        """What is committed, in its order: read on another connection than it is written on."""
        query = sa.select(
            Inbox.channel, Inbox.key, PayloadRow.raw, Inbox.received_at, PayloadRow.envelope
        ).join_from(Inbox, PayloadRow)
        rows = self.store.read_now(lambda tx: tx.run(query.order_by(Inbox.id)).all())
        return [Payload(*row) for row in rows]

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nothing can be committed: another process has locked the database, and keeps it."""
        with closing(sqlite3.connect(str(self.store.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                other.execute("ROLLBACK")


@contextmanager
def a_keeper(folder: Path, **sections: Any) -> Iterator[Keeper]:
    """A keeper with a desk of its own, in a folder of its own below ``folder``."""
    own = folder / "kept"
    own.mkdir()
    (own / "deskbot.db").write_bytes(_fresh())
    clock = Clock()
    store = Store(f"sqlite:///{own / 'deskbot.db'}", now=clock, busy=_BUSY)
    store.open()
    try:
        yield Keeper(OpenDesk(store, a_desk(**sections), clock, own))
    finally:
        store.close()


@cache
def _fresh() -> bytes:
    """A store with all its tables and no rows, as a file: to copy it takes less than to make it."""
    with TemporaryDirectory() as folder:
        make_store(Path(folder), Clock()).close()
        return (Path(folder) / "deskbot.db").read_bytes()
