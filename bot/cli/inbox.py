"""``deskbot inbox``."""

from __future__ import annotations

import sys
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import click

from bot.cli.output import moment, on_line, opened, plain, print_json, print_table, report
from bot.config import Config
from bot.errors import DeskbotError
from bot.store import inbox_review
from bot.store.models import InboxState

_NOT_HELD: Final = "is not held, or there is none: see `deskbot inbox list`"
_RETRIED: Final = ("waits to be tried again", _NOT_HELD)
_DROPPED: Final = ("dropped", _NOT_HELD)


@click.group("inbox")
def command() -> None:
    """Look at what the doors accepted. What is held waits for you: retry it or drop it."""


@command.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([s.value for s in InboxState]),
    default=(InboxState.HELD.value,),
    show_default=True,
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_(config: Config, states: tuple[str, ...], limit: int, as_json: bool) -> None:  # noqa: FBT001  # click's
    """List payloads, newest first."""
    with opened(config) as store:
        rows = store.read_now(lambda tx: inbox_review.listed(tx, states, limit))
    if as_json:
        print_json([plain(row) for row in rows])
        return
    zone = ZoneInfo(config.desk.time_zone)
    print_table(
        [
            {
                "ID": row.id,
                "STATE": row.state,
                "RECEIVED": moment(row.received_at, zone),
                "CHANNEL": row.channel,
                "OCTETS": row.size,
                "TRIES": row.attempts,
                "OUTCOME": row.outcome,
                "REASON": f"{row.reason or ''} {on_line(row.detail or '')}",
            }
            for row in rows
        ],
        empty=f"Nothing is {' or '.join(states)}.",
    )


@command.command("show")
@click.argument("number", type=int)
@click.option("--raw", is_flag=True, help="Write the bytes, as they came, to standard output.")
@click.pass_obj
def show(config: Config, number: int, raw: bool) -> None:  # noqa: FBT001  # click's
    """Show one payload: what is known of it, and with --raw its bytes."""
    with opened(config) as store:
        row = store.read_now(lambda tx: inbox_review.one(tx, number))
    if row is None:
        raise DeskbotError(f"there is no payload {number}")
    if raw:
        if row.raw is None:
            raise DeskbotError(f"the bytes of {number} are older than retention.raw and gone")
        sys.stdout.buffer.write(row.raw)
        return
    data = plain(row)
    data["size"] = len(data.pop("raw") or b"")
    print_json(data)


@command.command("retry")
@click.argument("numbers", type=int, nargs=-1, required=True)
@click.pass_obj
def retry(config: Config, numbers: tuple[int, ...]) -> None:
    """Let held payloads be tried once more. The exit status is 1 when one of them is not held."""
    with opened(config) as store:
        report(numbers, lambda n: store.write_now(partial(inbox_review.retry, inbox_id=n)), _RETRIED)


@command.command("drop")
@click.argument("numbers", type=int, nargs=-1, required=True)
@click.confirmation_option(prompt="Nobody will answer these messages. Drop them?")
@click.pass_obj
def drop(config: Config, numbers: tuple[int, ...]) -> None:
    """Set held payloads aside for good. The exit status is 1 when one of them is not held."""
    with opened(config) as store:
        report(numbers, lambda n: store.write_now(partial(inbox_review.drop, inbox_id=n)), _DROPPED)
