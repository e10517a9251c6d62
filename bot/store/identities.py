"""One-time codes, and what it means for the rows that two people are one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.message import Party
from bot.store.conversation import FOLLOWER
from bot.store.engine import Tx
from bot.store.models import Address, Entry, LinkCode, Participant, Person, Survey, Ticket


@dataclass(frozen=True, slots=True)
class Code:
    """A code that somebody asked for, and the address that it went to."""

    id: int
    medium: str
    canonical: str
    shown: str
    code_hash: str
    expires_at: datetime
    tries: int
    used_at: datetime | None


def add_code(
    tx: Tx, person: int, to: Party, canonical: str, code_hash: str, now: datetime, expires_at: datetime
) -> None:
    """Keep the hash of a code that ``person`` asked for."""
    tx.run(
        sa.insert(LinkCode).values(
            person_id=person,
            medium=to.medium,
            canonical=canonical,
            shown=to.address,
            code_hash=code_hash,
            created_at=now,
            expires_at=expires_at,
            tries=0,
        )
    )


def asked_since(tx: Tx, person: int, medium: str, canonical: str, since: datetime) -> int:
    """How many codes a person has asked for, or an address was sent, since a moment: the larger number. Two
    processes count one after the other: the person is locked."""
    tx.run(sa.select(Person.id).where(Person.id == person).with_for_update())
    by_person = sa.func.count(sa.case((LinkCode.person_id == person, 1)))
    to_address = sa.func.count(
        sa.case((sa.and_(LinkCode.medium == medium, LinkCode.canonical == canonical), 1))
    )
    asked, sent = tx.run(sa.select(by_person, to_address).where(LinkCode.created_at > since)).one()
    return max(int(asked), int(sent))


def codes_of(tx: Tx, person: int, most: int = 20) -> list[Code]:
    """The codes that a person asked for, newest first, locked until the transaction ends."""
    columns = [LinkCode.__table__.c[name] for name in Code.__slots__]
    rows = tx.run(
        sa.select(*columns)
        .where(LinkCode.person_id == person)
        .order_by(LinkCode.id.desc())
        .limit(most)
        .with_for_update()
    )
    return [Code(*row) for row in rows]


def missed(tx: Tx, codes: Collection[int]) -> None:
    """A wrong code was brought: it counts against each that it might have been meant for."""
    tx.run(sa.update(LinkCode).where(LinkCode.id.in_(codes)).values(tries=LinkCode.tries + 1))


def used(tx: Tx, code: int, now: datetime) -> None:
    """A code has done its work."""
    tx.run(sa.update(LinkCode).where(LinkCode.id == code).values(used_at=now))


def forget_codes(tx: Tx, before: datetime, limit: int) -> int:
    """Delete codes that were over before a moment (L3)."""
    old = sa.select(LinkCode.id).where(LinkCode.expires_at < before).limit(limit)
    return tx.run(sa.delete(LinkCode).where(LinkCode.id.in_(old))).rowcount


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a person may become one with another."""

    id: int
    agent: str | None
    lives: bool
    """Neither erased nor part of somebody else."""


def standing(tx: Tx, *persons: int) -> dict[int, Standing]:
    """How people stand, locked, always in the same order, until the transaction ends."""
    lives = sa.and_(Person.erased_at.is_(None), Person.merged_into_id.is_(None))
    query = sa.select(Person.id, Person.agent, lives).where(Person.id.in_(persons)).order_by(Person.id)
    return {row[0]: Standing(row[0], row[1], bool(row[2])) for row in tx.run(query.with_for_update())}


def merge(tx: Tx, kept: int, other: int) -> list[int]:
    """All that is ``other``'s becomes ``kept``'s. Returns the tickets that are another's now."""
    theirs = sa.or_(Ticket.requester_id == other, Ticket.owner_id == other)
    touched = list(tx.run(sa.select(Ticket.id).where(theirs).order_by(Ticket.id)).scalars())
    _merge_participants(tx, kept, other)
    for column in (
        Address.person_id,
        Ticket.requester_id,
        Ticket.owner_id,
        Entry.author_id,
        Survey.person_id,
        Person.merged_into_id,
    ):
        tx.run(sa.update(column.class_).where(column == other).values({column.key: kept}))
    tx.run(sa.delete(LinkCode).where(LinkCode.person_id == other))
    known = {
        row.id: row
        for row in tx.run(sa.select(*Person.__table__.c).where(Person.id.in_([kept, other]))).all()
    }
    filled = {
        name: getattr(known[other], name)
        for name in ("name", "locale", "time_zone", "department", "phone")
        if not getattr(known[kept], name) and getattr(known[other], name)
    }
    if filled:
        tx.run(sa.update(Person).where(Person.id == kept).values(filled))
    tx.run(sa.update(Person).where(Person.id == other).values(merged_into_id=kept))
    return touched


def _merge_participants(tx: Tx, kept: int, other: int) -> None:
    """Who takes part twice takes part once, with the more of the two roles."""
    tickets = sa.select(Participant.ticket_id)
    follows = tickets.where(Participant.person_id == other, Participant.role == FOLLOWER)
    mine = sa.update(Participant).where(Participant.person_id == kept)
    tx.run(mine.where(Participant.ticket_id.in_(follows)).values(role=FOLLOWER))
    twice = list(tx.run(tickets.where(Participant.person_id == kept)).scalars())
    theirs = Participant.person_id == other
    for start in range(0, len(twice), 500):
        some = twice[start : start + 500]
        tx.run(sa.delete(Participant).where(theirs, Participant.ticket_id.in_(some)))
    tx.run(sa.update(Participant).where(theirs).values(person_id=kept))
