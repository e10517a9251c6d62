"""What the contract asks of a way in: how somebody says something there, and what the service then knows.

An adapter is one class. It plays the service and its people; what the desk does with it is the ``Keeper``'s.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from bot.errors import StoreUnavailable
from bot.message import IncomingMessage, Payload
from bot.ports import Source

PATIENCE = 10.0
BREATH = 0.05
"""Seconds in which a door that is too hasty would have said yes."""

File = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Said:
    """Something that somebody has said."""

    text: str
    told: Callable[[], bool]
    """Whether the service has been told that it is kept: 250, moved, acknowledged, confirmed."""
    event: object = None
    """What the adapter needs to have the service say it again."""


@dataclass
class Keeper:
    """Stands for the intake: keeps each key once, in its order, when it may."""

    kept: dict[str, Payload] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """The key of each payload that was offered."""
    away: bool = False
    """Nothing can be kept."""
    may: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: what is offered is kept at once; else it waits, as before a commit that takes long."""

    def __post_init__(self) -> None:
        self.may.set()

    async def accept(self, payload: Payload, /) -> bool:
        """See ``ports.Accept``."""
        self.asked.append(payload.key)
        if self.away:
            raise StoreUnavailable("away for a test")
        await self.may.wait()
        new = payload.key not in self.kept
        self.kept.setdefault(payload.key, payload)
        return new


class WayIn(ABC):
    """A source with its service, which runs from ``start`` to ``stop``."""

    source: Source
    excuses: ClassVar[Mapping[str, str]] = {}
    """Promises (names of tests) that cannot apply here, each with the reason in words."""

    def __init__(self) -> None:
        self.keeper = Keeper()
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
    async def ready(self) -> None:
        """Until the door serves."""

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
        done, _ = await asyncio.wait([running], timeout=PATIENCE)
        assert done, "a cancelled door goes on"
        if not running.cancelled():
            running.result()

    async def messages(self) -> list[IncomingMessage]:
        """All that is kept, read."""
        payloads = list(self.keeper.kept.values())
        return [message for payload in payloads for message in await self.source.translate(payload)]

    async def taken(self, said: Said) -> None:
        """Until the service knows that something is kept."""
        await eventually(said.told, f"the service is never told that {said.text[:40]!r} is kept")


async def eventually(true: Callable[[], object], otherwise: str, seconds: float = PATIENCE) -> None:
    """Wait until something is so, whichever peer it is about."""
    try:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110  # not all of the peers can be waited for
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(otherwise) from None
