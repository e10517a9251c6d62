"""``deskbot tickets``."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from bot.cli.output import in_lines, moment, on_line, opened, plain, print_json, print_table
from bot.config import LOCALES, Config
from bot.desk.erasure import MARK
from bot.desk.states import State
from bot.desk.tickets import UNVERIFIED
from bot.desk.why import tell
from bot.errors import DeskbotError
from bot.store import stories
from bot.store.around import Around, around
from bot.store.engine import Tx
from bot.store.gone_files import GONE
from bot.store.stories import Story

_ERASED: Final = "(erased)"


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
        rows = store.read_now(lambda tx: stories.listed(tx, states, limit))
    prefix, zone = config.desk.prefix, ZoneInfo(config.desk.time_zone)
    if as_json:
        print_json([{"reference": f"{prefix}-{row.id}", **plain(row)} for row in rows])
        return
    print_table(
        [
            {
                "TICKET": f"{prefix}-{row.id}",
                "STATE": _state(row),
                "PRIORITY": row.priority,
                "CATEGORY": on_line(_category(config, row), 20),
                "DUE BEFORE": moment(_due(row), zone),
                "OWNER": on_line(row.owner or "", 16),
                "REQUESTER": _ERASED if row.requester_erased_at else on_line(row.requester or "", 24),
                "SUBJECT": _subject(row, 60),
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
    story, beside = _story(config, reference)
    if as_json:
        print_json(_as_data(story, beside, config))
        return
    zone = ZoneInfo(config.desk.time_zone)
    ticket = story.ticket
    click.echo(f"{config.desk.prefix}-{ticket.id}  {_subject(ticket, 200)}")
    for name, value in (
        ("state", _state(ticket)),
        ("priority", ticket.priority),
        ("impact", ticket.impact),
        ("urgency", ticket.urgency),
        ("category", on_line(_category(config, ticket), 100)),
        ("major", "major incident" if ticket.major else ""),
        ("level", ticket.level if ticket.level > 1 else ""),
        ("queue", ticket.queue),
        ("owner", on_line(ticket.owner or "nobody yet", 100)),
        ("requester", _requester(story)),
        ("opened", moment(ticket.opened_at, zone)),
        ("answer before", moment(ticket.first_response_due, zone)),
        ("answered", moment(ticket.first_response_at, zone)),
        ("resolve before", moment(ticket.resolution_due, zone)),
        ("promised", moment(ticket.promised_at, zone)),
        ("fix expected", moment(ticket.fix_expected_at, zone)),
        ("last told", moment(ticket.told_at, zone)),
        ("resolved", moment(ticket.resolved_at, zone)),
        ("closed", moment(ticket.closed_at, zone)),
        ("rating", _rating(beside.survey)),
        *_answers(config, ticket),
        *_resolution(ticket),
    ):
        if value:
            click.echo(f"  {name:14} {value}")
    for entry in story.entries:
        _show_entry(entry, [file for file in story.attachments if file.entry_id == entry.id], zone)


def _show_entry(entry: Any, files: list[Any], zone: ZoneInfo) -> None:
    """One thing said; of what was erased, that it was there."""
    author = on_line(entry.author or "", 100) if entry.kind != UNVERIFIED else "somebody who is not proved"
    if entry.author_erased_at:
        author = _ERASED
    click.echo(f"\n--- {moment(entry.created_at, zone)}  {author}  ({entry.kind}, {entry.channel})")
    click.echo(_ERASED if entry.author_erased_at and not entry.text else in_lines(entry.text))
    for file in files:
        what = f"{on_line(file.name, 100)}, {file.media_type}" if file.sha256 != GONE else _ERASED
        click.echo(f"  [{what}, {file.size} octets]")


def _subject(ticket: Any, most: int) -> str:
    return _ERASED if ticket.subject == MARK else on_line(ticket.subject, most)


def _requester(story: Story) -> str:
    """Name and addresses."""
    if story.ticket.requester_erased_at:
        return _ERASED
    addresses = ", ".join(map(on_line, story.addresses))
    return f"{on_line(story.ticket.requester, 100)} <{addresses}>".strip()


@command.command("why")
@click.argument("reference")
@click.option("--locale", type=click.Choice(LOCALES), help="In which language; default: the desk's.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def why(config: Config, reference: str, locale: str | None, as_json: bool) -> None:  # noqa: FBT001  # click's
    """Tell what happened to a ticket, step by step, and why, and what is due next."""
    number, zone = _number(config, reference), ZoneInfo(config.desk.time_zone)
    with opened(config) as store:
        steps = store.read_now(lambda tx: tell(tx, number, config, locale or config.desk.locale, zone))
    if steps is None:
        raise DeskbotError(f"there is no ticket {config.desk.prefix}-{number}")
    if as_json:
        print_json([{"at": step.at.isoformat(), "what": step.what} for step in steps])
        return
    for step in steps:
        click.echo(f"{step.when}  {step.what}")


def _state(ticket: Any) -> str:
    """Where it stands, for whom it waits, how it ended."""
    more = ticket.waiting_for if ticket.state == State.WAITING else ticket.closed_as
    return (
        f"{ticket.state} ({more})" if more and ticket.state in {State.WAITING, State.CLOSED} else ticket.state
    )


def _category(config: Config, ticket: Any) -> str:
    known = config.categories.get(ticket.category or "")
    return (known.title(config.desk.locale) if known else "") or ticket.category or ""


def _rating(survey: Any) -> str:
    if survey is None:
        return ""
    if survey.rating is None:
        return "asked"
    comment = f"  {on_line(survey.comment, 200)}" if survey.comment else ""
    return f"{survey.rating} of 5{comment}"


def _answers(config: Config, ticket: Any) -> list[tuple[str, str]]:
    """What was asked back, and what was answered."""
    asked = config.questions
    return [
        ("asked", f"{asked[key].en if key in asked else on_line(key)}  {on_line(str(said or '–'), 200)}")
        for key, said in (ticket.fields or {}).items()
    ]


def _resolution(ticket: Any) -> list[tuple[str, str]]:
    """What was done."""
    said = ticket.resolution or {}
    steps = said.get("steps") or ()
    return [
        ("cause", on_line(str(said.get("cause") or ""), 300)),
        (
            "workaround" if said.get("workaround") else "solution",
            on_line(str(said.get("solution") or ""), 300),
        ),
        ("steps", "; ".join(on_line(str(step), 100) for step in steps)),
    ]


def _due(ticket: Any) -> datetime | None:
    """What is promised next; nothing when it is done."""
    if ticket.state in {State.RESOLVED, State.CLOSED}:
        return None
    due: datetime | None = ticket.resolution_due if ticket.first_response_at else ticket.first_response_due
    return due


def _number(config: Config, reference: str) -> int:
    number = reference.upper().removeprefix(f"{config.desk.prefix}-")
    if not number.isdecimal() or len(number) > 15:
        raise DeskbotError(f"{reference}: write a ticket's number like {config.desk.prefix}-42")
    return int(number)


def _story(config: Config, reference: str) -> tuple[Story, Around]:
    number = _number(config, reference)

    def read(tx: Tx) -> tuple[Story, Around] | None:
        story = stories.story(tx, number)
        return None if story is None else (story, around(tx, story))

    with opened(config) as store:
        found = store.read_now(read)
    if found is None:
        raise DeskbotError(f"there is no ticket {config.desk.prefix}-{number}")
    return found


def _as_data(story: Story, beside: Around, config: Config) -> dict[str, Any]:
    data = {"reference": f"{config.desk.prefix}-{story.ticket.id}", **plain(story.ticket)}
    data["addresses"] = story.addresses
    data["pauses"] = [plain(row) for row in beside.pauses]
    data["survey"] = plain(beside.survey) if beside.survey else None
    for name in ("entries", "attachments", "events", "inbox", "outbox", "timers"):
        data[name] = [plain(row) for row in getattr(story, name)]
    return data
