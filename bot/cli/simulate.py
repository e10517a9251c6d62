"""``deskbot simulate``: a day of a busy desk, in a minute."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import click

from bot.cli.output import on_line, print_json
from bot.config import Config
from bot.errors import DeskbotError

if TYPE_CHECKING:
    from bot.simulation.account import Account

_MONDAY: Final = (2026, 3, 2)
_SHOWN: Final = 20
"""So many faults are printed."""


@click.command("simulate")
@click.option("--hours", default=24.0, show_default=True, type=click.FloatRange(0.1, 24 * 60))
@click.option("--from-hour", default=7, show_default=True, type=click.IntRange(0, 23), help="Of a Monday.")
@click.option("--people", default=50, show_default=True, type=click.IntRange(1, 100_000))
@click.option(
    "--agents", default=4, show_default=True, type=click.IntRange(1, 500), help="When there are none."
)
@click.option(
    "--per-hour", default=10.0, show_default=True, type=click.FloatRange(0, 10_000), help="New requests."
)
@click.option("--seed", default=1, show_default=True, help="The same seed, the same day.")
@click.option("--keep", type=click.Path(path_type=Path), help="An empty folder for the data, to look at.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def command(
    config: Config,
    hours: float,
    from_hour: int,
    people: int,
    agents: int,
    per_hour: float,
    seed: int,
    keep: Path | None,
    *,
    as_json: bool,
) -> None:
    """Play a day of a busy desk with this configuration: made-up people, the real program, a fast clock.

    Nothing of the desk's own data is touched, and nothing leaves this machine. The exit status is 1 when
    anything went wrong.
    """
    from bot.simulation.play import Plan, play, stage

    start = datetime(*_MONDAY, from_hour, tzinfo=ZoneInfo(config.desk.time_zone))
    plan = Plan(hours, people, agents, per_hour, seed, start.astimezone(UTC))
    with _folder(keep) as folder, _progress(hours) as tell:
        account = asyncio.run(play(stage(config, folder, plan), plan, tell))
    if as_json:
        print_json({**asdict(account), "speed": round(account.speed, 1)})
    else:
        _show(account)
        if keep:
            click.echo(f"\nLook at it with: DESKBOT_DESK__DATA={keep} deskbot tickets list")
    if account.wrong:
        raise SystemExit(1)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="deskbot-") as folder:
            yield Path(folder)
        return
    if keep.exists() and any(keep.iterdir()):
        raise DeskbotError(f"{keep} is not empty: a simulation begins with nothing")
    keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield keep


@contextmanager
def _progress(hours: float) -> Iterator[Callable[[float], None]]:
    """A bar for people who wait; it goes to stderr."""
    with click.progressbar(length=1000, label=f"Playing {hours:g} h", file=sys.stderr) as bar:
        yield lambda share: bar.update(max(0, int(share * 1000) - bar.pos))


def _show(account: Account) -> None:
    span = timedelta(seconds=round(account.simulated_seconds))
    click.echo(f"{span} in {account.wall_seconds:.1f} s: {account.speed:.0f} simulated seconds in a second.")
    click.echo(f"{account.mails_in} mails came in, {sum(account.mails_out.values())} went out.")
    states = ", ".join(f"{many} {state}" for state, many in sorted(account.states.items()))
    click.echo(f"\nTickets: {account.tickets} ({states})")
    for what, many, in_time in (
        ("answered", account.answered, account.answered_in_time),
        ("solved", account.solved, account.solved_in_time),
    ):
        share = f", {100 * in_time / many:.0f} % within the target" if many else ""
        click.echo(f"  {what}: {many}{share}")
    votes = sum(account.ratings.values())
    mean = sum(int(rating) * many for rating, many in account.ratings.items()) / votes if votes else 0
    click.echo(f"  ratings: {votes} of {account.asked} asked" + (f", {mean:.1f} on average" if votes else ""))
    for title, table in (
        ("Promises broken", account.breaches),
        ("What people did", account.moves),
        ("What became of their mails", account.outcomes),
        ("Mails out, by event", account.mails_out),
        ("Not written, and why", account.left_out),
    ):
        if table:
            click.echo(f"\n{title}:")
            for name, many in sorted(table.items(), key=lambda one: -one[1]):
                click.echo(f"  {many:6}  {on_line(name, 100)}")
    click.echo(f"\nWhat went wrong: {len(account.wrong) or 'nothing'}")
    for fault in account.wrong[:_SHOWN]:
        click.echo(f"  {on_line(fault, 200)}")
