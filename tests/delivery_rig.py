"""A delivery that runs against a sink, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.delivery import Delivery
from bot.loops import Pace
from bot.message import EMAIL, Kind, OutgoingMessage, Party, Receipt
from bot.metrics import Metrics
from bot.ports import Sender
from bot.store import outbox
from bot.store.engine import Store
from bot.store.models import Outbox
from tests.desks import Clock, a_desk, an_outgoing, make_store


class Sink:
    """A sender that does what the test says, and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[OutgoingMessage] = []
        self.taken: list[OutgoingMessage] = []
        self.obey: Callable[[OutgoingMessage], object] = lambda _: None
        self.gate: asyncio.Event | None = None
        self.reached = asyncio.Event()

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Raises what ``obey`` raises."""
        self.given.append(message)
        self.reached.set()
        if self.gate:
            await self.gate.wait()
        self.obey(message)
        self.taken.append(message)
        return Receipt("250 ok")

    async def check(self) -> None:
        """Always there."""

    async def close(self) -> None:
        """Nothing is kept open."""


class Rig:
    """A delivery whose rounds the test makes itself."""

    def __init__(self, store: Store, clock: Clock, **limits: Any) -> None:
        self.store, self.clock, self.sink = store, clock, Sink()
        senders: dict[str, Sender] = {"mail": self.sink}
        self.delivery = Delivery(
            store, senders, a_desk(limits=limits), Metrics(), worker="w1", pace=Pace(), now=clock
        )

    def queue(self, kind: Kind = Kind.REPLY, to: str = "ann@localhost", **values: Any) -> OutgoingMessage:
        """Put a message into the outbox."""
        made = an_outgoing(kind=kind, to=Party(EMAIL, to), created_at=self.clock(), **values)
        self.store.write_now(lambda tx: outbox.queue(tx, made, to))
        return made

    async def round(self) -> int:
        """Claim what is due and handle it, as the loop does; how many there were."""
        claims = await self.delivery._claim(32)
        await asyncio.gather(*(self.delivery._handle(claim) for claim in claims))
        return len(claims)

    def rows(self, table: Any = Outbox) -> list[Any]:
        return self.store.read_now(lambda tx: list(tx.run(sa.select(*table.__table__.c).order_by(table.id))))

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]


@asynccontextmanager
async def a_rig(folder: Path, **limits: Any) -> AsyncIterator[Rig]:
    clock = Clock()
    store = make_store(folder, clock)
    store.open()
    try:
        yield Rig(store, clock, **limits)
    finally:
        await asyncio.to_thread(store.close)


def refuse(error: Exception) -> Callable[[OutgoingMessage], object]:
    def obey(_: OutgoingMessage) -> object:
        raise error

    return obey
