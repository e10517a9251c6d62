"""``deskbot people``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zoneinfo import ZoneInfo

import click

from bot import clock
from bot.cli.output import in_lines, moment, on_line, opened, plain, print_json, print_table
from bot.config import Config
from bot.desk.desk import Desk
from bot.errors import DeskbotError
from bot.message import EMAIL
from bot.store import people
from bot.store.engine import AnyRow, Store

if TYPE_CHECKING:
    from bot.desk.directory import Report

_BATCH = 200
_MOST_OCTETS = 200 * 1024 * 1024
_MOST_FAULTS = 200
"""Told one by one."""


@click.group("people")
def command() -> None:
    """People whom the desk knows: bring them in, look at them, hand over or erase what it holds of them."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only tell what would become of each row.")
@click.option(
    "--replace", is_flag=True, help="Language and time zone count also where a person has some already."
)
@click.pass_obj
def import_(config: Config, file: Path, dry_run: bool, replace: bool) -> None:  # noqa: FBT001  # click's
    """Bring in the people of FILE, a CSV file whose first line names the columns.

    Columns: name, address, language, time zone, department, phone, in any order, named in English, Italian or
    Chinese. Several addresses of one person stand in one field with a space between them; slack:U0123 and
    telegram:42 are addresses too. A file can be brought in again: what is known already changes nothing.
    """
    size = file.stat().st_size
    if size > _MOST_OCTETS:
        raise DeskbotError(f"{file}: larger than {_MOST_OCTETS // 1024**2} MB: split it")
    with opened(config) as store, file.open("rb") as stream:
        report, unknown = _bring_in(
            store, _desk(config, store), stream, size, dry_run=dry_run, replace=replace
        )
    for fault in report.faults[:_MOST_FAULTS]:
        click.echo(f"line {fault.line}: {on_line(fault.words, 400)}")
    if len(report.faults) > _MOST_FAULTS:
        click.echo(f"... and {len(report.faults) - _MOST_FAULTS} more such lines")
    if unknown:
        click.echo(f"columns that nobody reads: {', '.join(on_line(head, 40) for head in unknown[:50])}")
    would = "would be " if dry_run else ""
    for number, words in (
        (report.new, f"people {would}new"),
        (report.changed, f"people {would}changed"),
        (report.same, "people known so already"),
        (len(report.faults), f"rows {would}left out"),
    ):
        click.echo(f"{number:8} {words}")
    if report.faults:
        raise SystemExit(1)


def _bring_in(
    store: Store, desk: Desk, stream: BinaryIO, size: int, *, dry_run: bool, replace: bool
) -> tuple[Report, tuple[str, ...]]:
    from bot.desk.directory import Import
    from bot.desk.directory_file import PeopleFile

    run = Import(desk, replace=replace, dry_run=dry_run)
    rows = PeopleFile(stream)
    with click.progressbar(length=size, label="Reading", file=sys.stderr) as bar:
        told = 0
        for batch in _batches(rows):
            unit = partial(run.take, rows=batch, now=clock.now())
            run.keep(store.read_now(unit) if dry_run else store.write_now(unit))
            bar.update(rows.octets - told)
            told = rows.octets
    return run.report, rows.unknown


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    every = iter(rows)
    while batch := list(islice(every, _BATCH)):
        yield batch


