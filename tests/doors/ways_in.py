"""What the contract asks of a way in: how somebody says something there, and what the service then knows.

An adapter is one class. It plays the service and its people; what the desk does with it is the ``Keeper``'s.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from bot.desk.outcome import Result
from bot.errors import HeldError
from bot.message import IncomingMessage, Payload
from bot.ports import Source
from tests.doors.keeper import Keeper

PATIENCE: Final = 10.0
BREATH: Final = 0.05
"""Seconds in which a door that is too hasty would have said yes."""

File = tuple[str, bytes]


def never() -> bool:
    """What does not happen."""
    return False


@dataclass(frozen=True, slots=True)
class Said:
    """Something that somebody has said."""

    text: str
    told: Callable[[], bool]
    """Whether the service has been told that it is kept: 250, moved, acknowledged, confirmed, "noted"."""
    event: object = None
    """What the adapter needs to have the service say it again."""
    refused: Callable[[], bool] = never
    """Whether whoever said it, or an administrator, has been told that it is not taken."""


class WayIn(ABC):
    """A source with its service, which runs from ``start`` to ``stop``."""

    source: Source
    keeper: Keeper
    most: ClassVar[int] = 2 * 1024 * 1024
    """Octets that a payload has at the most, as this door is configured here."""
    becomes: ClassVar[Result] = Result.OPENED
    """What the desk makes of what is said."""
    patience: ClassVar[float] = PATIENCE

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self._running: asyncio.Task[None] | None = None

    @abstractmethod
    async def says(self, text: str, files: Sequence[File] = ()) -> Said:
        """Somebody writes, always in the same conversation; does not wait until it is kept."""

    @abstractmethod
    async def again(self, said: Said) -> Said:
        """The service brings the same once more."""

    @abstractmethod
    async def tries_again(self, said: Said) -> Said:
        """What the service does, or lets the door do, with what the door has not said yes to."""

    @abstractmethod
    async def nonsense(self) -> None:
        """The service says something that nobody understands."""

    @abstractmethod
    async def too_much(self) -> Said:
        """Somebody sends more than this door takes. It is ``refused``; or it is told, and held for an administrator,
        or what is kept names in words what was left out."""

    @abstractmethod
    async def ready(self) -> None:
        """Until the door serves."""

    async def twice_at_once(self, text: str) -> Sequence[Said]:
        """The service brings one and the same on two ways at the same time."""
        said = await self.says(text)
        return [said, await self.again(said)]

    def spoiled(self, payload: Payload) -> Payload:
        """The same payload, with octets that cannot be read."""
        return replace(payload, raw=b"\x00{" + payload.raw[:20])

    async def start(self) -> None:
        """Run the door."""
        self._running = asyncio.create_task(self.source.run(self.keeper.accept))
        await self.ready()

    async def stop(self) -> None:
        """Cancel it, and see how it ends."""
        if self._running is None:
            return
        running, self._running = self._running, None
        running.cancel()
        done, _ = await asyncio.wait([running], timeout=self.patience)
        assert done, "a cancelled door goes on"
        if not running.cancelled():
            running.result()

    async def messages(self) -> list[IncomingMessage]:
        """All that is kept and can be understood, read."""
        found: list[IncomingMessage] = []
        for payload in self.keeper.kept():
            with suppress(HeldError):
                found += await self.source.translate(payload)
        return found

    async def held(self) -> int:
        """How much is kept that cannot be understood."""
        count = 0
        for payload in self.keeper.kept():
            try:
                await self.source.translate(payload)
            except HeldError:
                count += 1
        return count

    async def texts(self) -> list[str]:
        """The words of all that is kept."""
        return [message.reply_text.strip() for message in await self.messages()]

    async def offered(self, count: int = 1) -> None:
        """Until the door has handed over so much."""
        await self.eventually(lambda: len(self.keeper.offered) >= count, "nothing is offered to be kept")

    async def taken(self, said: Said) -> None:
        """Until the service knows that something is kept, and it is: a door that says so too early breaks the
        promises about that, and no others."""
        await self.eventually(said.told, f"the service is never told that {said.text[:40]!r} is kept")
        await self.eventually(lambda: not self.keeper.in_hand, "what is offered is never kept")

    async def eventually(self, true: Callable[[], object], otherwise: str) -> None:
        """Wait until something is so, as long as this door may take."""
        await eventually(true, otherwise, self.patience)


MakesWayIn = Callable[[Keeper], AbstractAsyncContextManager[WayIn]]


async def eventually(true: Callable[[], object], otherwise: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so, whichever peer it is about."""
    try:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110  # not all of the peers can be waited for
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(otherwise) from None
