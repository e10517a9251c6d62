"""Mail from the past, kept in one transaction with what was made of it.

It never waits in the inbox, so no loop ever takes it for new.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.message import Payload
from bot.store import inbox
from bot.store.engine import Tx
from bot.store.models import Inbox, InboxState, Ticket


@dataclass(frozen=True, slots=True)
class Kept:
    """A payload's row. ``ticket``: what it belongs to, when it was known before."""

    id: int
    new: bool
    ticket: int | None


def keep(tx: Tx, payload: Payload) -> Kept:
    """Keep a payload, or find the row of the same one."""
    new = inbox.add(tx, payload)
    row = tx.run(sa.select(Inbox.id, Inbox.ticket_id).where(Inbox.key == payload.key)).one()
    return Kept(row.id, new, row.ticket_id)


def settle(tx: Tx, inbox_id: int, outcome: str, reason: str, ticket: int | None) -> None:
    """What became of it."""
    tx.run(
        sa.update(Inbox)
        .where(Inbox.id == inbox_id)
        .values(
            state=InboxState.DONE, outcome=outcome, reason=reason, ticket_id=ticket, finished_at=tx.clock()
        )
    )


def close(tx: Tx, ticket: int, at: datetime) -> None:
    """The ticket ended with what was last said in it, and nothing is due."""
    tx.run(
        sa.update(Ticket)
        .where(Ticket.id == ticket)
        .values(updated_at=at, resolved_at=at, closed_at=at, first_response_due=None, resolution_due=None)
    )


def is_closed_since_before(tx: Tx, ticket: int) -> bool:
    """Whether nothing has happened to a ticket since it was brought in."""
    row = tx.run(sa.select(Ticket.updated_at, Ticket.closed_at).where(Ticket.id == ticket)).one_or_none()
    return row is not None and row.closed_at is not None and row.updated_at == row.closed_at
