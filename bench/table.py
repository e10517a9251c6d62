"""The figures as a table for people. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """All parts of a result that are there."""
    if rows := result.get("throughput"):
        yield from _throughput(rows)
    if rows := result.get("latency"):
        yield from _latency(rows)
    if rows := result.get("long"):
        yield from _long(rows)
    if rows := result.get("idle"):
        yield from _idle(rows)
    if rows := result.get("chat"):
        yield from _chat(rows)
    if rows := result.get("telegram"):
        yield from _chat(rows, "Telegram")


def ratios(rows: Sequence[Row], kind: str, connections: int, what: str) -> list[float]:
    """``what`` against the limit, for each round."""
    chosen = [row for row in rows if row["kind"] == kind and row["connections"] == connections]
    return [row[what]["rate"] / row["limit"]["rate"] for row in chosen if row["limit"]["rate"]]


def _throughput(rows: Sequence[Row]) -> Iterator[str]:
    columns = [name for name in rows[0] if name not in ("round", "kind", "connections")]
    yield "Mails a second, one for each connection; in brackets the ratio to the limit in the same round"
    yield f"{'':10}{'conn.':>6}" + "".join(f"{name:>20}" for name in columns)
    for kind, connections in dict.fromkeys((row["kind"], row["connections"]) for row in rows):
        cells = []
        for name in columns:
            chosen = [r[name] for r in rows if r["kind"] == kind and r["connections"] == connections]
            rate = statistics.median(cell["rate"] for cell in chosen)
            ratio = (
                ""
                if name == "limit"
                else f" ({statistics.median(ratios(rows, kind, connections, name)):.2f})"
            )
            missing = sum(cell["missing"] for cell in chosen)
            cells.append(f"{rate:.0f}{ratio}" + (f" -{missing}!" if missing else ""))
        yield f"{kind:10}{connections:>6}" + "".join(f"{cell:>20}" for cell in cells)
    yield ""
    yield "Milliseconds of CPU for each mail, all processes of the server together"
    for kind, connections in dict.fromkeys((row["kind"], row["connections"]) for row in rows):
        chosen = [row for row in rows if row["kind"] == kind and row["connections"] == connections]
        cells = [f"{statistics.median(row[name]['cpu_ms'] for row in chosen):.2f}" for name in columns]
        yield f"{kind:10}{connections:>6}" + "".join(f"{cell:>20}" for cell in cells)
    yield ""


def _latency(rows: Sequence[Row]) -> Iterator[str]:
    yield "Milliseconds until the acknowledgement is at the sink, at half of the sustained load, 10 connections"
    yield f"{'':12}{'mails/s':>8}{'':>6}{'median':>8}{'p95':>8}{'p99':>8}{'worst':>8}{'missing':>8}"
    for row in rows:
        for since, words in (("from_250", "250"), ("from_dot", "dot")):
            figures = "".join(
                f"{row[since][f'{name}_ms']:>8.0f}" for name in ("median", "p95", "p99", "worst")
            )
            yield f"{row['store']:12}{row['rate']:>8.0f}{words:>6}{figures}{row['missing']:>8}"
    yield ""


def _long(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        paces = row["paces"]
        yield f"{row['mails']} mails, {row['store']}: {row['rate']:.0f}/s acknowledged, missing {row['missing']}"
        yield "  each 2,000: " + " ".join(f"{pace:.0f}" for pace in paces)
        if paces:
            yield f"  last against median {paces[-1] / statistics.median(paces):.2f}; memory {row['memory_mb']:.0f} MB"
    yield ""


def _idle(rows: Sequence[Row]) -> Iterator[str]:
    yield f"{'':12}{'first start':>12}{'ready':>8}{'CPU %':>8}{'MB':>8}{'processes':>10}"
    for row in rows:
        ready = f"{row['ready_first_s']:>10.2f} s{row['ready_again_s']:>6.2f} s"
        cost = f"{row['cpu_percent']:>8.2f}{row['memory_mb']:>8.0f}{row['processes']:>10}"
        yield f"{row['store']:12}{ready}{cost}"
    yield ""


def _chat(rows: Sequence[Row], service: str = "Slack") -> Iterator[str]:
    yield f"Events of {service} a second; in brackets the ratio to the limit in the same round"
    yield f"{'':12}{'limit':>8}{'acknowledged':>16}{'answered':>16}{'CPU ms':>8}{'missing':>8}"
    for store in dict.fromkeys(row["store"] for row in rows):
        chosen = [row for row in rows if row["store"] == store]
        cells = "".join(f"{_against_limit(chosen, name):>16}" for name in ("accepted", "answered"))
        limit, cpu = (statistics.median(row[name] for row in chosen) for name in ("limit", "cpu_ms"))
        missing = sum(row["missing"] + row["cards_missing"] for row in chosen)
        yield f"{store:12}{limit:>8.0f}{cells}{cpu:>8.2f}{missing:>8}"
    yield "Milliseconds from an event, one at a time: until the answer is in the conversation, the card in the room"
    for store in dict.fromkeys(row["store"] for row in rows):
        for what in ("answer", "card"):
            figures = [row[what] for row in rows if row["store"] == store and row[what]]
            if figures:
                medians = [statistics.median(f[f"{name}_ms"] for f in figures) for name in ("median", "p95")]
                yield f"{store:12}{what:>8}{medians[0]:>8.0f}{medians[1]:>8.0f}"
    yield ""


def _against_limit(rows: Sequence[Row], what: str) -> str:
    there = [row for row in rows if what in row]
    if not there:
        return "none"
    rate = statistics.median(row[what] for row in there)
    return f"{rate:.0f} ({statistics.median(row[what] / row['limit'] for row in there):.2f})"
