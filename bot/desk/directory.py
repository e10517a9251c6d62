"""Known people, brought in from a list: who they are is the list's word, that two are one is not.

A row whose addresses belong to two people of the desk is refused and told: only they can prove that they are
one (``identities``). Bringing a list in twice changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.desk import tombstones
from bot.desk.as_written import KnownAddress
from bot.desk.desk import Desk
from bot.desk.directory_file import Fault, Row
from bot.message import EMAIL, Party
from bot.store import people
from bot.store.engine import Tx
from bot.store.people import Identity

Key = tuple[str, str]
"""Medium and canonical address."""


@dataclass(slots=True)
class Report:
    """What became of a list."""

    new: int = 0
    changed: int = 0
    same: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.new + self.changed + self.same + len(self.faults)


class Import:
    """One run over one list."""

    def __init__(self, desk: Desk, *, replace: bool = False, dry_run: bool = False) -> None:
        """``replace``: the list's language and time zone count also where a person has some already, which may be
        their own words. ``dry_run``: nothing is written."""
        self._desk = desk
        self._replace = replace
        self._dry_run = dry_run
        self._line_of: dict[Key, int] = {}
        self.report = Report()

    def take(self, tx: Tx, rows: Sequence[Row | Fault], now: datetime) -> tuple[Report, dict[Key, int]]:
        """What becomes of some rows, in one transaction. Nothing is remembered before :meth:`keep`, so that a
        transaction may run again."""
        report, lines = Report(), dict[Key, int]()
        keys = [(a.medium, a.canonical) for row in rows if isinstance(row, Row) for a in row.addresses]
        known = {(one.medium, one.canonical): one for one in people.identities(tx, keys)}
        gone = tombstones.erased_among(tx, keys, self._desk)
        for row in rows:
            wrong = row.words if isinstance(row, Fault) else self._wrong(row, known, gone, lines)
            if isinstance(row, Fault) or wrong:
                report.faults.append(Fault(row.line, wrong or ""))
                continue
            lines.update({(a.medium, a.canonical): row.line for a in row.addresses})
            self._write(tx, row, known, report, now)
        return report, lines

    def keep(self, taken: tuple[Report, dict[Key, int]]) -> None:
        """Add to the report what has been committed."""
        report, lines = taken
        self._line_of |= lines
        self.report.new += report.new
        self.report.changed += report.changed
        self.report.same += report.same
        self.report.faults += report.faults

    def _wrong(
        self, row: Row, known: Mapping[Key, Identity], gone: Collection[Key], lines: Mapping[Key, int]
    ) -> str | None:
        """Why a row is left out, and what to write."""
        owners: dict[int, str] = {}
        for address in row.addresses:
            key = (address.medium, address.canonical)
            line = self._line_of.get(key) or lines.get(key)
            if line:
                return f"{address.shown} stands in line {line} already: one line for each person"
            if address.medium == EMAIL and self._desk.is_own(address.canonical):
                return f"{address.shown} is the desk's own address: take it out"
            one = known.get(key)
            if self._is_an_agents(address) or (one and one.agent):
                return f"{address.shown} is an agent's: agents are written into the configuration"
            if key in gone:
                return f"{address.shown} belongs to somebody who was erased: take the line out"
            if one:
                owners.setdefault(one.person, address.shown)
        if len(owners) > 1:
            first, second = list(owners.values())[:2]
            return (
                f"{first} and {second} belong to two people for the desk: write a line for each; if they are one "
                f"person, they can prove it by writing 'link {second}' from {first}"
            )
        return None

    def _is_an_agents(self, address: KnownAddress) -> bool:
        roster = self._desk.roster
        if address.medium != EMAIL:
            return (address.medium, address.canonical) in roster.elsewhere
        return address.canonical in roster.by_address

    def _write(self, tx: Tx, row: Row, known: Mapping[Key, Identity], report: Report, now: datetime) -> None:
        one = next(
            (known[a.medium, a.canonical] for a in row.addresses if (a.medium, a.canonical) in known), None
        )
        missing = [a for a in row.addresses if (a.medium, a.canonical) not in known]
        values = self._values(row, one)
        if one is None:
            report.new += 1
        elif values or missing:
            report.changed += 1
        else:
            report.same += 1
        if self._dry_run or (one is not None and not values and not missing):
            return
        if one is None:
            first = missing.pop(0)
            person = people.add(tx, Party(first.medium, first.shown, row.name), first.canonical, now).id
        else:
            person = one.person
        if values:
            people.change(tx, person, **values)
        for address in missing:
            people.give_address(tx, person, Party(address.medium, address.shown), address.canonical)

    def _values(self, row: Row, one: Identity | None) -> dict[str, Any]:
        """What the row says that is not known so. An empty field says nothing; a person's own language and zone
        stand."""
        values: dict[str, Any] = {}
        for name in ("name", "department", "phone", "locale", "time_zone"):
            said = getattr(row, name)
            stands = getattr(one, name) if one else None
            theirs = name in {"locale", "time_zone"} and stands and not self._replace
            if said and said != stands and not theirs:
                values[name] = said
        return values
