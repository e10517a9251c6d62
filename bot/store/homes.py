"""What somebody sees of their tickets when they open the desk's home in a chat program."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.models import Ticket
from bot.store.queues import OpenTicket, open_tickets

MOST: Final = 10


@dataclass(frozen=True, slots=True)
class OwnTicket:
    """A ticket as its requester may see it: nothing from the agents' side."""

    id: int
    subject: str
    state: str
    promised_at: datetime | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Agents:
    """What an agent sees: each list with how many there are in all."""

    mine: list[OpenTicket]
    mine_in_all: int
    team: list[OpenTicket]
    """Those of the teams that nobody has taken."""
    team_in_all: int
    soon: list[OpenTicket]


def own(tx: Tx, person: int, limit: int = MOST) -> list[OwnTicket]:
    """The open tickets that somebody has asked for, newest first."""
    query = (
        sa.select(Ticket.id, Ticket.subject, Ticket.state, Ticket.promised_at, Ticket.opened_at)
        .where(Ticket.requester_id == person, Ticket.state.in_(("new", "open", "waiting")))
        .order_by(Ticket.id.desc())
        .limit(limit)
    )
    return [OwnTicket(*row) for row in tx.run(query)]


def agents(tx: Tx, person: int, queues: Collection[str], until: datetime, limit: int = MOST) -> Agents:
    """An agent's own tickets, what waits in their teams, and what is due before ``until`` there."""
    mine, mine_in_all = open_tickets(tx, limit, owner=person)
    team, team_in_all = open_tickets(tx, limit * 5, queues=queues)
    waiting = [one for one in team if not one.owner]
    soon = [one for one in team if one.due is not None and one.due <= until]
    return Agents(mine, mine_in_all, waiting[:limit], team_in_all, soon[:limit])
