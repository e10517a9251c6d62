"""From a mailbox's thread to the event loop and back: accept and the store, as plain calls."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from bot.clock import Clock
from bot.message import Payload
from bot.ports import Accept
from bot.store.engine import Store, Unit
from bot.store.mailboxes import Lease

T = TypeVar("T")


class Bridge:
    """Each call blocks the thread until the loop has the answer."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, accept: Accept, store: Store, lease: Lease, now: Clock
    ) -> None:
        self._loop = loop
        self._accept = accept
        self._store = store
        self.lease = lease
        self.now = now
        self._asked: Future[Any] | None = None

    def accept(self, payloads: Sequence[Payload]) -> list[bool | BaseException]:
        """Keep mails, all at once so that they share a commit: for each whether it is new, or why not kept."""
        return self._wait(self._accept_all(payloads))

    def read(self, unit: Unit[T]) -> T:
        """Read from the store."""
        return self._wait(self._store.read(unit))

    def write(self, unit: Unit[T]) -> T:
        """Write to the store; returns after the commit."""
        return self._wait(self._store.write(unit))

    def give_up(self) -> None:
        """Nobody waits any longer for what was asked: the thread gets an error in its place."""
        if self._asked is not None:
            self._asked.cancel()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        asked = asyncio.run_coroutine_threadsafe(work, self._loop)
        self._asked = asked
        return asked.result()

    async def _accept_all(self, payloads: Sequence[Payload]) -> list[bool | BaseException]:
        return await asyncio.gather(*(self._accept(p) for p in payloads), return_exceptions=True)
