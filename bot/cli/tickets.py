"""``deskbot tickets``."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from bot.cli.output import in_lines, moment, on_line, opened, plain, print_json, print_table
from bot.config import Config
from bot.desk.states import State
from bot.desk.tickets import UNVERIFIED
from bot.desk.why import told
from bot.errors import DeskbotError
from bot.store import tickets
from bot.store.tickets import Story


@click.group("tickets")
def command() -> None:
    """Look at tickets."""


@command.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice([s.value for s in State]))
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_(config: Config, states: tuple[str, ...], limit: int, as_json: bool) -> None:  # noqa: FBT001  # click's
    """List tickets, newest first."""
    with opened(config) as store:
        rows = store.read_now(lambda tx: tickets.listed(tx, states, limit))
    prefix, zone = config.desk.prefix, ZoneInfo(config.desk.time_zone)
    if as_json:
        print_json([{"reference": f"{prefix}-{row.id}", **plain(row)} for row in rows])
        return
    print_table(
        [
            {
                "TICKET": f"{prefix}-{row.id}",
                "STATE": row.state,
                "PRIORITY": row.priority,
                "DUE BEFORE": moment(_due(row), zone),
                "OWNER": on_line(row.owner or "", 16),
                "REQUESTER": on_line(row.requester, 24),
                "SUBJECT": on_line(row.subject),
            }
            for row in rows
        ],
        empty="There are no tickets.",
    )


@command.command("show")
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def show(config: Config, reference: str, as_json: bool) -> None:  # noqa: FBT001  # click's
    """Show a ticket: its state and all that was said."""
    story = _story(config, reference)
    if as_json:
        print_json(_as_data(story, config))
        return
    zone = ZoneInfo(config.desk.time_zone)
    ticket = story.ticket
    click.echo(f"{config.desk.prefix}-{ticket.id}  {on_line(ticket.subject, 200)}")
    for name, value in (
        ("state", ticket.state),
        ("priority", ticket.priority),
        ("queue", ticket.queue),
        ("owner", on_line(ticket.owner or "nobody yet", 100)),
        (
            "requester",
            f"{on_line(ticket.requester, 100)} <{', '.join(map(on_line, story.addresses))}>".strip(),
        ),
        ("opened", moment(ticket.opened_at, zone)),
        ("answer before", moment(ticket.first_response_due, zone)),
        ("answered", moment(ticket.first_response_at, zone)),
        ("resolve before", moment(ticket.resolution_due, zone)),
    ):
        if value:
            click.echo(f"  {name:14} {value}")
    for entry in story.entries:
        author = (
            on_line(entry.author or "", 100) if entry.kind != UNVERIFIED else "somebody who is not proved"
        )
        click.echo(f"\n--- {moment(entry.created_at, zone)}  {author}  ({entry.kind}, {entry.channel})")
        click.echo(in_lines(entry.text))
        for file in story.attachments:
            if file.entry_id == entry.id:
                click.echo(f"  [{on_line(file.name, 100)}, {file.media_type}, {file.size} octets]")


@command.command("why")
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def why(config: Config, reference: str, as_json: bool) -> None:  # noqa: FBT001  # click's
    """Tell what happened to a ticket, step by step, and why."""
    story = _story(config, reference)
    steps = told(story, ZoneInfo(config.desk.time_zone))
    if as_json:
        print_json([{"at": step.at.isoformat(), "what": step.what} for step in steps])
        return
    for step in steps:
        click.echo(f"{step.when}  {step.what}")


def _due(ticket: Any) -> datetime | None:
    """What is promised next; nothing when it is done."""
    if ticket.state in {State.RESOLVED, State.CLOSED}:
        return None
    due: datetime | None = ticket.resolution_due if ticket.first_response_at else ticket.first_response_due
    return due


def _story(config: Config, reference: str) -> Story:
    number = reference.upper().removeprefix(f"{config.desk.prefix}-")
    if not number.isdecimal() or len(number) > 15:
        raise DeskbotError(f"{reference}: write a ticket's number like {config.desk.prefix}-42")
    with opened(config) as store:
        story = store.read_now(lambda tx: tickets.story(tx, int(number)))
    if story is None:
        raise DeskbotError(f"there is no ticket {config.desk.prefix}-{number}")
    return story


def _as_data(story: Story, config: Config) -> dict[str, Any]:
    data = {"reference": f"{config.desk.prefix}-{story.ticket.id}", **plain(story.ticket)}
    data["addresses"] = story.addresses
    for name in ("entries", "attachments", "events", "inbox", "outbox", "timers"):
        data[name] = [plain(row) for row in getattr(story, name)]
    return data
