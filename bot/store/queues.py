"""What agents look at: the open tickets of a team, of an agent or of a requester, and who a requester is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from bot.store.engine import Tx
from bot.store.models import Address, Person, Ticket

_OPEN = ("new", "open", "waiting")


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A ticket as a list shows it."""

    id: int
    subject: str
    state: str
    priority: str
    owner: str
    due: datetime | None
    """Before when a person answers, or when that has been done, before when it is solved."""
    who: str


def first_address() -> sa.ScalarSelect[str]:
    """The address by which a row's person was first known."""
    mine = sa.select(Address.shown).where(Address.person_id == Person.id)
    return mine.order_by(Address.id).limit(1).scalar_subquery()


def open_tickets(
    tx: Tx,
    limit: int,
    *,
    queues: Collection[str] | None = None,
    owner: int | None = None,
    requester: int | None = None,
) -> tuple[list[OpenTicket], int]:
    """Up to ``limit`` open tickets, oldest due first, and how many there are in all."""
    wanted: list[sa.ColumnElement[bool]] = [Ticket.state.in_(_OPEN)]
    if queues is not None:
        wanted.append(Ticket.queue.in_(queues))
    if owner is not None:
        wanted.append(Ticket.owner_id == owner)
    if requester is not None:
        wanted.append(Ticket.requester_id == requester)
    rows = [OpenTicket(*row) for row in tx.run(_by_due(wanted).limit(limit))]
    if len(rows) < limit:
        return rows, len(rows)
    return rows, int(tx.run(sa.select(sa.func.count()).select_from(Ticket).where(*wanted)).scalar_one())


def _by_due(wanted: list[sa.ColumnElement[bool]]) -> sa.Select[tuple[Any, ...]]:
    """What is told of each ticket, in the order of ``OpenTicket``, oldest due first."""
    agent = aliased(Person)
    due = sa.case(
        (Ticket.first_response_at.is_(None), Ticket.first_response_due), else_=Ticket.resolution_due
    )
    return (
        sa.select(
            Ticket.id,
            Ticket.subject,
            Ticket.state,
            Ticket.priority,
            sa.func.coalesce(agent.name, ""),
            due,
            sa.func.coalesce(sa.func.nullif(Person.name, ""), first_address(), ""),
        )
        .join(Person, Person.id == Ticket.requester_id)
        .join(agent, agent.id == Ticket.owner_id, isouter=True)
        .where(*wanted)
        .order_by(due.is_(None), due, Ticket.id)
    )


@dataclass(frozen=True, slots=True)
class Card:
    """A requester, as an agent needs to know them."""

    name: str
    address: str
    department: str
    phone: str


def card(tx: Tx, person: int) -> Card:
    """Who somebody is, and how they are reached."""
    address = sa.select(Address.shown).where(Address.person_id == person).order_by(Address.id).limit(1)
    row = tx.run(
        sa.select(Person.name, address.scalar_subquery(), Person.department, Person.phone).where(
            Person.id == person
        )
    ).one_or_none()
    return Card(*(value or "" for value in row)) if row else Card("", "", "", "")
