"""What is measured, and what it is measured with: all of it real processes that stay up for the whole run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final, Literal

import msgspec

from tests.faults.process import Bot, free_port, running
from tests.peers.load import Kind, Report
from tests.peers.postgres import PostgresCluster
from tests.peers.sink import Record, SinkProcess, sink_process

Store = Literal["sqlite", "postgresql"]
STORES: Final[tuple[Store, ...]] = ("sqlite", "postgresql")

_SILENCE: Final = 20.0
"""Seconds without a new acknowledgement after which a run counts as ended."""


@dataclass(frozen=True, slots=True)
class PathRun:
    """A run whose acknowledgements were waited for."""

    report: Report
    acknowledgements: dict[str, Record]
    """Message-ID of the mail -> the acknowledgement."""
    cpu: float
    """Seconds of CPU that the bot's processes took."""

    @property
    def rate(self) -> float:
        """Mails acknowledged at the sink in a second, from the first connection to the last acknowledgement."""
        arrived = [record.at for record in self.acknowledgements.values()]
        return len(arrived) / (max(arrived) - self.report.began) if arrived else 0.0


@dataclass
class Rig:
    """The servers of one run of the bench."""

    folder: Path
    sink: SinkProcess
    limit_port: int
    limit_pid: int
    _stack: ExitStack
    _bots: dict[str, Bot] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)
    _cluster: PostgresCluster | None = None

    def bot(self, name: str, store: Store, roles: str = "") -> Bot:
        """The bot of that name, with a database of its own; started when it is first asked for."""
        key = f"{name}-{store}"
        if key not in self._bots:
            self._bots[key] = self._stack.enter_context(running(self.make_bot(key, store, roles)))
        return self._bots[key]

    def make_bot(self, name: str, store: Store, roles: str = "") -> Bot:
        """A bot that is not started."""
        folder = self.folder / name
        folder.mkdir()
        url = self._postgres().create_database() if store == "postgresql" else ""
        bot = Bot(folder, relay_port=self.sink.port, store_url=url, roles=roles)
        if url:
            bot.upgrade()
        return bot

    def send(
        self, port: int, mails: int, kind: Kind = "small", connections: int = 10, rate: float | None = None
    ) -> Report:
        """Let the client send, one mail for each connection; nothing is tried twice."""
        result = self.folder / "client.json"
        options = {
            "port": port,
            "count": mails,
            "kind": kind,
            "connections": connections,
            "run": f"r{next(self._numbers)}",
            "result": result,
            **({"rate": rate} if rate else {}),
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        subprocess.run([sys.executable, "-m", "tests.peers.load", *words], check=True)
        return msgspec.json.decode(result.read_bytes(), type=Report)

    def send_and_wait(
        self, bot: Bot, mails: int, kind: Kind = "small", connections: int = 10, rate: float | None = None
    ) -> PathRun:
        """Let the client send, and wait until the sink has the acknowledgement of each mail."""
        already = len(self.sink.records)
        before = bot.usage().cpu
        report = self.send(bot.port, mails, kind, connections, rate)
        self.sink.wait_for(already + len(report.accepted), _SILENCE)
        sent = {mail.message_id for mail in report.mails}
        answers = {r.answers: r for r in self.sink.records[already:] if r.answers in sent}
        return PathRun(report, answers, bot.usage().cpu - before)

    def limit_cpu(self) -> float:
        """Seconds of CPU that the bare server has taken until now."""
        fields = Path(f"/proc/{self.limit_pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _postgres(self) -> PostgresCluster:
        if self._cluster is None:
            self._cluster = PostgresCluster(fsync=True)
            self._stack.callback(self._cluster.close)
            self._cluster.start()
        return self._cluster


@contextmanager
def rig(folder: Path) -> Iterator[Rig]:
    """Start what every part needs; everything ends with the block."""
    with ExitStack() as stack:
        sink = stack.enter_context(sink_process(folder))
        port = free_port()
        command = [sys.executable, "-m", "bench.limit", str(port)]
        process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        stack.callback(process.terminate)
        assert process.stdout is not None
        if process.stdout.readline() != "READY\n":
            raise RuntimeError("the bare server did not start")
        yield Rig(folder, sink, port, process.pid, stack)
