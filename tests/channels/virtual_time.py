"""An event loop in which nobody waits: when all sleep, it is at once the moment at which the first one wakes."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Leap(selectors.DefaultSelector):
    """Instead of waiting for sockets, the clock goes on."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("all wait, and nobody will ever go on")
        self.now += max(timeout, 0.0)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)

    def time(self) -> float:
        return self._leap.now


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run something to its end. ``asyncio.get_running_loop().time()`` is its clock, and ``asyncio.sleep`` takes no
    time."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)