@command.command("list")
@click.option("--find", "words", default="", help="Words that stand in name, address, department or phone.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_(config: Config, words: str, limit: int, as_json: bool) -> None:  # noqa: FBT001  # click's
    """List people, those known last first."""
    with opened(config) as store:
        rows = store.read_now(
            lambda tx: [(row, people.addresses_of(tx, row.id)) for row in people.found(tx, words, limit)]
        )
    if as_json:
        print_json([{**plain(row), "addresses": [_shown(a) for a in addresses]} for row, addresses in rows])
        return
    print_table(
        [
            {
                "ID": row.id,
                "NAME": on_line(row.name, 30),
                "ADDRESSES": on_line(" ".join(_shown(a) for a in addresses), 60),
                "DEPARTMENT": on_line(row.department, 24),
                "PHONE": on_line(row.phone, 20),
            }
            for row, addresses in rows
        ],
        empty="There is nobody like that." if words else "The desk knows nobody yet.",
    )


@command.command("show")
@click.argument("who")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def show(config: Config, who: str, as_json: bool) -> None:  # noqa: FBT001  # click's
    """Show one person: WHO is a number of the list, or an address."""
    with opened(config) as store:
        person, addresses, tickets = store.read_now(lambda tx: _all_of(tx, who))
    if as_json:
        print_json(
            {
                **plain(person),
                "addresses": [_shown(a) for a in addresses],
                "tickets": [{"reference": f"{config.desk.prefix}-{t.id}", **plain(t)} for t in tickets],
            }
        )
        return
    zone = ZoneInfo(config.desk.time_zone)
    click.echo(f"{person.id}  {on_line(person.name, 200)}")
    for name, value in (
        ("addresses", " ".join(on_line(_shown(a), 330) for a in addresses)),
        ("language", person.locale),
        ("time zone", person.time_zone),
        ("department", on_line(person.department, 200)),
        ("phone", on_line(person.phone, 64)),
        ("agent", person.agent and on_line(person.agent)),
        ("known since", moment(person.created_at, zone)),
        ("part of", person.merged_into_id and str(person.merged_into_id)),
        ("erased", moment(person.erased_at, zone)),
    ):
        if value:
            click.echo(f"  {name:12} {in_lines(value)}")
    for ticket in tickets:
        when = moment(ticket.opened_at, zone)
        name = f"{config.desk.prefix}-{ticket.id}"
        click.echo(f"  {name:12} {when}  {ticket.state:9} {ticket.priority:3} {on_line(ticket.subject)}")


def _all_of(tx: Any, who: str) -> tuple[AnyRow, list[AnyRow], list[AnyRow]]:
    number = _number(tx, who)
    person = people.one(tx, number)
    if person is None:
        raise DeskbotError(f"{who}: the desk knows nobody by that number")
    return person, people.addresses_of(tx, number), people.tickets_of(tx, number, 200)


def _number(tx: Any, who: str) -> int:
    """Whom a number or an address means. Raises ``DeskbotError``."""
    from bot.desk.as_written import read_address

    if who.isascii() and who.isdecimal() and len(who) < 16:
        return int(who)
    address = read_address(who)
    if address is None:
        raise DeskbotError(f"{who}: write a number of `deskbot people list`, or an address")
    one = people.find(tx, address.medium, address.canonical)
    if one is None:
        raise DeskbotError(f"{who}: the desk knows nobody with that address")
    return one.id


def _shown(address: AnyRow) -> str:
    return str(address.shown if address.medium == EMAIL else f"{address.medium}:{address.shown}")


def _desk(config: Config, store: Store) -> Desk:
    from bot.premises import signing_key

    return Desk.from_config(config, signing_key(config, embedded=store.embedded))


@command.command("export")
@click.argument("who")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to; default: person-N.zip here."
)
@click.option("--with-notes", is_flag=True, help="With what agents wrote for each other.")
@click.pass_obj
def export(config: Config, who: str, out: Path | None, with_notes: bool) -> None:  # noqa: FBT001  # click's
    """Hand over all that the desk holds of a person, as a zip."""
    from bot.desk.personal_copy import PersonalCopy
    from bot.store.blobs import open_blobs

    with opened(config) as store:
        person = store.read_now(lambda tx: _number(tx, who))
        target = out or Path(f"person-{person}.zip")
        if target.exists():
            raise DeskbotError(f"{target} is there already: name another with --out")
        blobs = open_blobs(config.store.blobs or str(config.desk.data / "blobs"))
        aside = target.with_name(f".{target.name}.{os.getpid()}")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                copy = PersonalCopy(store, blobs, config, notes=with_notes)
                held = copy.write(person, stream, clock.now())
            aside.rename(target)
        finally:
            aside.unlink(missing_ok=True)
    click.echo(f"{target}: {held.tickets} tickets, {held.files} attachments, {held.mails} mails")
    if held.missing:
        click.echo(f"{held.missing} attachments could not be read; the README inside names them")


@command.command("erase")
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do it: nothing of it can be brought back.")
@click.pass_obj
def erase(config: Config, who: str, yes: bool) -> None:  # noqa: FBT001  # click's
    """Take out all that tells of a person: words, files, mails, names, addresses.

    States, times and ratings stay as figures. It can be run again when it was broken off. Copies in your
    backups are yours to deal with: see docs/operate.md.
    """
    from bot.desk.erasure import Erasure
    from bot.store.blobs import open_blobs

    with opened(config) as store:
        person = store.read_now(lambda tx: _number(tx, who))
        blobs = open_blobs(config.store.blobs or str(config.desk.data / "blobs"))
        erasure = Erasure(store, blobs, _desk(config, store))
        erasure.see_possible(person)
        if not yes:
            raise DeskbotError("nothing was done: this cannot be undone; say --yes when you mean it")
        done = erasure.run(person)
    click.echo(
        f"erased: {done.tickets} tickets, {done.entries} messages, {done.files} attachments, {done.mails} mails"
    )
    if done.later:
        click.echo(f"{done.later} files that came just now are taken out by the running desk within a day")
