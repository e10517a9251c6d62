"""The measurements. Each returns plain rows for the JSON file; ``bench.table`` shows them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.rig import STORES, PathRun, Rig, Store
from tests.faults.process import Bot
from tests.peers.load import Kind, Report

Row = dict[str, Any]
Say = Callable[[str], None]

_BLOCK: Final = 2_000
"""Mails whose pace is told apart in the long run."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int = 3
    connections: tuple[int, ...] = (1, 10, 50)
    kinds: tuple[Kind, ...] = ("small", "mixed")
    accepted: int = 1500
    acknowledged: int = 800
    latency_seconds: float = 10.0
    long: int = 20_000
    long_stores: tuple[Store, ...] = STORES
    idle_seconds: float = 10.0
    starts: int = 3
    events: int = 400
    """Events of a chat in one round."""
    cards: int = 20

    def of(self, kind: Kind, mails: int) -> int:
        """Fewer of the larger mails."""
        return mails if kind == "small" else mails // 2


QUICK: Final = Size(
    rounds=1,
    connections=(10,),
    accepted=600,
    acknowledged=400,
    latency_seconds=4.0,
    long=4_000,
    long_stores=("sqlite",),
    idle_seconds=3.0,
    starts=1,
    events=150,
    cards=5,
)


def throughput(rig: Rig, size: Size, what: Sequence[str], say: Say) -> list[Row]:
    """Mails a second of the bare server, of acceptance and of the whole path, in turns, so that whatever else
    the machine does hits all alike."""
    rows: list[Row] = []
    for number in range(size.rounds + 1):
        # Round 0 warms up all that is started or filled at first use, and is not kept.
        for kind in size.kinds:
            for connections in size.connections:
                row = _round(rig, size, what, kind, connections, warm=number == 0)
                if number > 0:
                    rows.append({"round": number, "kind": kind, "connections": connections, **row})
                    say(f"round {number} {kind} {connections}: " + _rates(row))
    return rows


def _round(rig: Rig, size: Size, what: Sequence[str], kind: Kind, connections: int, *, warm: bool) -> Row:
    accepted = 100 if warm else size.of(kind, size.accepted)
    acknowledged = 100 if warm else size.of(kind, size.acknowledged)
    row: Row = {"limit": _limit(rig, accepted, kind, connections)}
    for store in STORES:
        if "accept" in what:
            row[f"accept {store}"] = _accept(rig, store, accepted, kind, connections)
        if "path" in what:
            run = rig.send_and_wait(rig.bot("path", store), acknowledged, kind, connections)
            row[f"path {store}"] = {
                "rate": run.rate,
                "mails": acknowledged,
                "missing": acknowledged - len(run.acknowledgements),
                "turned_away": turned_away(run.report),
                "cpu_ms": 1000 * run.cpu / acknowledged,
            }
    return row


def _limit(rig: Rig, mails: int, kind: Kind, connections: int) -> Row:
    before = rig.limit_cpu()
    report = rig.send(rig.limit_port, mails, kind, connections)
    cpu = 1000 * (rig.limit_cpu() - before) / mails
    return {"rate": report.rate, "mails": mails, "missing": mails - len(report.accepted), "cpu_ms": cpu}


def _accept(rig: Rig, store: Store, mails: int, kind: Kind, connections: int) -> Row:
    bot = rig.bot("accept", store, "smtp,web")
    before = bot.usage().cpu
    report = rig.send(bot.port, mails, kind, connections)
    cpu = 1000 * (bot.usage().cpu - before) / mails
    return {
        "rate": report.rate,
        "mails": mails,
        "missing": mails - len(report.accepted),
        "turned_away": turned_away(report),
        "cpu_ms": cpu,
    }


def turned_away(report: Report) -> list[str]:
    """Why mails were not answered 250: without these, what is missing got lost on the way out."""
    return [mail.refused or mail.last or "no answer" for mail in report.mails if mail.ok is None]


def _rates(row: Row) -> str:
    return ", ".join(f"{name} {value['rate']:.0f}/s" for name, value in row.items())


