"""Who has how much to do, and whose turn it is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.models import Person, Ticket

_OPEN = [sa.literal_column(f"'{state}'", sa.Text()) for state in ("new", "open", "waiting")]
"""Written out, so that the index over the tickets that somebody owns can be used."""
_AN_INSTANT = timedelta(microseconds=1)


def turns(tx: Tx, persons: Collection[int]) -> dict[int, datetime | None]:
    """When each of these agents was last given a ticket by itself; None: never.

    They are locked until the transaction ends, always in the same order, and only then read: two tickets that
    come at once are given one after the other, and the second sees what the first was given. What only names a
    person (a new row that refers to them) does not wait for this lock.
    """
    theirs = Person.id.in_(sorted(persons))
    if tx.dialect == "postgresql":
        tx.run(sa.select(Person.id).where(theirs).order_by(Person.id).with_for_update(key_share=True)).all()
    return {row[0]: row[1] for row in tx.run(sa.select(Person.id, Person.given_at).where(theirs))}


def loads(tx: Tx, persons: Collection[int]) -> dict[int, int]:
    """How many tickets each of these agents owns that are not done."""
    query = (
        sa.select(Ticket.owner_id, sa.func.count())
        .where(Ticket.owner_id.in_(sorted(persons)), Ticket.state.in_(_OPEN))
        .group_by(Ticket.owner_id)
    )
    return dict.fromkeys(persons, 0) | {row[0]: row[1] for row in tx.run(query)}


def gave(tx: Tx, person: int, now: datetime, others: Collection[datetime | None]) -> None:
    """It was this agent's turn: they come after all ``others`` now, also when all of it happens at once."""
    latest = max((given for given in others if given is not None), default=None)
    at = now if latest is None or latest < now else latest + _AN_INSTANT
    tx.run(sa.update(Person).where(Person.id == person).values(given_at=at))
