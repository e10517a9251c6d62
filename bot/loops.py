"""The shape that every loop of Deskbot has: claim what is due, work on it, wait for more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from bot.errors import StoreUnavailable
from bot.store.engine import Store, Unit

T = TypeVar("T")
log = logging.getLogger("deskbot.loops")

_LONGEST_WAIT: Final = 30.0


class Pace:
    """When a loop looks for work: at once when it is woken, else every ``poll`` seconds."""

    def __init__(self, poll: float = 1.0) -> None:
        self._poll = poll
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There may be work."""
        self._woken.set()

    async def wait(self) -> None:
        """Until woken or until it is time to look again. One call to wake ends one wait, also one to come."""
        try:
            async with asyncio.timeout(self._poll):
                await self._woken.wait()
        except TimeoutError:
            return
        finally:
            self._woken.clear()

    async def work(
        self,
        claim: Callable[[int], Awaitable[Sequence[T]]],
        handle: Callable[[T], Awaitable[None]],
        *,
        at_once: int,
    ) -> None:
        """Keep up to ``at_once`` items in hand until cancelled; then finish what is in hand.

        ``handle`` deals with its own errors: one that escapes is logged, and costs only its own item.
        """
        in_hand: set[asyncio.Task[None]] = set()
        try:
            while True:
                claimed = await self._take(claim, at_once - len(in_hand), handle, in_hand)
                if not claimed:
                    await self.wait()
                while len(in_hand) > at_once // 2:
                    await asyncio.wait(in_hand, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if in_hand:
                await asyncio.wait(in_hand)

    async def _take(
        self,
        claim: Callable[[int], Awaitable[Sequence[T]]],
        limit: int,
        handle: Callable[[T], Awaitable[None]],
        in_hand: set[asyncio.Task[None]],
    ) -> int:
        """Claim, and begin with each item. A stop in the middle waits for the claim, whose items are then in
        hand like all others: a claim that nobody works on would be lost until its lease ends."""
        claiming = asyncio.ensure_future(claim(limit))
        try:
            await asyncio.wait([claiming])
        finally:
            if not claiming.done():
                await asyncio.wait([claiming])
            for item in [] if claiming.exception() else claiming.result():
                task = asyncio.ensure_future(handle(item))
                in_hand.add(task)
                task.add_done_callback(in_hand.discard)
                task.add_done_callback(_report)
        return len(claiming.result())


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("an item failed", exc_info=error, extra={"action": "loop.item-failed"})


async def persist(store: Store, unit: Unit[T]) -> T:
    """Write ``unit`` however long the database is away. The unit is fenced, so a repeat does no harm."""
    delay = 0.2
    while True:
        try:
            return await store.write(unit)
        except StoreUnavailable as error:
            log.warning("the database is away: %s", error, extra={"action": "store.away"})
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_WAIT)