def latency(rig: Rig, size: Size, say: Say) -> list[Row]:
    """How long a sender waits for the acknowledgement at half of the load that the whole path sustains."""
    rows: list[Row] = []
    for store in STORES:
        bot = rig.bot("path", store)
        rig.send_and_wait(bot, 100)
        sustained = statistics.median(rig.send_and_wait(bot, size.acknowledged).rate for _ in range(3))
        rate = sustained / 2
        run = rig.send_and_wait(bot, int(rate * size.latency_seconds), rate=rate)
        row = {"store": store, "sustained": sustained, "rate": rate, **_latencies(run)}
        say(f"latency {store} at {rate:.0f}/s: median {row['from_250']['median_ms']:.0f} ms")
        rows.append(row)
    return rows


def _latencies(run: PathRun) -> Row:
    pairs = [
        (mail, run.acknowledgements[mail.message_id].at)
        for mail in run.report.accepted
        if mail.message_id in run.acknowledgements
    ]
    return {
        "mails": len(run.report.mails),
        "missing": len(run.report.mails) - len(pairs),
        "turned_away": turned_away(run.report),
        "from_250": spread([at - mail.ok for mail, at in pairs if mail.ok is not None]),
        "from_dot": spread([at - mail.dot for mail, at in pairs if mail.dot is not None]),
    }


def spread(seconds: list[float]) -> dict[str, float]:
    """Median and tail, in milliseconds; of two values or more."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {
        "median_ms": 1000 * cuts[49],
        "p95_ms": 1000 * cuts[94],
        "p99_ms": 1000 * cuts[98],
        "worst_ms": 1000 * max(seconds),
    }


def long_run(rig: Rig, size: Size, say: Say) -> list[Row]:
    """Whether the pace of the first thousands is the pace of the last."""
    rows: list[Row] = []
    for store in size.long_stores:
        bot = rig.bot("long", store)
        run = rig.send_and_wait(bot, size.long)
        arrived = [run.report.began, *sorted(record.at for record in run.acknowledgements.values())]
        blocks = range(_BLOCK, len(arrived), _BLOCK)
        paces = [_BLOCK / (arrived[end] - arrived[end - _BLOCK]) for end in blocks]
        memory = bot.usage().pss / 2**20
        row = {
            "store": store,
            "mails": size.long,
            "missing": size.long - len(run.acknowledgements),
            "turned_away": turned_away(run.report),
            "rate": run.rate,
            "accepted_rate": run.report.rate,
            "paces": paces,
            "memory_mb": memory,
        }
        say(f"long {store}: " + " ".join(f"{pace:.0f}" for pace in paces))
        rows.append(row)
    return rows


def idle(rig: Rig, size: Size, say: Say) -> list[Row]:
    """From start to ready on an empty and on a used database, then what doing nothing costs."""
    rows: list[Row] = []
    for store in STORES:
        first, again = [], []
        for number in range(size.starts):
            bot = rig.make_bot(f"idle{number}-{store}", store)
            try:
                first.append(_start(bot))
                bot.terminate()
                again.append(_start(bot))
                last = number == size.starts - 1
                cost = _doing_nothing(bot, size.idle_seconds) if last else {}
            finally:
                bot.end()
        row = {
            "store": store,
            "ready_first_s": statistics.median(first),
            "ready_again_s": statistics.median(again),
            **cost,
        }
        say(f"idle {store}: ready in {row['ready_again_s']:.2f} s, {row['memory_mb']:.0f} MB")
        rows.append(row)
    return rows


def _start(bot: Bot) -> float:
    bot.start()
    return bot.await_ready()


def _doing_nothing(bot: Bot, seconds: float) -> Row:
    time.sleep(2)  # what is put off until after the start has happened then
    before = bot.usage()
    time.sleep(seconds)
    after = bot.usage()
    return {
        "seconds": seconds,
        "cpu_percent": 100 * (after.cpu - before.cpu) / seconds,
        "memory_mb": after.pss / 2**20,
        "processes": after.processes,
    }
