"""How commands reach the store and print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from bot.config import Config
from bot.errors import StoreError
from bot.premises import open_store
from bot.store import migrate
from bot.store.engine import Store


@contextmanager
def opened(config: Config) -> Iterator[Store]:
    """The store of a desk that may be running."""
    store = open_store(config)
    try:
        if store.embedded and not (config.desk.data / "deskbot.db").exists():
            raise StoreError(f"there is no desk in {config.desk.data} yet: start one with `deskbot run`")
        if not migrate.is_current(store):
            raise StoreError("the database is not up to date: run `deskbot db upgrade`")
        yield store
    finally:
        store.close()


def report(numbers: Sequence[int], work: Callable[[int], bool], words: tuple[str, str]) -> None:
    """Do something with each, and tell with the first or the second of the words whether it was done. The exit
    status is 1 when one was not."""
    done = [work(number) for number in numbers]
    for number, was_done in zip(numbers, done, strict=True):
        click.echo(f"{number}: {words[0] if was_done else words[1]}")
    if not all(done):
        raise SystemExit(1)


def print_json(data: Any) -> None:
    """As JSON that any program reads."""
    click.echo(json.dumps(data, default=str, ensure_ascii=False, indent=2))


def plain(row: Any) -> dict[str, Any]:
    """A row as a mapping; moments as ISO 8601."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row._asdict().items()
    }


def print_table(rows: Sequence[Mapping[str, object]], *, empty: str) -> None:
    """Rows with the same keys, in columns."""
    if not rows:
        click.echo(empty)
        return
    head = list(rows[0])
    cells = [[on_line(str(row[name] if row[name] is not None else "")) for name in head] for row in rows]
    widths = [max(_width(line[n]) for line in [head, *cells]) for n in range(len(head))]
    for line in [head, *cells]:
        padded = [cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(padded).rstrip())


def on_line(text: str, longest: int = 60) -> str:
    """A person's words on one line of a terminal: no control characters, not too long (G6)."""
    clean = "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"} else c for c in text)
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def in_lines(text: str) -> str:
    """A person's words as they are, without what could steer a terminal."""
    return "".join(c if c == "\n" or unicodedata.category(c) not in {"Cc", "Cf"} else " " for c in text)


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """A moment in the desk's zone."""
    return value.astimezone(zone).strftime("%Y-%m-%d %H:%M") if value else ""


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
