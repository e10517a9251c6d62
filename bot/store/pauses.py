"""When a ticket's clock stood still. A ticket has at most one pause that runs; the database holds it.

Two pauses of a ticket never overlap and none is negative, also when a clock was set back between (X18): a
pause begins where the last one ended at the earliest, and ends where it began.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.store.engine import Tx
from bot.store.models import Pause

Stretch = tuple[datetime, datetime | None]
"""From when to when; None: it stands still now."""


def begin(tx: Tx, ticket: int, now: datetime, reason: str) -> bool:
    """The clock stops. False: it stands still already."""
    stretches = of(tx, ticket)
    last = stretches[-1][1] if stretches else now
    if last is None:
        return False
    values = {"ticket_id": ticket, "began_at": max(now, last), "reason": reason}
    tx.run(sa.insert(Pause).values(values))
    return True


def end(tx: Tx, ticket: int, now: datetime) -> bool:
    """The clock goes on. False: it was going."""
    running = sa.select(Pause.id, Pause.began_at).where(Pause.ticket_id == ticket, Pause.ended_at.is_(None))
    row = tx.run(running).one_or_none()
    if row is None:
        return False
    tx.run(sa.update(Pause).where(Pause.id == row.id).values(ended_at=max(now, row.began_at)))
    return True


def of(tx: Tx, ticket: int) -> list[Stretch]:
    """All pauses of a ticket, in order."""
    return of_all(tx, (ticket,)).get(ticket, [])


def of_all(tx: Tx, tickets: Collection[int]) -> dict[int, list[Stretch]]:
    """The pauses of those tickets that had any, in order."""
    found: dict[int, list[Stretch]] = {}
    query = sa.select(Pause.ticket_id, Pause.began_at, Pause.ended_at).where(Pause.ticket_id.in_(tickets))
    for ticket, began, ended in tx.run(query.order_by(Pause.ticket_id, Pause.id)):
        found.setdefault(ticket, []).append((began, ended))
    return found
