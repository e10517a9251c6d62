"""The parent's end of one child process: jobs go out back to back, answers come back in order."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import msgspec

from bot.errors import DeskbotError, WorkerFailed
from bot.worker_main import (
    ANSWER,
    DONE,
    FAILED,
    LARGEST_FRAME,
    LONGEST_TEXT,
    READY,
    REQUEST,
    TOO_BIG,
    Failure,
    types_of,
)

DEPTH: Final = 8
"""Jobs in flight to one child: enough that it never waits for the parent, few enough that others get work."""
DEPTH_OCTETS: Final = 1_048_576
"""A child that has this much in flight gets no more, so that a large mail is not queued behind another."""


class JobType:
    """A job function as both ends know it: its name on the wire and how its result is read."""

    def __init__(self, job: Callable[[Any], Any], allow: tuple[str, ...]) -> None:
        if not f"{job.__module__}.".startswith(allow) or not job.__qualname__.isidentifier():
            raise TypeError(f"{job!r}: a job is a function at the top of a module of {', '.join(allow)}")
        self.name = f"{job.__module__}:{job.__qualname__}".encode()
        self.head = bytes(REQUEST.size) + self.name
        self.decode: Callable[[bytes | bytearray], Any] = msgspec.msgpack.Decoder(types_of(job)[1]).decode


@dataclass(slots=True, eq=False)
class Task:
    """One job that someone waits for."""

    type: JobType
    argument: object
    future: asyncio.Future[Any]
    size: int = 0
    places: int = 0
    """How many children have it: two when it was taken over from a slow one."""
    tried: bool = False
    """It was at work when a child died that had done others before: it may have been their fault."""


class Owner(Protocol):
    """Who is told what happens to a child."""

    def progressed(self, link: Link) -> None:
        """It is ready, or has answered: there is room for more."""

    def ended(self, link: Link, status: int) -> None:
        """It is gone and reaped; ``status`` as in ``subprocess``. Its unanswered tasks are still with it."""

    def failed(self, task: Task, error: WorkerFailed) -> None:
        """A task could not be done because of what it is."""


class Link(asyncio.Protocol):
    """A child process and what is in flight to it."""

    def __init__(self, owner: Owner, process: subprocess.Popen[bytes], now: float) -> None:
        self.process = process
        self.tasks: deque[Task] = deque()
        """Sent and not answered, in order; the child works on the first."""
        self.since = now
        """When the child began with what it does now: starting, the first task, or nothing."""
        self.ready = self.slow = self.ending = False
        self.served = 0
        self.verdict = ""
        """Why it was ended, when it was ended for a reason: "too-slow", "too-big"."""
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._octets = 0
        self._out = bytearray()
        self._in = bytearray()

    @property
    def has_room(self) -> bool:
        if self.ending or self.slow:
            return False
        return not self.tasks or (len(self.tasks) < DEPTH and self._octets < DEPTH_OCTETS)

    def send(self, task: Task) -> None:
        """Put a task behind those in flight; what is sent in one turn of the loop is one write."""
        out = self._out
        start = len(out)
        out += task.type.head
        begin = len(out)
        try:
            _encoder.encode_into(task.argument, out, begin)
            task.size = len(out) - begin
            if task.size > LARGEST_FRAME:
                raise WorkerFailed("too-big", "the argument is over the largest frame")  # noqa: TRY301 (one way out)
        except WorkerFailed as error:
            del out[start:]
            self._owner.failed(task, error)
            return
        except (
            TypeError,
            ValueError,
            OverflowError,
            RecursionError,
        ) as error:  # the caller's mistake: his to see
            del out[start:]
            task.future.set_exception(error)
            return
        REQUEST.pack_into(out, start, task.size, len(task.type.name))
        if not start:
            self._loop.call_soon(self._flush)
        if not self.tasks:
            self.since = self._loop.time()
        task.places += 1
        self._octets += task.size
        self.tasks.append(task)

    def _flush(self) -> None:
        out, self._out = self._out, bytearray()
        if self._transport is not None and not self.ending:
            self._transport.write(out)

    def kill(self, verdict: str = "") -> None:
        """End the child now; ``ended`` follows."""
        self.verdict = self.verdict or verdict
        self.ending = True
        self.process.kill()
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ours."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not one by name

    def data_received(self, data: bytes) -> None:
        """Some answers, or a part of one."""
        if self.ending:
            return
        source: bytes | bytearray = data
        if self._in:
            self._in += data
            source = self._in
        used = 0
        for tag, start, end in _frames(source):
            if not self._take(tag, source, start, end):
                self.kill()
                return
            used = end
        if source is self._in:
            del self._in[:used]
        elif used < len(data):
            self._in += data[used:]
        if used:
            self._owner.progressed(self)

    def _take(self, tag: int, source: bytes | bytearray, start: int, end: int) -> bool:
        """One answer. False when the child speaks out of turn or tells us to let it go."""
        self.since = self._loop.time()
        self.slow = False
        if tag == READY and not self.ready:
            self.ready = True
            return True
        if tag == TOO_BIG:
            self.verdict = "too-big"
            return False
        if tag not in {DONE, FAILED} or end - start > LARGEST_FRAME or not self.tasks:
            return False
        task = self.tasks.popleft()
        task.places -= 1
        self._octets -= task.size
        self.served += 1
        if not task.future.done():
            self._settle(task, tag, source[start:end])
        return True

    def _settle(self, task: Task, tag: int, body: bytes | bytearray) -> None:
        error: Exception
        try:
            if tag == DONE:
                task.future.set_result(task.type.decode(body))
                return
            error = _restore(_decode_failure(body))
        except (msgspec.DecodeError, ValueError, TypeError, RecursionError, OverflowError) as garbage:
            error = WorkerFailed("crashed", type(garbage).__name__)
        if isinstance(error, WorkerFailed):
            self._owner.failed(task, error)
        else:
            task.future.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio names it)
        """The child has closed the socket, which it does only by ending."""
        self.ending = True
        self.process.kill()
        self._reap()

    def _reap(self) -> None:
        status = self.process.poll()
        if status is None:
            self._loop.call_later(0.002, self._reap)
            return
        if status == -signal.SIGXCPU:
            self.verdict = "too-slow"
        self._owner.ended(self, status)
        if not self.gone.done():
            self.gone.set_result(None)


_encoder: Final = msgspec.msgpack.Encoder()
_decode_failure: Final = msgspec.msgpack.Decoder(Failure).decode


def _frames(source: bytes | bytearray) -> Iterator[tuple[int, int, int]]:
    """Tag, start and end of each whole answer; a frame over the bound is named at once, whole or not."""
    at = 0
    while len(source) - at >= ANSWER.size:
        tag, size = ANSWER.unpack_from(source, at)
        start = at + ANSWER.size
        at = start + size
        if at > len(source) and size <= LARGEST_FRAME:
            return
        yield tag, start, at


def _restore(failure: Failure) -> DeskbotError:
    """The error as the job raised it, when it is one of ours."""
    kind = next((k for k in _family(DeskbotError) if k.__name__ == failure.name), None)
    if kind is None:
        return WorkerFailed("crashed", _cut(failure.text))
    fields: dict[str, Any] = {k: _cut(v) if isinstance(v, str) else v for k, v in failure.fields.items()}
    return kind(**fields) if "reason" in fields else kind(_cut(failure.text), **fields)


def _cut(text: str) -> str:
    return text[:LONGEST_TEXT]


def _family(kind: type[DeskbotError]) -> Iterator[type[DeskbotError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)
