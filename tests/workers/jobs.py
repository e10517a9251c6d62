"""Jobs that behave badly, and some that do not."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.errors import ChannelError, HeldError, StoreUnavailable, TemplateError


@dataclass(frozen=True)
class Parcel:
    name: str
    content: bytes
    sent: datetime
    tags: tuple[str, ...] = ()


def double(number: int) -> int:
    return number * 2


def turn(parcel: Parcel) -> Parcel:
    return Parcel(parcel.name[::-1], parcel.content, parcel.sent, (*parcel.tags, "turned"))


def grow(size: int) -> bytes:
    return bytes(size)


def spin(seconds: float) -> int:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return 1


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return 1


def devour(chunk: int) -> int:
    eaten = []
    while True:
        eaten.append(bytearray(chunk))


def leave(status: int) -> int:
    os._exit(status)


def shoot(number: int) -> int:
    os.kill(os.getpid(), number)
    return 0


def crash_in_c(address: int) -> str:
    return ctypes.string_at(address).decode()


def dive(depth: int) -> int:
    return dive(depth + 1) + 1


def exit_politely(word: str) -> str:
    raise SystemExit(word)


def refuse(detail: str) -> int:
    raise HeldError("too-many-parts", detail)


def break_template(text: str) -> str:
    raise TemplateError(text)


def fail_at_channel(text: str) -> str:
    raise ChannelError(text, permanent=True, retry_after=1.5)


def find_disk_full(text: str) -> str:
    raise StoreUnavailable(text, full=True)


def leak_a_secret(secret: str) -> str:
    raise RuntimeError(secret)


def lie(number: int) -> int:
    return str(number)  # type: ignore[return-value]  # the point of it


def give_an_object(number: int) -> object:
    return object()


def say_nonsense(count: int) -> int:
    """Write to the parent behind the child's back."""
    for fd in range(1, 64):
        try:
            kind = socket.socket(fileno=os.dup(fd))
        except OSError:
            continue
        kind.send(b"\xff" * count)
    return 0


def look_around(word: str) -> dict[str, str]:
    """What a child has of the world."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    mask = os.umask(0)
    return {
        "environment": ",".join(sorted(os.environ)),
        "session": str(os.getsid(0) == os.getpid()),
        "core": f"{soft},{hard}",
        "umask": oct(mask),
        "stdin": str(Path("/proc/self/fd/0").readlink()),
        "stderr": str(Path("/proc/self/fd/2").readlink()),
        "files": ",".join(
            sorted(str(p.readlink()) for p in Path("/proc/self/fd").iterdir() if p.is_symlink())
        ),
        "interrupt": str(signal.getsignal(signal.SIGINT) is signal.SIG_IGN),
        "terminate": str(signal.getsignal(signal.SIGTERM) is signal.SIG_IGN),
    }


def modules(prefix: str) -> list[str]:
    import sys

    return [name for name in sys.modules if name.startswith(prefix)]


def write_a_file(folder: str) -> int:
    return Path(folder, "x").write_text("content")


def pid(number: int) -> int:
    return os.getpid()


def without_types(number):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201  # the point of it
    return number
