"""What waits to be written, and how whoever waits for it hears what became of it."""

from __future__ import annotations

import asyncio
import logging
import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

log = logging.getLogger("deskbot.store")

Queue = queue.SimpleQueue["Job | None"]
"""None in it: time to go."""


@dataclass(slots=True)
class Job:
    """A unit of ``bot.store.engine`` that somebody waits for."""

    unit: Callable[[Any], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


def take(waiting: Queue, most: int) -> list[Job]:
    """Wait for a job, then take what else is waiting. Empty: time to go."""
    first = waiting.get()
    if first is None:
        return []
    jobs = [first]
    while len(jobs) < most:
        try:
            job = waiting.get_nowait()
        except queue.Empty:
            break
        if job is None:
            waiting.put(None)
            break
        jobs.append(job)
    return jobs


def resolve(jobs: Sequence[Job]) -> None:
    """Tell each caller, with one wake-up of each loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, group in by_loop.items():
        try:
            loop.call_soon_threadsafe(_tell, group)
        except RuntimeError:
            log.debug("the loop that asked is closed")


def _tell(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if isinstance(job.error, StopIteration):  # the one error that a future refuses to carry
            job.future.set_exception(RuntimeError("a unit raised StopIteration"))
        elif job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
