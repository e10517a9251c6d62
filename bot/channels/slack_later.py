"""Work behind which Slack does not wait: a few pieces at a time, the others in line, and no more than there is room
for.

What finds no room is dropped, and that is told: it is a courtesy (a word, a form, a home), or the files of a message,
which history brings again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from bot.errors import DeskbotError
from bot.log import event as log_event

log = logging.getLogger("deskbot.slack")

AT_ONCE: Final = 32
MOST: Final = 500
"""Pieces that wait."""


class Later:
    """The line of one door. ``dropped`` is told of each piece that found no room."""

    def __init__(
        self, name: str, dropped: Callable[[], None], *, at_once: int = AT_ONCE, most: int = MOST
    ) -> None:
        self._name = name
        self._dropped = dropped
        self._at_once = at_once
        self._most = most
        self._waiting: deque[Awaitable[None]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._is_full = False

    def __call__(self, work: Awaitable[None]) -> None:
        """Have it done as soon as it is its turn."""
        if len(self._waiting) >= self._most:
            self._drop(work)
            return
        self._waiting.append(work)
        self._go_on()

    async def close(self, seconds: float = 2) -> None:
        """Let go of what waits, and end what runs."""
        while self._waiting:
            _forget(self._waiting.popleft())
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    def _drop(self, work: Awaitable[None]) -> None:
        _forget(work)
        self._dropped()
        if not self._is_full:
            self._is_full = True
            words = f"{self._most} things wait already: what comes now is dropped"
            log_event(log, "slack.too-much", words, level=logging.WARNING, channel=self._name)

    def _go_on(self) -> None:
        while self._waiting and len(self._running) < self._at_once:
            task = asyncio.create_task(self._do(self._waiting.popleft()))
            self._running.add(task)
            task.add_done_callback(self._ended)
        if len(self._waiting) <= self._most // 2:
            self._is_full = False

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._go_on()

    async def _do(self, work: Awaitable[None]) -> None:
        try:
            await work
        except DeskbotError as error:
            log_event(log, "slack.not-done", str(error), level=logging.WARNING, channel=self._name)
        except Exception:
            # A fault in one courtesy is in the log with its trace; the next ones must still be done.
            log.exception("not done", extra={"action": "slack.fault"})


def _forget(work: Awaitable[None]) -> None:
    if asyncio.iscoroutine(work):
        work.close()
