"""The question how satisfied people were: one row for each ticket that was ever asked about."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bot.store.dialect import insert_new
from bot.store.engine import Tx
from bot.store.models import Entry, Event, Person, Survey, Ticket

_DONE_BY_AGENTS: Final = (
    "assigned",
    "queued",
    "reply.sent",
    "note.added",
    "resolved",
    "waiting",
    "escalated",
    "priority",
    "category",
)
"""Events that only somebody who works on a ticket causes."""
_SAID_BY_AGENTS: Final = ("reply", "note")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody was asked, and what they have said."""

    ticket_id: int
    person_id: int
    asked_at: datetime
    rating: int | None
    """1 to 5."""
    comment: str
    rated_at: datetime | None
    """For the first time."""
    changed_at: datetime | None
    alarmed: bool
    """The team lead has been told of a low rating."""
    owner_id: int | None
    """Whose the ticket is now."""


_COLUMNS: Final = (*(Survey.__table__.c[name] for name in Asked.__slots__[:-1]), Ticket.owner_id)


def of_ticket(tx: Tx, ticket: int) -> Asked | None:
    """The question of a ticket; None: nobody was asked. Whoever is to change it locks the ticket first."""
    query = sa.select(*_COLUMNS).join_from(Survey, Ticket, Ticket.id == Survey.ticket_id)
    row = tx.run(query.where(Survey.ticket_id == ticket)).one_or_none()
    return Asked(*row) if row else None


def add(tx: Tx, ticket: int, person: int, now: datetime) -> bool:
    """Note that somebody is asked. False: the ticket has been asked about already (F13)."""
    new = insert_new(tx.dialect, Survey, "ticket_id").returning(Survey.id)
    values = {"ticket_id": ticket, "person_id": person, "asked_at": now, "comment": "", "alarmed": False}
    return tx.run(new, values).scalar() is not None


def asked_since(tx: Tx, person: int, since: datetime) -> bool:
    """Whether somebody was asked about any ticket after a moment. Two tickets of one person that end at the
    same time find out one after the other."""
    tx.run(sa.select(Person.id).where(Person.id == person).with_for_update(key_share=True)).all()
    query = sa.select(Survey.id).where(Survey.person_id == person, Survey.asked_at > since).limit(1)
    return tx.run(query).scalar() is not None


def rate(tx: Tx, ticket: int, rating: int, comment: str, now: datetime) -> None:
    """Keep what was said; the moment of the first rating stays."""
    tx.run(
        sa.update(Survey)
        .where(Survey.ticket_id == ticket)
        .values(
            rating=rating, comment=comment, rated_at=sa.func.coalesce(Survey.rated_at, now), changed_at=now
        )
    )


def alarm(tx: Tx, ticket: int) -> bool:
    """Note that the lead is told of a low rating. False: that has been done (once is enough)."""
    query = sa.update(Survey).where(Survey.ticket_id == ticket, Survey.alarmed.is_(False))
    return tx.run(query.values(alarmed=True)).rowcount == 1


def take_back(tx: Tx, ticket: int) -> bool:
    """Forget a question that was never sent. False: it has been answered, or there is none."""
    query = sa.delete(Survey).where(Survey.ticket_id == ticket, Survey.rated_at.is_(None))
    return tx.run(query).rowcount == 1


def has_worked(tx: Tx, ticket: int, persons: Collection[int]) -> bool:
    """Whether one of these has worked on a ticket: written as an agent, changed it, or owned it at any time."""
    said = sa.select(Entry.id).where(
        Entry.ticket_id == ticket, Entry.author_id.in_(persons), Entry.kind.in_(_SAID_BY_AGENTS)
    )
    did = sa.select(Event.id).where(
        Event.ticket_id == ticket, Event.actor_id.in_(persons), Event.action.in_(_DONE_BY_AGENTS)
    )
    owned = sa.select(Event.id).where(
        Event.ticket_id == ticket,
        Event.action == "assigned",
        Event.after["owner_id"].as_integer().in_(persons),
    )
    return any(tx.run(query.limit(1)).scalar() is not None for query in (said, did, owned))
