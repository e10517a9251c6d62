"""How fast Telegram lets us speak: to all, to one chat, to one group; each chat has a queue of its own (J5)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from bot.errors import ChannelError

_KEPT: Final = 5_000
"""Chats that are remembered."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Telegram's own, and our patience."""

    all_per_second: int = 30
    chat_seconds: float = 1.0
    """Between two messages to one chat."""
    group_per_minute: int = 20
    minute: float = 60.0
    patience: float = 15.0
    """Seconds that a message waits here for its turn; longer, and it waits in the outbox, so that a slow chat
    keeps no hands from the others."""
    waiting: int = 10
    """Messages to one chat that wait here; more wait in the outbox."""
    away: float = 55.0
    """Seconds for which all messages to a chat wait in the outbox once one of them does: later ones must not
    overtake it there."""


@dataclass(slots=True)
class _Chat:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    sent: deque[float] = field(default_factory=lambda: deque(maxlen=64))
    until: float = 0.0
    """Telegram has asked us to wait until then."""
    waiting: int = 0


class Pace:
    """Gives each message its turn."""

    def __init__(self, limits: Limits = Limits(), clock: Callable[[], float] = monotonic) -> None:  # frozen
        self.limits = limits
        self._clock = clock
        self._chats: OrderedDict[int, _Chat] = OrderedDict()
        self._sent: deque[float] = deque(maxlen=limits.all_per_second)

    @asynccontextmanager
    async def turn(self, chat: int) -> AsyncIterator[None]:
        """All that is said to one chat comes one after the other, in the order in which it was asked for.

        Raises ``ChannelError`` with ``retry_after`` when its turn is too far away.
        """
        known = self._of(chat)
        wait = self._wait(known, chat)
        if wait > self.limits.patience or (wait > 0 and known.waiting >= self.limits.waiting):
            self.hold(chat, self.limits.away)
            raise ChannelError(
                "too many messages for this chat at once", retry_after=max(wait, self.limits.away)
            )
        known.waiting += 1
        try:
            async with known.lock:
                yield
        finally:
            known.waiting -= 1

    async def before(self, chat: int) -> None:
        """Wait until one more message may go to a chat. Within its turn."""
        known = self._of(chat)
        while (wait := self._wait(known, chat)) > 0:
            if wait > self.limits.patience:
                raise ChannelError("Telegram asks us to wait", retry_after=wait)
            await asyncio.sleep(wait)
        now = self._clock()
        known.sent.append(now)
        self._sent.append(now)

    def hold(self, chat: int, seconds: float) -> None:
        """Telegram has asked us to wait (429)."""
        known = self._of(chat)
        known.until = max(known.until, self._clock() + seconds)

    def _of(self, chat: int) -> _Chat:
        known = self._chats.setdefault(chat, _Chat())
        self._chats.move_to_end(chat)
        while len(self._chats) > _KEPT:
            oldest = next(iter(self._chats))
            if self._chats[oldest].waiting:
                break
            del self._chats[oldest]
        return known

    def _wait(self, known: _Chat, chat: int) -> float:
        """Seconds until the next message may go to a chat."""
        now, limits = self._clock(), self.limits
        due = [known.until]
        if known.sent:
            due.append(known.sent[-1] + limits.chat_seconds)
        if chat < 0 and len(known.sent) >= limits.group_per_minute:
            due.append(known.sent[-limits.group_per_minute] + limits.minute)
        if len(self._sent) == limits.all_per_second:
            due.append(self._sent[0] + 1.0)
        return max(0.0, max(due) - now)
