"""A campaign: mails arrive, the client retries until 250, meanwhile something is done to the bot; then all
comes to rest and the books must balance."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tests.faults.ledger import Verdict, balance, database_of, drained, read_ledger
from tests.faults.process import COMMAND, Bot
from tests.peers.load import Kind, Report, Sent
from tests.peers.sink import SinkProcess, sink_process

_PROJECT: Final = Path(__file__).parents[2]
REST_SECONDS: Final = 60.0
LEASE: Final = "3s"
"""On PostgreSQL what a dead process held is free again after so long; the default would make tests long."""


class Client:
    """The load client as a process that runs beside the faults."""

    def __init__(self, process: subprocess.Popen[bytes], result: Path) -> None:
        self._process = process
        self._result = result

    @property
    def busy(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout: float) -> bool:
        """Whether it ended within so many seconds."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def report(self, timeout: float = 120.0) -> Report:
        """What became of each mail, once all have been answered."""
        code = self._process.wait(timeout)
        if code != 0:
            raise RuntimeError(f"the client ended with {code}")
        return msgspec.json.decode(self._result.read_bytes(), type=Report)

    def end(self) -> None:
        """Kill it when it still runs."""
        self._process.kill()
        self._process.wait()


class Campaign:
    """One bot (or several), one sink, and all mails that were sent to them."""

    def __init__(self, folder: Path, sink: SinkProcess, store_url: str = "") -> None:
        self.folder = folder
        self.sink = sink
        self.store_url = store_url
        self.bots: list[Bot] = []
        self.clients: list[Client] = []
        self.sent: list[Sent] = []

    def bot(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = COMMAND,
        roles: str = "",
    ) -> Bot:
        """One more bot on the same data; not started."""
        bot = Bot(
            self.folder,
            relay_port=self.sink.port,
            store_url=self.store_url,
            environment={"DESKBOT_STORE__LEASE": LEASE, **(environment or {})},
            command=command,
            roles=roles,
            name=f"bot{len(self.bots)}",
        )
        if self.store_url and not self.bots:
            bot.upgrade()
        self.bots.append(bot)
        return bot

    def client(
        self,
        bot: Bot,
        count: int,
        *,
        rate: float | None = None,
        kind: Kind = "small",
        connections: int = 10,
        retry: bool = True,
    ) -> Client:
        """Begin to send ``count`` mails to ``bot``; each is tried until it is answered 250 or 5xx."""
        number = len(self.clients)
        result = self.folder / f"client{number}.json"
        options = {
            "port": bot.port,
            "count": count,
            "kind": kind,
            "run": f"c{number}",
            "connections": connections,
            "result": result,
            **({"rate": rate} if rate else {}),
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        command = [sys.executable, "-m", "tests.peers.load", *words, *(("--retry",) if retry else ())]
        client = Client(subprocess.Popen(command, cwd=_PROJECT), result)
        self.clients.append(client)
        return client

    def settle(self, client: Client, timeout: float = 120.0) -> Report:
        """Wait until the client has an answer for each mail, and remember the answers."""
        report = client.report(timeout)
        self.sent.extend(report.mails)
        return report

    def settle_all(self) -> list[Sent]:
        """As ``settle``, for every client."""
        for client in self.clients:
            self.settle(client)
        return self.sent

    def verdict(self, bot: Bot, timeout: float = REST_SECONDS) -> Verdict:
        """Wait until ``bot`` has come to rest, then balance the books."""
        drained(bot, timeout)
        return balance(self.sent, read_ledger(database_of(bot)), self.sink.records, bot.data / "blobs")

    def end(self) -> None:
        """Leave no process behind."""
        for client in self.clients:
            client.end()
        for bot in self.bots:
            bot.end()


@contextmanager
def campaign(folder: Path, store_url: str = "") -> Iterator[Campaign]:
    """A campaign with a sink of its own; all processes end with the block."""
    with sink_process(folder) as sink:
        running = Campaign(folder, sink, store_url)
        try:
            yield running
        finally:
            running.end()


def kill_at_random(
    running: Campaign, bot: Bot, *, kills: int, mails: int, chance: random.Random, kind: Kind = "small"
) -> None:
    """``kill -9`` after 0.2 to 0.5 s of service, again and again; the bot runs afterwards.

    With each life of the bot ``mails`` more are on their way, besides those that still wait for their 250.
    """
    for _ in range(kills):
        bot.await_ready()
        client = running.client(bot, mails, rate=mails / 0.4, kind=kind)
        client.wait(chance.uniform(0.2, 0.5))
        bot.kill()
        bot.start()
    bot.await_ready()
