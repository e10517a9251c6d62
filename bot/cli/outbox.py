"""``deskbot outbox``."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

import click

from bot.cli.output import moment, on_line, opened, plain, print_json, print_table, report
from bot.config import Config
from bot.store import outbox_review
from bot.store.models import OutboxState

_TROUBLE = (
    OutboxState.QUEUED,
    OutboxState.SENDING,
    OutboxState.FAILED,
    OutboxState.UNKNOWN,
    OutboxState.HELD,
)

_RETRIED = ("waits to be sent", "has not failed and is not held, or there is none")


@click.group("outbox")
def command() -> None:
    """Look at what goes out."""


@command.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice([s.value for s in OutboxState]))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_(config: Config, states: tuple[str, ...], limit: int, as_json: bool) -> None:  # noqa: FBT001  # click's
    """List messages that have not arrived, newest first; --state for others."""
    with opened(config) as store:
        rows = store.read_now(lambda tx: outbox_review.listed(tx, states or _TROUBLE, limit))
    if as_json:
        print_json([plain(row) for row in rows])
        return
    zone = ZoneInfo(config.desk.time_zone)
    print_table(
        [
            {
                "ID": row.id,
                "TICKET": f"{config.desk.prefix}-{row.ticket_id}",
                "KIND": row.kind,
                "TO": on_line(row.recipient, 40),
                "STATE": row.state,
                "TRIES": row.attempts,
                "NEXT": moment(max(row.not_before, row.created_at), zone)
                if row.state == OutboxState.QUEUED
                else "",
                "RESULT": on_line(row.result or "", 80),
            }
            for row in rows
        ],
        empty="Everything has been sent." if not states else "There are none.",
    )


@command.command("retry")
@click.argument("numbers", type=int, nargs=-1, required=True)
@click.pass_obj
def retry(config: Config, numbers: tuple[int, ...]) -> None:
    """Send again what failed, is of unknown end, or is held. The exit status is 1 when one of them is none."""
    with opened(config) as store:
        report(numbers, lambda n: store.write_now(partial(outbox_review.retry, outbox_id=n)), _RETRIED)


@command.command("hold")
@click.pass_obj
def hold(config: Config) -> None:
    """After a restore from a backup: keep all that waited then from going out before you have looked."""
    with opened(config) as store:
        count = store.write_now(outbox_review.hold_all)
    click.echo(f"{count} held; see `deskbot outbox list`, send with `deskbot outbox retry`")
