"""Child processes for dangerous pure work: reading hostile mail, rendering an administrator's templates.

A child has a limit on time and memory, no secrets, no files to write and no way to outlive us. A job that
breaks one fails alone; the others that were queued to the same child are done elsewhere. One child is kept,
more come only while there is work waiting: they are also how a second core is used.

Why fresh interpreters and not forks: a threaded program must not fork, and a fork server of our own costs
more memory where it counts. Measured with all job modules loaded (PSS): one fresh child 18 MB, a fork server
with one child 24 MB; two, 35 against 30. At rest there is one, and it is ready 0.15 s after its start.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from bot.errors import WorkerFailed
from bot.worker_link import JobType, Link, Task
from bot.worker_main import ping
from bot.worker_start import Limits, launch

A = TypeVar("A")
R = TypeVar("R")

_TICK: Final = 0.1
_SLOW: Final = 0.1
"""Seconds on one job after which those behind it are done elsewhere."""
_LATE: Final = 0.5
"""A tick that comes this much too late says that we were held up, so answers may lie unread."""
_START_SECONDS: Final = 30
_STARTS: Final = 3
"""Starts that may fail in a row before those who wait are told."""
_IDLE_SECONDS: Final = 120
_PREFIXES: Final = ("bot.",)


class Section(Protocol):
    """What is configured: ``config.Workers``, or anything that has these."""

    @property
    def processes(self) -> int:
        """Children at the most."""

    @property
    def seconds(self) -> int:
        """For one job."""

    @property
    def memory_mb(self) -> int:
        """Address space of a child."""


class Workers:
    """The pool. Bound to the event loop that first uses it, whose thread must outlive the children.

    ``allow``: prefixes of modules whose functions may be jobs. ``preload``: modules that a child imports
    before it says that it is ready. ``on_failure`` hears the reason of each ``WorkerFailed``: "crashed",
    "died", "too-slow", "too-big". ``idle_seconds``: how long a child beyond the first waits for work.
    """

    def __init__(
        self,
        section: Section,
        *,
        allow: tuple[str, ...] = _PREFIXES,
        preload: tuple[str, ...] = (),
        on_failure: Callable[[str], None] | None = None,
        idle_seconds: float = _IDLE_SECONDS,
    ) -> None:
        self._limits = Limits(section.seconds, section.memory_mb, (*allow, ping.__module__), preload)
        self._most = section.processes
        self._on_failure = on_failure
        self._idle_seconds = idle_seconds
        self._types: dict[Callable[[Any], Any], JobType] = {}
        self._links: list[Link] = []
        self._waiting: deque[Task] = deque()
        self._starter: asyncio.Task[None] | None = None
        self._failed_starts = 0
        self._timer: asyncio.TimerHandle | None = None
        self._expected = 0.0
        self._closing = asyncio.Event()

    @property
    def pids(self) -> tuple[int, ...]:
        """The children that there are."""
        return tuple(link.process.pid for link in self._links)

    async def start(self) -> None:
        """Have one child ready. Raises ``WorkerFailed`` when none can be had."""
        await self.run(ping, 0)

    async def run(self, job: Callable[[A], R], argument: A) -> R:
        """What ``job(argument)`` returns, worked out in a child.

        ``job`` is a function at the top of a module, with annotations; argument and result are what msgspec
        can write. An error of ours that it raises is raised here; anything else is ``WorkerFailed``. A job
        may be run more than once, so it must be pure. Raises ``TypeError`` for what cannot be a job.
        """
        if self._closing.is_set():
            raise RuntimeError("the workers are closed")
        kind = self._types.get(job)
        if kind is None:
            kind = self._types[job] = JobType(job, self._limits.allow)
        task = Task(kind, argument, asyncio.get_running_loop().create_future())
        link = self._roomiest()
        if link is not None:
            link.send(task)
        else:
            self._waiting.append(task)
            self._grow()
        if self._timer is None:
            self._arm()
        result: R = await task.future
        return result

    async def close(self) -> None:
        """End all children and wait until they are gone. Whoever waits for a job is cancelled."""
        self._closing.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._starter is not None:
            await asyncio.wait([self._starter])
        for task in [*self._waiting, *(task for link in self._links for task in link.tasks)]:
            task.future.cancel()
        self._waiting.clear()
        links = list(self._links)
        for link in links:
            link.kill()
        await asyncio.gather(*(link.gone for link in links))

    # Who gets what

    def _roomiest(self) -> Link | None:
        best: Link | None = None
        for link in self._links:
            if link.has_room and (best is None or len(link.tasks) < len(best.tasks)):
                best = link
        return best

    def _feed(self) -> None:
        """Hand out what waits, as far as there is room."""
        while self._waiting and (link := self._roomiest()) is not None:
            task = self._waiting.popleft()
            if not task.future.done():
                link.send(task)
        if self._waiting:
            self._grow()

    # worker_link.Owner

    def progressed(self, link: Link) -> None:  # noqa: ARG002 (the protocol names it; any child may take the work)
        """There is room in a child."""
        self._failed_starts = 0
        if self._waiting:
            self._feed()

    def failed(self, task: Task, error: WorkerFailed) -> None:
        """A task has failed because of what it is."""
        if self._on_failure is not None:
            self._on_failure(error.reason)
        task.future.set_exception(error)

    def ended(self, link: Link, status: int) -> None:
        """A child is gone: find the guilty task, and have the others done elsewhere."""
        self._links.remove(link)
        if self._closing.is_set():
            return
        orphans = list(link.tasks)
        for task in orphans:
            task.places -= 1
        if link.ready and orphans:
            self._judge(link, orphans[0], status)
        again = [task for task in orphans if not task.places and not task.future.done()]
        self._waiting.extendleft(reversed(again))
        if not link.ready:
            self._start_failed(f"exit status {status}")
        self._feed()

    def _judge(self, link: Link, task: Task, status: int) -> None:
        """A task is guilty of what happens to a child that had done nothing before, or when it happens twice:
        what an earlier job broke or left behind is not its fault. Being too slow is always its own."""
        reason = link.verdict or "died"
        if task.future.done():
            return
        if reason == "too-slow" or task.tried or not link.served:
            detail = f"exit status {status}" if reason == "died" else f"limit {self._limit(reason)}"
            self.failed(task, WorkerFailed(reason, detail))
        task.tried = True

    def _limit(self, reason: str) -> str:
        return f"{self._limits.seconds} s" if reason == "too-slow" else f"{self._limits.memory_mb} MB"

    # Children come and go

    def _grow(self) -> None:
        if self._starter is None and len(self._links) < self._most and all(x.ready for x in self._links):
            self._starter = asyncio.get_running_loop().create_task(self._start())

    async def _start(self) -> None:
        if self._failed_starts:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), min(5.0, 0.05 * 2**self._failed_starts))
        try:
            await self._connect()
        except OSError as error:
            self._start_failed(f"error {error.errno}")
        self._starter = None
        self._feed()

    async def _connect(self) -> None:
        if self._closing.is_set():
            return
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as undo:
            undo.callback(ours.close)
            with theirs:
                process = launch(self._limits, theirs)
            undo.callback(process.wait)
            undo.callback(process.kill)
            link = Link(self, process, loop.time())
            await loop.create_unix_connection(lambda: link, sock=ours)
            undo.pop_all()
        self._links.append(link)

    def _start_failed(self, detail: str) -> None:
        self._failed_starts += 1
        if self._failed_starts < _STARTS:
            return
        while self._waiting:
            task = self._waiting.popleft()
            if not task.future.done():
                self.failed(task, WorkerFailed("died", f"no child process can be started: {detail}"))

    # The watch

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        self._expected = loop.time() + _TICK
        self._timer = loop.call_at(self._expected, self._tick)

    def _tick(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._expected < _LATE:
            for link in list(self._links):
                self._watch(link, now)
        if self._waiting or any(len(link.tasks) > 1 for link in self._links):
            self._grow()
        self._timer = None
        if self._waiting or self._starter or len(self._links) > 1 or any(x.tasks for x in self._links):
            self._arm()

    def _watch(self, link: Link, now: float) -> None:
        age = now - link.since
        if link.ending:
            return
        if not link.ready:
            if age > _START_SECONDS:
                link.kill()
        elif not link.tasks:
            if age > self._idle_seconds and sum(not other.ending for other in self._links) > 1:
                link.kill()
        elif age > self._limits.seconds:
            link.kill("too-slow")
        elif age > _SLOW:
            link.slow = True
            self._take_over(link)

    def _take_over(self, slow: Link) -> None:
        """Have another child do what waits behind a slow job. The slow one may still do it too: the first
        answer counts."""
        if self._roomiest() is None:
            return
        tail = [task for task in list(slow.tasks)[1:] if task.places == 1 and not task.future.done()]
        self._waiting.extendleft(reversed(tail))
        self._feed()
