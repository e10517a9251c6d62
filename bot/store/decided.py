"""What people of the desk have decided about a ticket with their own hands."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.models import Event, Ticket

_PRIORITY: Final = ("priority", "impact", "urgency", "major")
"""Events by which somebody sets how soon a ticket is due."""


def priority(tx: Tx, ticket: int) -> bool:
    """Whether somebody other than the requester has set the priority, or what makes it."""
    query = sa.select(Event.id).join(Ticket, Ticket.id == Event.ticket_id)
    by_hand = Event.actor_id.is_not(None), Event.actor_id != Ticket.requester_id
    found = tx.run(query.where(Event.ticket_id == ticket, Event.action.in_(_PRIORITY), *by_hand).limit(1))
    return found.scalar() is not None
