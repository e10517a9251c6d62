"""What runs inside a child process: read a job, do it, write the answer, and again.

The child is a fresh interpreter that imports this file, msgspec and, when a job names it, that job's module;
nothing here may import more (every megabyte is paid for each child). It speaks on one socket, in order:

* asked: ``REQUEST`` (octets of the argument, octets of the name), the name "module:function", the argument;
* answered: ``ANSWER`` (a tag, octets of the body), the body.

Arguments and results are MessagePack, read by the type that the job's annotations name. Nothing is pickled:
what comes out of a process that chewed on hostile bytes can only be data of the promised type.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, BinaryIO, Final, NamedTuple, get_type_hints

import msgspec

from bot.errors import DeskbotError

REQUEST: Final = Struct(">IH")
ANSWER: Final = Struct(">BI")
READY, DONE, FAILED, TOO_BIG = range(4)
"""Tags: here I am; the result; a ``Failure``; out of memory (and the child leaves)."""
LARGEST_FRAME: Final = 64 * 1024 * 1024
"""Octets of an argument or a result."""
LONGEST_TEXT: Final = 2000
READ_AHEAD: Final = 65_536

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_CPU_GRACE: Final = 2
"""Seconds that the kernel's CPU limit stands behind the parent's own timer."""


class Failure(msgspec.Struct, array_like=True):
    """An error of a job on its way to the parent."""

    name: str
    """The class, when it is one of ours; empty for any other."""
    text: str
    """What it says; for any other error only the name of its class, because its text may be a person's."""
    fields: dict[str, str | bool | int | float | None]


class _Job(NamedTuple):
    run: Callable[[Any], object]
    decode: Callable[[bytes], Any]


def types_of(job: Callable[..., Any]) -> tuple[Any, Any]:
    """The types of a job's only argument and of its result, from its annotations. Raises ``TypeError``."""
    hints = get_type_hints(job)
    result = hints.pop("return", None)
    if result is None or len(hints) != 1:
        raise TypeError(f"{job!r}: a job has one annotated argument and an annotated result")
    return next(iter(hints.values())), result


def ping(number: int) -> int:
    """The smallest job: shows that a child is there."""
    return number


def main(arguments: Sequence[str]) -> None:
    """Serve the parent on descriptor 0 until it goes."""
    parent, seconds, memory_mb, allow, preload = arguments
    channel = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    try:
        _confine(int(parent), int(memory_mb) * 1024 * 1024)
        for module in filter(None, preload.split(",")):
            with contextlib.suppress(ImportError):  # the first job that needs it will say so
                importlib.import_module(module)
        with open(channel, "rb", buffering=READ_AHEAD, closefd=False) as incoming:
            _serve(incoming, channel, tuple(allow.split(",")), int(seconds) + _CPU_GRACE)
    except MemoryError:
        os.write(channel, ANSWER.pack(TOO_BIG, 0))
    except (BrokenPipeError, ConnectionResetError):
        pass
    os._exit(0)  # no finalizers: nothing here is worth a farewell


def _confine(parent: int, memory: int) -> None:
    """Give up what a pure function does not need, and end with the parent."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a service manager signals the whole group: the parent decides
    if sys.platform == "linux":
        import ctypes  # elsewhere not needed, and not free

        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:  # noqa: PTH123 (no pathlib here)
            score.write("500")  # the kernel, short of memory, takes a child before the parent
    if os.getppid() != parent:
        os._exit(0)
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, memory),
    ):
        with contextlib.suppress(ValueError):  # an administrator's own limit is already lower
            resource.setrlimit(what, (most, most))


def _serve(incoming: BinaryIO, channel: int, allow: tuple[str, ...], seconds: int) -> None:
    """Answer one request after the other. Each answer is written before the next request is begun, so that
    the parent always knows which job a death belongs to."""
    jobs: dict[bytes, _Job] = {}
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    _write(channel, ANSWER.pack(READY, 0))
    while len(header := incoming.read(REQUEST.size)) == REQUEST.size:
        size, name_size = REQUEST.unpack(header)
        name = incoming.read(name_size)
        argument = incoming.read(size) if size <= LARGEST_FRAME else b""
        if len(argument) != size:
            return
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + seconds, hard))
        _write(channel, _answer(jobs, name, argument, allow))
        del argument


def _answer(jobs: dict[bytes, _Job], name: bytes, argument: bytes, allow: tuple[str, ...]) -> bytearray:
    """Do one job; whatever it raises becomes an answer, except that there is no memory left."""
    out = bytearray(ANSWER.size)
    tag = DONE
    try:
        job = jobs.get(name)
        if job is None:
            job = jobs[name] = _find(name.decode(), allow)
        _encoder.encode_into(job.run(job.decode(argument)), out, ANSWER.size)
        failure = _over_the_bound() if len(out) > LARGEST_FRAME else None
    except MemoryError:
        raise
    except BaseException as error:  # noqa: BLE001 (SystemExit from a job is a failed job, not the end of the child)
        failure = _failure(error)
    if failure is not None:
        tag = FAILED
        out[ANSWER.size :] = _encoder.encode(failure)
    ANSWER.pack_into(out, 0, tag, len(out) - ANSWER.size)
    return out


_encoder: Final = msgspec.msgpack.Encoder()


def _find(name: str, allow: tuple[str, ...]) -> _Job:
    module, _, function = name.partition(":")
    if not module.startswith(allow):
        raise LookupError(name)
    job = getattr(importlib.import_module(module), function)
    return _Job(job, msgspec.msgpack.Decoder(types_of(job)[0]).decode)


def _over_the_bound() -> Failure:
    return Failure(
        "WorkerFailed", "", {"reason": "too-big", "detail": "the result is over the largest frame"}
    )


def _failure(error: BaseException) -> Failure:
    if not isinstance(error, DeskbotError):
        return Failure("", _clean(type(error).__name__), {})
    fields = {key: _clean(value) if isinstance(value, str) else value for key, value in vars(error).items()}
    plain = {k: v for k, v in fields.items() if isinstance(v, str | bool | float | None) or _is_small(v)}
    return Failure(type(error).__name__, _clean(str(error)), plain)


def _is_small(value: object) -> bool:
    return isinstance(value, int) and abs(value) < 2**53


def _clean(text: str) -> str:
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode()


def _write(channel: int, data: bytes | bytearray) -> None:
    written = os.write(channel, data)
    while written < len(data):
        written += os.write(channel, memoryview(data)[written : written + 1_048_576])
