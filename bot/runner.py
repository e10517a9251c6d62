"""Supervised loops: each is started again when it fails, and all stop in order when asked to."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

log = logging.getLogger("deskbot.runner")

Loop = Callable[[], Awaitable[None]]

_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 60.0
_HEALTHY_AFTER: Final = 60.0
"""Seconds of running after which a failure counts as the first again."""


def every(seconds: float, work: Loop) -> Loop:
    """A loop that does ``work`` now and then again and again."""

    async def run() -> None:
        while True:
            await work()
            await asyncio.sleep(seconds)

    return run


@dataclass(slots=True)
class Runner:
    """Runs doors and loops until told to stop.

    Doors stop first, so that nothing new comes in; then the loops, which finish what they have in hand.
    ``grace``: seconds for all of it (L9); what is not done by then is left to the leases.
    """

    grace: float = 10.0
    _doors: dict[str, Loop] = field(default_factory=dict)
    _loops: dict[str, Loop] = field(default_factory=dict)

    def door(self, name: str, run: Loop) -> None:
        """Something through which messages or questions come in."""
        self._doors[name] = run

    def loop(self, name: str, run: Loop) -> None:
        """Something that works on what is kept."""
        self._loops[name] = run

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set. Returns when everything has stopped, at most ``grace`` seconds later."""
        loops = [asyncio.create_task(supervise(name, run), name=name) for name, run in self._loops.items()]
        doors = [asyncio.create_task(supervise(name, run), name=name) for name, run in self._doors.items()]
        try:
            await stop.wait()
        finally:
            log.info("stopping", extra={"action": "runner.stopping"})
            left = self.grace
            for group in (doors, loops):
                started = asyncio.get_running_loop().time()
                await _stop(group, left)
                left = max(0.5, left - (asyncio.get_running_loop().time() - started))
            log.info("stopped", extra={"action": "runner.stopped"})


async def _stop(tasks: list[asyncio.Task[None]], seconds: float) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            log.warning("did not stop in time", extra={"action": "runner.late", "loop": task.get_name()})


async def supervise(name: str, run: Loop) -> None:
    """Run a loop; when it ends by an error, start it again, ever later, for ever."""
    delay = _FIRST_DELAY
    clock = asyncio.get_running_loop()
    while True:
        started = clock.time()
        try:
            await run()
        except Exception:
            log.exception(
                "a loop failed", extra={"action": "runner.failed", "loop": name, "delay": round(delay, 1)}
            )
        else:
            log.error("a loop ended", extra={"action": "runner.ended", "loop": name})
        if clock.time() - started > _HEALTHY_AFTER:
            delay = _FIRST_DELAY
        await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311  # jitter is no secret
        delay = min(delay * 2, _LONGEST_DELAY)
