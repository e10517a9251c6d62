"""What somebody was last asked in a chat, and by which message of ours; which of their requests have ended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from bot.store.dialect import word
from bot.store.engine import Tx
from bot.store.models import Outbox, OutboxState, Ticket


@dataclass(frozen=True, slots=True)
class Told:
    """A message of ours."""

    ticket: int
    event: str
    values: dict[str, Any]
    """Of its notice."""
    arrived_at: datetime | None
    """None: it is not there yet, or never will be."""
    below: str
    """The external id of the message that it answers; empty: it stands alone in their own conversation."""


def last_told(tx: Tx, address: str, since: datetime, but: Collection[str] = ()) -> Told | None:
    """What was last written to somebody since a moment, other than some events; arrived or not."""
    query = sa.select(Outbox.ticket_id, Outbox.event, Outbox.message, Outbox.state, Outbox.finished_at).where(
        Outbox.recipient == address, Outbox.created_at > since, Outbox.event.not_in(sorted(but))
    )
    row = tx.run(query.order_by(Outbox.id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    arrived = row.finished_at if row.state == OutboxState.SENT else None
    told = msgspec.json.decode(row.message)
    return Told(row.ticket_id or 0, row.event, told["notice"]["values"], arrived, told["thread"]["answers"])


def told_by(tx: Tx, ticket: int, event: str, reference: str) -> dict[str, Any] | None:
    """The values of the message about a ticket which its service calls by a name; None: it is another one."""
    query = sa.select(Outbox.message).where(
        Outbox.ticket_id == ticket,
        Outbox.event == event,
        Outbox.state == word(OutboxState.SENT),
        Outbox.result == reference,
    )
    text = tx.run(query.limit(1)).scalar()
    return _values(text) if text else None


def ended(tx: Tx, person: int, since: datetime, most: int) -> list[tuple[int, str]]:
    """A person's own requests that are done, or were closed since a moment: number and subject, the one that
    ended last first."""
    done_at = sa.func.coalesce(Ticket.closed_at, Ticket.resolved_at)
    query = sa.select(Ticket.id, Ticket.subject).where(
        Ticket.requester_id == person,
        Ticket.merged_into_id.is_(None),
        sa.or_(
            Ticket.state == "resolved",
            sa.and_(Ticket.state == "closed", Ticket.closed_at >= since, Ticket.closed_as != "spam"),
        ),
    )
    return [
        (row.id, row.subject) for row in tx.run(query.order_by(done_at.desc(), Ticket.id.desc()).limit(most))
    ]


def _values(text: str) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.json.decode(text)["notice"]["values"]
    return values
