"""``python -m bench [--quick] [--only accept,path,latency,long,idle,chat]``: measure, print a table, write JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench import parts, table
from bench.chat import chat
from bench.chat_telegram import telegram
from bench.machine import describe
from bench.rig import rig

PARTS: Final = ("accept", "path", "latency", "long", "idle", "chat")


def main() -> None:
    """Measure what was asked for."""
    today = datetime.now(UTC).date().isoformat()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything: under two minutes")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--rounds", type=int, help="how often throughput is measured")
    parser.add_argument("--out", type=Path, help="the JSON file; default: bench/results/DATE.json")
    options = parser.parse_args()
    chosen = options.only.split(",")
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    size = parts.QUICK if options.quick else parts.Size()
    if options.rounds:
        size = replace(size, rounds=options.rounds)
    out = options.out or Path("bench", "out" if options.quick else "results", f"{today}.json")
    result = measure(chosen, size)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(rounded(result), indent=1) + "\n")
    sys.stdout.write("\n" + "\n".join(table.lines(result)) + f"\nwritten to {out}\n")


def measure(chosen: Sequence[str], size: parts.Size) -> dict[str, Any]:
    """Run the chosen parts on one rig."""
    # TMPDIR must name a disk: in memory an fsync costs nothing, and the figures would be worth as much.
    with tempfile.TemporaryDirectory(prefix="deskbot-bench-") as name, rig(Path(name)) as servers:
        result: dict[str, Any] = {"machine": describe(Path(name))}
        if {"accept", "path"} & set(chosen):
            result["throughput"] = parts.throughput(servers, size, chosen, say)
        if "latency" in chosen:
            result["latency"] = parts.latency(servers, size, say)
        if "long" in chosen:
            result["long"] = parts.long_run(servers, size, say)
        if "idle" in chosen:
            result["idle"] = parts.idle(servers, size, say)
        if "chat" in chosen:
            result["chat"] = chat(servers, size.rounds, size.events, size.cards, say)
            result["telegram"] = telegram(servers, size.rounds, size.events, size.cards, say)
    return result


def rounded(value: Any) -> Any:
    """Figures to four digits: more would be noise."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def say(line: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
