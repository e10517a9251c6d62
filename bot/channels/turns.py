"""Turns: how fast a chat service lets us speak, kept before it has to complain (I7, J5).

Each conversation has a line of its own, in which one message after the other is said; between two of them passes
the time that the service wants, a group hears only so many in a while, and all together so many in a second. What
would have to wait long is sent away with the moment at which to come back, so that a busy conversation keeps
nobody's hands full. That the messages of one ticket to one person keep their order then is the outbox's duty.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from bot.errors import ChannelBusy

LONGEST: Final = 3600.0
"""Seconds for which a service is obeyed at once; then it may ask again."""
_KEPT: Final = 4_000
"""Conversations that are remembered; a forgotten one was quiet for longest."""
_AS_ALL: Final = 3
_SOON: Final = 5.0
"""So many conversations that are asked to wait within so many seconds: the service means all of them."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What a service allows, and our patience. Times are seconds; a number of 0 is no limit."""

    every: float = 1.0
    """Between the end of one message to a conversation and the beginning of the next."""
    group_most: int = 0
    group_seconds: float = 60.0
    """A group hears at most ``group_most`` messages within ``group_seconds``."""
    all_most: int = 0
    all_seconds: float = 1.0
    """All conversations together: at most ``all_most`` messages begin within ``all_seconds``."""
    patience: float = 2.0
    """For which it is better to wait here than to come back."""


@dataclass(slots=True)
class _Line:
    group: bool
    said: deque[float]
    """When the last messages ended."""
    held_until: float = 0.0
    """The service has asked to wait until then."""
    promised: float = 0.0
    """The latest moment that somebody was sent away with."""
    waiting: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Turns:
    """The lines before all conversations of one account. Moments are of a monotonic clock (X18)."""

    def __init__(
        self,
        rates: Rates = Rates(),  # frozen
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.rates = rates
        self._clock = clock
        self._sleep = sleep
        self._lines: OrderedDict[str, _Line] = OrderedDict()
        self._begun: deque[float] = deque(maxlen=max(rates.all_most, 1))
        self._asked: dict[str, float] = {}
        """When the service has asked to wait, of late, and in which conversations."""
        self._all_until = 0.0

    @property
    def remembered(self) -> int:
        """How many conversations are known."""
        return len(self._lines)

    @asynccontextmanager
    async def turn(self, conversation: str, *, group: bool = False) -> AsyncIterator[None]:
        """Stand in the line of a conversation; those who wait are let in in the order in which they came.

        Raises ``ChannelBusy`` when it is better to come back.
        """
        line = self._line(conversation, group=group)
        self._see_short(line, line.waiting)
        line.waiting += 1
        try:
            async with line.lock:
                self._see_short(line, 0)
                yield
        finally:
            line.waiting -= 1

    @asynccontextmanager
    async def message(self, conversation: str) -> AsyncIterator[None]:
        """Within its turn: wait until one more message may be said, and say it inside.

        Raises ``ChannelBusy`` when that is too far away: before the first message, or between two.
        """
        line = self._lines[conversation]
        while (wait := self._free_at(line) - self._clock()) > 0:
            self._see_short(line, 0)
            await self._sleep(wait)  # a loop may wake before its time
        self._begun.append(self._clock())
        try:
            yield
        finally:
            line.said.append(self._clock())

    def hold(self, conversation: str, seconds: float) -> ChannelBusy:
        """Within its turn: the service has asked to wait. Returns what to raise; who is sent away first comes back
        first."""
        line, now = self._lines[conversation], self._clock()
        until = now + min(max(seconds, 0.0), LONGEST)
        line.held_until = max(line.held_until, until)
        line.promised = max(line.promised, line.held_until)
        self._asked = {key: moment for key, moment in self._asked.items() if moment > now - _SOON}
        self._asked[conversation] = now
        if len(self._asked) >= _AS_ALL:
            self._all_until = max(self._all_until, until)
            self._asked = {}
        return ChannelBusy("the service has asked to wait", line.held_until - now)

    def _see_short(self, line: _Line, before: int) -> None:
        """``before``: how many stand in line already."""
        now = self._clock()
        wait = max(0.0, self._free_at(line) - now) + before * self.rates.every
        if wait > self.rates.patience:
            line.promised = max(line.promised + self.rates.every, now + wait)
            raise ChannelBusy("it is not yet its turn in the conversation", line.promised - now)

    def _free_at(self, line: _Line) -> float:
        """When the next message may begin."""
        rates, due = self.rates, [line.held_until, self._all_until]
        if line.said:
            due.append(line.said[-1] + rates.every)
        if line.group and 0 < rates.group_most <= len(line.said):
            due.append(line.said[-rates.group_most] + rates.group_seconds)
        if 0 < rates.all_most <= len(self._begun):
            due.append(self._begun[0] + rates.all_seconds)
        return max(due)

    def _line(self, conversation: str, *, group: bool = False) -> _Line:
        line = self._lines.get(conversation)
        if line is None:
            self._forget()
            kept = self.rates.group_most if group else 1
            line = self._lines[conversation] = _Line(group, deque(maxlen=max(kept, 1)))
        self._lines.move_to_end(conversation)
        return line

    def _forget(self) -> None:
        """The conversations that were quiet for longest: those of which nothing need be known any more, and as
        many others as there are too many."""
        now = self._clock()
        while self._lines:
            oldest = next((key for key, line in self._lines.items() if not line.waiting), None)
            if oldest is None or (len(self._lines) < _KEPT and not self._is_over(self._lines[oldest], now)):
                break
            del self._lines[oldest]

    def _is_over(self, line: _Line, now: float) -> bool:
        """Whether a line would be the same if it were new."""
        lasts = max(self.rates.every, self.rates.group_seconds if line.group else 0.0)
        said_until = line.said[-1] + lasts if line.said else 0.0
        return max(said_until, line.held_until, line.promised) <= now
