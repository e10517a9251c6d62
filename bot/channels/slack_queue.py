"""Turns: about one message a second goes to a conversation of Slack's, and none delays another (I7).

Above that Slack hides messages or answers 429. Whoever would have to wait long is sent away with the moment at
which to come back, so that a busy conversation keeps nobody's hands full.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from bot.errors import ChannelBusy

EVERY: Final = 1.0
PATIENCE: Final = 2.0
"""Seconds for which it is better to wait here than to come back."""
_LONGEST: Final = 3600.0
_KEPT: Final = 4_000
"""Conversations that are remembered; a forgotten one was quiet for longest."""


@dataclass(slots=True)
class _Line:
    free_at: float = 0.0
    waiting: int = 0
    promised: float = 0.0
    """The latest moment that somebody was sent away with."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class SlackQueue:
    """The lines before all conversations of one workspace. Moments are of a monotonic clock (X18)."""

    def __init__(
        self,
        every: float = EVERY,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._every = every
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._lines: OrderedDict[str, _Line] = OrderedDict()

    @asynccontextmanager
    async def turn(self, conversation: str) -> AsyncIterator[None]:
        """Wait for the turn of one message, in the order of those who ask.

        Raises ``ChannelBusy`` when it is better to come back.
        """
        line = self._line(conversation)
        self._see_short(line, line.waiting)
        line.waiting += 1
        try:
            async with line.lock:
                self._see_short(line, 0)
                while (early := line.free_at - self._clock()) > 0:
                    await self._sleep(early)  # a loop that rounds to milliseconds may wake before its time
                try:
                    yield
                finally:
                    line.free_at = max(line.free_at, self._clock() + self._every)
        finally:
            line.waiting -= 1

    def hold(self, conversation: str, seconds: float) -> ChannelBusy:
        """Slack has asked us to wait; returns what to raise. Who is sent away first comes back first."""
        line, now = self._line(conversation), self._clock()
        line.free_at = max(line.free_at, now + min(max(seconds, 0.0), _LONGEST))
        line.promised = max(line.promised, line.free_at)
        return ChannelBusy("Slack has asked to wait", line.free_at - now)

    def _see_short(self, line: _Line, before: int) -> None:
        """``before``: how many stand in line already."""
        now = self._clock()
        wait = max(0.0, line.free_at - now) + before * self._every
        if wait > self._patience:
            line.promised = max(line.promised, now + wait) + self._every
            raise ChannelBusy("it is not yet its turn in the conversation", line.promised - now)

    def _line(self, conversation: str) -> _Line:
        line = self._lines.get(conversation)
        if line is None:
            line = self._lines[conversation] = _Line()
            quiet = [key for key, one in self._lines.items() if not one.waiting][: len(self._lines) - _KEPT]
            for key in quiet:
                if key != conversation:
                    del self._lines[key]
        self._lines.move_to_end(conversation)
        return line
