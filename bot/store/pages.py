"""What the pages show of a ticket: read only, bounded in rows and in time, so that no page holds up intake.

A requester sees their own words, the words of those who follow the ticket, and what agents have answered. Who
follows it sees the answers since they do, and their own words. Notes, words of machines and words of strangers
are never read here (D15).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from bot.store.conversation import FOLLOWER
from bot.store.engine import Tx
from bot.store.models import Address, Entry, Inbox, Participant, Person, Survey, Ticket

SECONDS: Final = 2.0
"""For so long a page may read."""
MOST_SAID: Final = 200
LONGEST: Final = 20_000
"""Characters of one thing said; the page says that there is more in the mail."""
_MOST_STEPS: Final = 10
_INSTRUCTIONS: Final = 20_000
"""Of SQLite's machine, between two looks at the clock: a few milliseconds."""


@contextmanager
def briefly(tx: Tx, seconds: float = SECONDS) -> Iterator[None]:
    """Let the database give up what takes longer (K12); the caller gets a ``StoreError``."""
    if tx.dialect == "postgresql":
        tx.run(sa.text(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
        yield
        return
    ends = monotonic() + seconds
    tx.driver.set_progress_handler(lambda: monotonic() > ends, _INSTRUCTIONS)
    try:
        yield
    finally:
        tx.driver.set_progress_handler(None, 0)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who opens a page."""

    id: int
    name: str
    locale: str | None
    time_zone: str | None
    agent: str | None
    """Their name in the configuration, when they are, or were, an agent."""
    medium: str
    address: str
    """As the person writes it: the one known longest."""


def viewer(tx: Tx, person: int) -> Viewer | None:
    """The person of that number, or whom they have proved to be. None: unknown, erased or unreachable."""
    columns = (Person.id, Person.name, Person.locale, Person.time_zone, Person.agent)
    for _ in range(_MOST_STEPS):
        query = sa.select(*columns, Person.merged_into_id, Person.erased_at).where(Person.id == person)
        row = tx.run(query).one_or_none()
        if row is None or row.erased_at is not None:
            return None
        if row.merged_into_id is None:
            break
        person = row.merged_into_id
    else:
        return None
    reached = tx.run(
        sa.select(Address.medium, Address.shown)
        .where(Address.person_id == person)
        .order_by(Address.id)
        .limit(1)
    ).one_or_none()
    return Viewer(*row[:5], *reached) if reached else None


@dataclass(frozen=True, slots=True)
class Shown:
    """A ticket as its requester may see it."""

    id: int
    subject: str
    state: str
    queue: str
    locale: str
    requester_id: int
    owner_id: int | None
    waiting_for: str | None
    opened_at: datetime
    first_response_at: datetime | None
    promised_at: datetime | None
    fix_expected_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    closed_as: str | None
    merged_into_id: int | None
    owner: str
    """The name of whom it is with; empty when nobody has taken it."""


def ticket(tx: Tx, number: int) -> Shown | None:
    """The ticket of that number, or the one that it was merged into."""
    owner = aliased(Person)
    columns = [Ticket.__table__.c[name] for name in Shown.__slots__ if name != "owner"]
    query = sa.select(*columns, sa.func.coalesce(owner.name, "")).join(
        owner, owner.id == Ticket.owner_id, isouter=True
    )
    for _ in range(_MOST_STEPS):
        row = tx.run(query.where(Ticket.id == number)).one_or_none()
        if row is None:
            return None
        found = Shown(*row)
        if found.merged_into_id is None:
            return found
        number = found.merged_into_id
    return None


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said."""

    id: int
    author_id: int | None
    who: str
    kind: str
    text: str
    length: int
    """Of the whole text, of which ``text`` is the beginning."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Seat:
    """As whom somebody looks at a ticket."""

    person: int
    since: datetime | None = None
    """From when on they follow it; None: it is their own."""


def seat(tx: Tx, shown: Shown, person: int) -> Seat | None:
    """Where somebody has a part in the ticket now; None: nowhere (D12)."""
    if shown.requester_id == person:
        return Seat(person)
    follows = sa.select(Participant.created_at).where(
        Participant.ticket_id == shown.id, Participant.person_id == person, Participant.role == FOLLOWER
    )
    since = tx.run(follows).scalar_one_or_none()
    return Seat(person, since) if since else None


def may_be_seen(requester: int, seat: Seat | None = None) -> sa.ColumnElement[bool]:
    """Which entries may be seen, by default by the requester of a ticket: a closed list, so that a new kind is
    hidden (D15). What was said before somebody followed is not for them (D4)."""
    if seat is not None and seat.since is not None:
        own = sa.and_(Entry.kind == "message", Entry.author_id == seat.person)
        return sa.or_(own, sa.and_(Entry.kind == "reply", Entry.created_at >= seat.since))
    follows = sa.select(Participant.person_id).where(
        Participant.ticket_id == Entry.ticket_id, Participant.role == FOLLOWER
    )
    theirs = sa.or_(Entry.author_id == requester, Entry.author_id.in_(follows))
    return sa.or_(Entry.kind == "reply", sa.and_(Entry.kind == "message", theirs))


def said_in(tx: Tx, shown: Shown, most: int = MOST_SAID, seat: Seat | None = None) -> list[Said]:
    """The latest of what was said, oldest first."""
    rows = tx.run(
        sa.select(
            Entry.id,
            Entry.author_id,
            sa.func.coalesce(Person.name, ""),
            Entry.kind,
            sa.func.substr(Entry.text, 1, LONGEST),
            sa.func.length(Entry.text),
            Entry.created_at,
        )
        .join(Person, Person.id == Entry.author_id, isouter=True)
        .where(Entry.ticket_id == shown.id, may_be_seen(shown.requester_id, seat))
        .order_by(Entry.id.desc())
        .limit(most)
    )
    return [Said(*row) for row in reversed(rows.all())]


@dataclass(frozen=True, slots=True)
class Asked:
    """The question how satisfied somebody was, and their answer."""

    person_id: int
    rating: int | None
    comment: str
    rated_at: datetime | None


def survey(tx: Tx, number: int) -> Asked | None:
    """The survey of a ticket."""
    columns: tuple[Any, ...] = (Survey.person_id, Survey.rating, Survey.comment, Survey.rated_at)
    row = tx.run(sa.select(*columns).where(Survey.ticket_id == number)).one_or_none()
    return Asked(*row) if row else None


def became(tx: Tx, key: str) -> tuple[str, str] | None:
    """What became of a form, and why, by the key of its payload; None: not yet anything."""
    row = tx.run(sa.select(Inbox.outcome, Inbox.reason).where(Inbox.key == key)).one_or_none()
    return (row.outcome, row.reason or "") if row and row.outcome else None
