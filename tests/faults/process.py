"""The bot as a real process: started, killed, paused and measured from outside."""

from __future__ import annotations

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DESKBOT: Final = str(Path(sys.executable).with_name("deskbot"))
COMMAND: Final = (DESKBOT, "run")
READY_SECONDS: Final = 20.0
_SMALL_LIMITS: Final = {
    # All load comes from one address, and each mail from another sender: fuses are not what is tested here.
    "DESKBOT_SMTP__MAX_CONNECTIONS_PER_ADDRESS": "200",
    "DESKBOT_LIMITS__DOMAIN_PER_HOUR": "10000000",
    "DESKBOT_LIMITS__ALL_PER_HOUR": "10000000",
    "DESKBOT_DESK__SECRET": "a secret for tests that is long enough to sign",
}


def free_port() -> int:
    """A port that nobody listens at, outside the range from which the kernel takes ports for clients.

    Inside that range a client's connection could take the port while the bot is dead, or even connect to
    itself.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(max(1024, first - 20_000), first)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and all its children have taken."""

    cpu: float
    """Seconds of CPU."""
    pss: int
    """Octets of memory; what processes share is divided among them."""
    processes: int


class Bot:
    """One bot, with its own ports, that can be started again and again on the same data."""

    def __init__(
        self,
        folder: Path,
        *,
        relay_port: int | None = None,
        store_url: str = "",
        roles: str = "",
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = COMMAND,
        name: str = "bot",
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self.web_port = free_port()
        self.log = folder / f"{name}.log"
        self.command = [*command, *(("--only", roles) if roles else ())]
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("DESKBOT_")},
            "DESKBOT_DESK__DATA": str(self.data),
            "DESKBOT_SMTP__PORT": str(self.port),
            "DESKBOT_WEB__PORT": str(self.web_port),
            **_SMALL_LIMITS,
            **(environment or {}),
        }
        if store_url:
            self.environment["DESKBOT_STORE__URL"] = store_url
        if relay_port is not None:
            self.environment |= {
                "DESKBOT_RELAY__HOST": "127.0.0.1",
                "DESKBOT_RELAY__PORT": str(relay_port),
                "DESKBOT_RELAY__TLS": "off",
            }

    @property
    def pid(self) -> int:
        """Of the main process."""
        assert self.process is not None, "the bot does not run"
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, *, fail_at: str = "", files: int | None = None, cwd: Path | None = None) -> None:
        """Start the process; ``fail_at`` arms a point of ``bot.failpoints``, ``files`` is its ``ulimit -n``."""
        assert not self.alive, "the bot runs already"
        environment = dict(self.environment)
        if fail_at:
            environment["DESKBOT_FAIL_AT"] = fail_at
        command = self.command
        if files is not None:
            # A tiny program instead of preexec_fn, which is not safe beside threads.
            limit = f"import os, resource as r, sys; r.setrlimit(r.RLIMIT_NOFILE, ({files}, {files}));"
            command = [sys.executable, "-c", limit + "os.execvp(sys.argv[1], sys.argv[1:])", *command]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=cwd or self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def upgrade(self) -> None:
        """``deskbot db upgrade``, which PostgreSQL wants before the first start."""
        command = [DESKBOT, "db", "upgrade"]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"deskbot db upgrade: {done.stderr.decode(errors='replace')}")

    def await_ready(self, timeout: float = READY_SECONDS) -> float:
        """Wait until /readyz says 200; returns the seconds it took. The process's end is an error."""
        began = time.monotonic()
        while time.monotonic() - began < timeout:
            if not self.alive:
                raise RuntimeError(f"the bot ended instead of becoming ready:\n{self.last_words()}")
            if self.web("/readyz")[0] == 200:
                return time.monotonic() - began
            time.sleep(0.005)
        raise RuntimeError(f"the bot was not ready in {timeout} s:\n{self.last_words()}")

    def web(self, path: str, timeout: float = 5.0) -> tuple[int, str]:
        """Status and text of a page; status 0 when there is nobody."""
        connection = http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=timeout)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def ended_within(self, timeout: float) -> bool:
        """Whether the main process ended, by whatever cause, within so many seconds."""
        assert self.process is not None
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout)
        return not self.alive

    def kill(self) -> None:
        """``kill -9`` to the main process alone; its children must end by themselves."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def terminate(self, timeout: float = 15.0) -> float:
        """SIGTERM; returns the seconds until the end."""
        assert self.process is not None
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(timeout)
        return time.monotonic() - began

    def pause(self) -> None:
        """SIGSTOP to the main process."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT to the main process."""
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> None:
        """Kill what is left of it, children first: they would be strangers afterwards."""
        if self.process is None:
            return
        for pid in reversed(self.tree()) if self.alive else ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def tree(self) -> list[int]:
        """The main process and all that descend from it, parents first."""
        parents: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            if fields := _stat(stat):
                parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        found = [self.pid]
        for pid in found:
            found.extend(parents.get(pid, ()))
        return found

    def usage(self) -> Usage:
        """CPU and memory of all its processes until now (ended children count when they were waited for)."""
        ticks, pss, pids = 0, 0, self.tree()
        for pid in pids:
            fields = _stat(Path(f"/proc/{pid}/stat"))
            ticks += sum(int(word) for word in fields[11:15])  # own and of children that were waited for
            pss += _pss(pid)
        return Usage(ticks / os.sysconf("SC_CLK_TCK"), pss, len(pids))

    def last_words(self, octets: int = 3000) -> str:
        """The end of what it has written."""
        return self.log.read_bytes()[-octets:].decode(errors="replace")


@contextmanager
def running(bot: Bot, *, ready: bool = True) -> Iterator[Bot]:
    """The bot from its start until the end of the block, whatever happens there."""
    bot.start()
    try:
        if ready:
            bot.await_ready()
        yield bot
    finally:
        bot.end()


def wait_until(what: Callable[[], bool], timeout: float, *, pause: float = 0.05) -> bool:
    """Whether it came true in time; for things outside this process that nobody reports."""
    deadline = time.monotonic() + timeout
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def _stat(path: Path) -> list[str]:
    """The fields of /proc/PID/stat after the program's name: state first; empty when the process is gone."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
